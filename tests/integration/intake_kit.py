"""The intake on a real database, and what the tests ask of it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.decision import Context
from contracts.envelope import sha256
from contracts.particulars import Particulars, ParticularsRecord
from contracts.topics import LIFECYCLE, PARTICULARS, replies_to
from intake.app import MIGRATIONS
from intake.bus import SubmissionInlet
from intake.domain import RULES
from intake.importing.importing import Importer
from intake.resubmitting import FollowUps
from intake.signatures import Signatures
from intake.store import DossierStore
from intake.submitting import Counter
from intake.taking import Desk
from plumbing.applying import Part
from plumbing.database import Pool, open_pool
from plumbing.migrating import migrate
from plumbing.sealing import KeyRing, Sealed, particulars_purpose
from reference import load
from tests.unit.intake_kit import NOW, SECRET, a_record, an_event

RING = KeyRing("k1", {"k1": bytes(range(32))})
EVENTS = LIFECYCLE["intake"].name
REPLIES_TO_NATIONAL = replies_to("national-portal").name
PERSONAL = ("Nghiệm", "000196112648", "900000123", "giay-chung-sinh", "1996-04-17")


def a_paper(kind: str, name: str = "giay-to.pdf", digit: str = "b") -> dict[str, Any]:
    """Return an attachment of that kind."""
    return {
        "kind": kind,
        "name": name,
        "uri": f"https://files.example.org/{kind}",
        "media_type": "application/pdf",
        "size_bytes": 2000,
        "sha256": digit * 64,
    }


def a_supplement(reference: str = "DVCQG-1", **changes: Any) -> dict[str, Any]:
    """Return a supplement of one more paper; `changes` replace members."""
    supplement = {
        "portal_reference": reference,
        "resubmitted_at": "2026-11-24T08:00:00+07:00",
        "attachments": [a_paper("kinship_proof")],
    }
    return supplement | changes


def a_withdrawal(reference: str = "DVCQG-1", **changes: Any) -> dict[str, Any]:
    """Return a withdrawal; `changes` replace members."""
    return {
        "portal_reference": reference,
        "requested_at": "2026-11-24T08:00:00+07:00",
    } | changes


def a_follow_up(offset: int, about: str, document: dict[str, Any], **changes: Any) -> Any:
    """Return the record of a supplement or a withdrawal, keyed by its reference."""
    event = an_event(document, type=f"vn.hotich.portal.{about}.v1") | changes.pop("event", {})
    key = changes.pop("key", document["portal_reference"].encode())
    return a_record(offset, json.dumps(event).encode(), key=key, **changes)


@dataclass
class Clock:
    """Shows the time it is set to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Intake:
    """Both roads into one database; `wakes` counts the commits the relay was told of."""

    pool: Pool
    clock: Clock = field(default_factory=Clock)
    wakes: int = 0

    def __post_init__(self) -> None:
        law = load()
        part = Part("intake", RULES, DossierStore(), lambda now: Context(now, law))
        self.desk = Desk(part, RING, law)
        self.counter = Counter(self.pool, self.desk, self.clock, self._wake)
        self.follow_ups = FollowUps(self.counter)
        self.importer = Importer(self.counter)
        self.inlet = SubmissionInlet(self.desk, Signatures({"national-portal": SECRET}))

    def _wake(self) -> None:
        self.wakes += 1

    async def settle(self, *records: Any) -> Any:
        """Settle records of the bus in one transaction."""
        async with self.pool.acquire() as conn, conn.transaction():
            return await self.inlet(conn, records, self.clock())

    async def outbox(self, topic: str) -> list[tuple[str, Any]]:
        """Return key and document of what waits for a topic, in order; None is a tombstone."""
        rows = await self.pool.fetch(
            "SELECT key, body FROM outbox WHERE topic = $1 ORDER BY id", topic
        )
        return [(row["key"].decode(), row["body"] and json.loads(row["body"])) for row in rows]

    async def topics(self) -> list[str]:
        """Return the topics of what waits to be sent, in order."""
        rows = await self.pool.fetch("SELECT topic FROM outbox ORDER BY id")
        return [row["topic"] for row in rows]

    async def replies(self, portal: str = "national-portal") -> list[tuple[str, str, Any]]:
        """Return key, kind (received or refused) and data of its replies, in order."""
        return [
            (key, reply["type"].split("_")[-1].removesuffix(".v1"), reply["data"])
            for key, reply in await self.outbox(replies_to(portal).name)
        ]

    async def codes(self) -> list[str]:
        """Return the codes of all dossiers, sorted."""
        return [r["code"] for r in await self.pool.fetch("SELECT code FROM dossier ORDER BY code")]

    async def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int(await self.pool.fetchval(f"SELECT count(*) FROM {table}"))

    async def particulars(self) -> list[tuple[Particulars, str]]:
        """Return what the waiting personal data say once opened, and their ciphertext's hash."""
        found = []
        for _, document in await self.outbox(PARTICULARS.name):
            record = ParticularsRecord.model_validate(document)
            plain = RING.open(
                Sealed(record.kid, record.nonce, record.ciphertext),
                particulars_purpose(record.dossierid, record.version),
            )
            found.append((Particulars.model_validate_json(plain), sha256(record.ciphertext)))
        return found

    async def particulars_bodies(self) -> list[Any]:
        """Return what waits to be published of personal data; None is a tombstone."""
        return [body for _, body in await self.outbox(PARTICULARS.name)]

    async def relay_all(self) -> None:
        """Move the outbox to the sent rows, as the relay does once the broker has them."""
        await self.pool.execute(
            "WITH gone AS (DELETE FROM outbox RETURNING *)"
            " INSERT INTO outbox_sent (id, topic, key, body, event_id, created_at)"
            " SELECT id, topic, key, body, event_id, created_at FROM gone"
        )

    async def everything(self) -> str:
        """Return every row of every table as text, bytes both as hex and as what they say."""
        tables = await self.pool.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        said = []
        for (name,) in tables:
            for row in await self.pool.fetch(f"SELECT * FROM {name}"):
                said += [
                    value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                    for value in row.values()
                ]
        return "\n".join(said)

    async def erased(self, dossier_id: UUID) -> bool:
        """Erase as the operator; return whether there was something to erase."""
        return await self.counter.erase(dossier_id, "operator")


@asynccontextmanager
async def an_intake(database_url: str) -> AsyncIterator[Intake]:
    """Give an intake on an empty database; its pool ends with it."""
    await migrate(database_url, MIGRATIONS)
    pool = await open_pool(database_url, application="intake-test")
    try:
        yield Intake(pool)
    finally:
        await pool.close()
