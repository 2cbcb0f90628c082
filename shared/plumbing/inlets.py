"""Where records come in: lifecycle events in sequence, and personal data by latest version."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import structlog
from pydantic import ValidationError

from contracts import topics
from contracts.decision import ParticularsArrived, ParticularsErased, State
from contracts.envelope import Cause, sha256
from contracts.particulars import Particulars, ParticularsRecord
from plumbing import cursors
from plumbing.accesses.opening import Opening, opening
from plumbing.accesses.rows import by_service
from plumbing.applying import Item, Part, apply_facts, lock
from plumbing.database import Conn
from plumbing.deadletters import Dead, bury
from plumbing.leases import BLANK
from plumbing.sealing import KeyRing, Sealed, UnknownKey, Unsealable, particulars_purpose
from plumbing.sequencing import Arrived, Cursor, Record, Unreadable, claims_to_be_ours, read, sort

log = structlog.get_logger()
S = TypeVar("S", bound=State)

#: After a tombstone no version may come back to life.
ERASED = 2**31 - 1
PARTICULARS = "particulars"


@dataclass(frozen=True)
class Settled:
    """What became of the records of one transaction, by outcome.

    `suspect` are those of the dead that our own services seem to have written.
    """

    applied: int = 0
    duplicate: int = 0
    parked: int = 0
    dead: int = 0
    suspect: int = 0


#: Does all database work for the records; the caller's transaction commits it with the offset.
Settle = Callable[[Conn, Sequence[Record], datetime], Awaitable[Settled]]


@dataclass(frozen=True)
class LifecycleInlet(Generic[S]):
    """Applies the lifecycle events of other services, each dossier's in sequence."""

    part: Part[S]
    keys: KeyRing

    async def __call__(self, conn: Conn, records: Sequence[Record], now: datetime) -> Settled:
        """Settle the records; raises whatever a rule raises, with nothing written."""
        read_records = [read(record) for record in records]
        arrived = [one for one in read_records if isinstance(one, Arrived)]
        unreadable = [one for one in read_records if isinstance(one, Unreadable)]
        dead = [Dead(one.record, one.reason, one.problems) for one in unreadable]
        settled, broken = Settled(), set[tuple[str, int, int]]()
        if arrived:
            settled, broken = await self._apply(conn, arrived, now)
        dead += [
            Dead(record, "chain_broken")
            for record in records
            if (record.topic, record.partition, record.offset) in broken
        ]
        await bury(conn, self.keys, dead)
        suspect = sum(one.ours for one in unreadable) + len(broken)
        return replace(settled, dead=len(dead), suspect=suspect)

    async def _apply(
        self, conn: Conn, arrived: Sequence[Arrived], now: datetime
    ) -> tuple[Settled, set[tuple[str, int, int]]]:
        heads = await lock(conn, {one.event.dossierid: one.event.subject for one in arrived})
        ids = sorted(heads)
        waiting = await cursors.load_waiting(conn, ids)
        result = sort(arrived, await cursors.load_cursors(conn, ids), waiting)
        await apply_facts(conn, self.part, self.keys, heads, result.items, now)
        await cursors.save_cursors(conn, result.cursors)
        if waiting:
            await cursors.drop_parked(conn, sorted({dossier_id for dossier_id, _, _ in waiting}))
        await cursors.save_parked(conn, result.parked)
        await cursors.save_conflicts(conn, result.conflicts)
        broken = {(one.topic, one.partition, one.offset) for one in result.broken}
        return Settled(len(result.items), result.duplicates, len(result.parked)), broken


@dataclass(frozen=True)
class ParticularsInlet(Generic[S]):
    """Hands the newest personal data of each dossier to the rules; a tombstone erases it."""

    part: Part[S]
    keys: KeyRing

    async def __call__(self, conn: Conn, records: Sequence[Record], now: datetime) -> Settled:
        """Settle the records; older versions and anything after a tombstone are dropped."""
        dead: list[Dead] = []
        messages: list[tuple[UUID, int, str, ParticularsArrived | ParticularsErased]] = []
        by = by_service(self.part.service, "opened_to_take_in")
        async with opening(conn, self.keys, by) as access:
            for record in records:
                message = self._read(record, access)
                if isinstance(message, Dead):
                    dead.append(message)
                else:
                    messages.append(message)
        applied = await self._apply(conn, messages, now) if messages else 0
        await bury(conn, self.keys, dead)
        suspect = sum(
            one.reason == "schema_violation" and claims_to_be_ours(one.record) for one in dead
        )
        return Settled(applied, len(messages) - applied, 0, len(dead), suspect)

    def _read(
        self, record: Record, access: Opening
    ) -> tuple[UUID, int, str, ParticularsArrived | ParticularsErased] | Dead:
        try:
            dossier_id = UUID((record.key or b"").decode("ascii"))
        except ValueError:
            return Dead(record, "key_is_not_a_dossier")
        if record.value is None:
            return dossier_id, ERASED, sha256(b""), ParticularsErased(dossier_id)
        try:
            sealed = ParticularsRecord.model_validate_json(record.value)
            if sealed.dossierid != dossier_id:
                return Dead(record, "key_is_not_the_dossier")
            plain = access.open(
                dossier_id,
                Sealed(sealed.kid, sealed.nonce, sealed.ciphertext),
                particulars_purpose(dossier_id, sealed.version),
            )
            particulars = Particulars.model_validate_json(plain)
        except ValidationError as error:
            rules = sorted({item["type"] for item in error.errors(include_input=False)})
            return Dead(record, "schema_violation", json.dumps([{"rule": r} for r in rules]))
        except UnknownKey as unknown:
            # A key comes with the next configuration: the record waits for it.
            log.error("particulars_key_missing", topic=record.topic, reason=str(unknown))
            raise
        except Unsealable:
            return Dead(record, "does_not_open")
        digest = sha256(sealed.ciphertext)
        message = ParticularsArrived(dossier_id, sealed.version, digest, particulars)
        return dossier_id, sealed.version, digest, message

    async def _apply(
        self,
        conn: Conn,
        messages: Sequence[tuple[UUID, int, str, ParticularsArrived | ParticularsErased]],
        now: datetime,
    ) -> int:
        heads = await lock(conn, {dossier_id: "" for dossier_id, _, _, _ in messages})
        seen = await cursors.load_cursors(conn, sorted(heads))
        items, moved = [], {}
        for dossier_id, version, digest, message in messages:
            key = (dossier_id, PARTICULARS)
            cursor = seen.setdefault(key, Cursor())
            if version > cursor.sequence:
                cursor.sequence, cursor.hash = version, digest
                moved[key] = cursor
                cause = Cause(f"{PARTICULARS}:{version}", digest)
                items.append(Item(dossier_id, message, cause))
        await apply_facts(conn, self.part, self.keys, heads, items, now)
        erased = [one.dossier_id for one in items if isinstance(one.message, ParticularsErased)]
        if erased:
            await conn.execute(BLANK, erased, topics.PARTICULARS.name)
        await cursors.save_cursors(conn, moved)
        return len(items)
