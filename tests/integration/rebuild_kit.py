"""Services lived by their real rules on a real database, and the log that came of it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.asyncapi import READS
from contracts.envelope import Cause, Head, extend
from contracts.events import EventData
from contracts.particulars import Particulars, ParticularsRecord
from contracts.topics import LIFECYCLE, PARTICULARS
from plumbing.database import Pool
from plumbing.inlets import Settle
from plumbing.rebuilding.spooling import LogRecord
from plumbing.sealing import KeyRing, particulars_purpose
from tests.integration.core_kit import a_record

OUTSIDE = Cause("test", "0" * 64)


@dataclass
class World:
    """A service on its database between the topics: what it hears and what it says."""

    service: str
    pool: Pool
    keys: KeyRing
    inlets: dict[str, Settle]
    records: dict[str, list[LogRecord]] = field(default_factory=lambda: defaultdict(list))
    heads: dict[tuple[UUID, str], Head] = field(default_factory=dict)

    def say(self, dossier_id: UUID, code: str, data: EventData, at: datetime) -> LogRecord:
        """Let another service say something of a dossier; nobody has heard it yet."""
        key = dossier_id, data.service
        head = self.heads.get(key) or Head(dossier_id, code)
        body, _, self.heads[key] = extend(head, data, OUTSIDE, at)
        return self._put(LIFECYCLE[data.service].name, dossier_id, body, at)

    def seal(
        self, dossier_id: UUID, particulars: Particulars | None, version: int, at: datetime
    ) -> LogRecord:
        """Let the intake publish a version of the personal data; none erases them."""
        body = None
        if particulars is not None:
            purpose = particulars_purpose(dossier_id, version)
            sealed = self.keys.seal(particulars.model_dump_json().encode(), purpose)
            body = (
                ParticularsRecord.model_construct(
                    dossierid=dossier_id,
                    version=version,
                    kid=sealed.kid,
                    nonce=sealed.nonce,
                    ciphertext=sealed.ciphertext,
                )
                .model_dump_json()
                .encode()
            )
        return self._put(PARTICULARS.name, dossier_id, body, at)

    def _put(self, topic: str, dossier_id: UUID, body: bytes | None, at: datetime) -> LogRecord:
        rows = self.records[topic]
        at_ms = int(at.timestamp() * 1000)
        rows.append(LogRecord(topic, 0, len(rows), at_ms, str(dossier_id).encode(), body))
        return rows[-1]

    async def hear(self, records: Sequence[LogRecord], now: datetime) -> None:
        """Let the service settle records of one topic, with its offset."""
        one = records[-1]
        arrived = [a_record(r.topic, r.value, r.key, offset=r.offset) for r in records]
        async with self.pool.acquire() as conn, conn.transaction():
            await self.inlets[one.topic](conn, arrived, now)
            await conn.execute(
                "INSERT INTO consumer_offset (part, topic, grp, next_offset) VALUES (0, $1, $2, $3)"
                " ON CONFLICT (part, topic, grp) DO UPDATE SET next_offset = $3",
                one.topic,
                self.service,
                one.offset + 1,
            )

    async def relay(self, at: datetime) -> int:
        """Let all that is unsent go out to its topic; return how much it was."""
        rows = await self.pool.fetch(
            "WITH gone AS (DELETE FROM outbox RETURNING id, topic, key, body, event_id,"
            " created_at), kept AS (INSERT INTO outbox_sent (id, topic, key, body, event_id,"
            " created_at) SELECT * FROM gone) SELECT topic, key, body FROM gone ORDER BY id"
        )
        for row in rows:
            known = self.records[row["topic"]]
            at_ms = int(at.timestamp() * 1000)
            place = (row["topic"], 0, len(known), at_ms)
            known.append(LogRecord(*place, row["key"], row["body"]))
        return len(rows)

    def log(self, *, particulars: bool = True) -> Iterator[LogRecord]:
        """Yield every record of the topics a rebuild of the service reads."""
        topics = {LIFECYCLE[self.service], *READS[self.service]}
        for name in sorted(topic.name for topic in topics):
            if particulars or name != PARTICULARS.name:
                yield from self.records[name]

    async def rows(self, table: str, schema: str = "public") -> list[str]:
        """Return every row of a table, in no order of its own."""
        rows = await self.pool.fetch(f"SELECT to_jsonb(t)::text AS row FROM {schema}.{table} t")
        return sorted(row["row"] for row in rows)


def shown(compared: Any) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return the differences as plain tuples without keys."""
    return [(one.table, one.kind, one.found, one.columns) for one in compared.shown]


def columns_of(rows: Iterable[str], *names: str) -> list[tuple[Any, ...]]:
    """Return these columns of rows that are JSON texts."""
    return [tuple(json.loads(row)[name] for name in names) for row in rows]
