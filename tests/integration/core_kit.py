"""True events, logs and a bench: the toy service on a real database, and what tests ask of it."""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import ConsumerRecord, TopicPartition

from contracts.decision import Effect
from contracts.envelope import Cause, Head, extend
from contracts.events import (
    Accepted,
    EventData,
    ParticularsRef,
    Registered,
    Returned,
    Routed,
    Submitted,
)
from contracts.topics import LIFECYCLE, PARTICULARS
from plumbing.applying import Item, Part, Rule, apply, lock
from plumbing.database import Pool, open_pool
from plumbing.inlets import LifecycleInlet, ParticularsInlet, Settle
from plumbing.migrating import migrate
from plumbing.offsets import begin, load_next
from plumbing.sealing import KeyRing
from plumbing.settling import FloodGate, Settler
from tests.integration.core_toy import Bring, Case, CaseStore, a_part

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
INTAKE, ROUTING = LIFECYCLE["intake"].name, LIFECYCLE["routing"].name
REGISTRY = LIFECYCLE["registry-sync"].name
FIRST = TopicPartition(ROUTING, 0)
RING = KeyRing("k1", {"k1": bytes(range(32))})


_DATA: dict[str, Callable[[], EventData]] = {
    "submitted": lambda: Submitted(
        channel="national-portal",
        portal="national-portal",
        portal_reference="DVCQG-1",
        procedure_code="1.001193",
        province_code="79",
        unit_code="26734",
        residence_unit_code="26734",
        submitted_at=NOW,
        particulars=ParticularsRef(version=1, sha256="0" * 64),
    ),
    "routed": lambda: Routed(unit_code="26734", reference_version="2026.1"),
    "accepted": lambda: Accepted(
        unit_code="26734", procedure_code="1.001193", actor="automatic", reference_version="2026.1"
    ),
    "returned": lambda: Returned(kind="supplement", reasons=("paper_missing",), actor="officer-1"),
    "registered": lambda: Registered(
        unit_code="26734", number="1", book="01/2026", registered_on=date(2026, 11, 24)
    ),
}


@dataclass
class Dossier:
    """A dossier upstream: says the next true event of each service, chained."""

    id: UUID = field(default_factory=uuid4)
    code: str = "H29.26-20261124-0001"
    heads: dict[str, Head] = field(default_factory=dict)

    def says(self, name: str, *, causeid: str = "test") -> bytes:
        """Return the bytes of the next event of that name and move its chain on."""
        data = _DATA[name]()
        head = self.heads.get(data.service, Head(self.id, self.code))
        body, _, self.heads[data.service] = extend(head, data, Cause(causeid, "0" * 64), NOW)
        return body


def a_record(
    topic: str,
    value: bytes | None,
    key: bytes | None,
    *,
    offset: int = 0,
    partition: int = 0,
    headers: Sequence[tuple[str, Any]] = (("content-type", b"application/cloudevents+json"),),
) -> Any:
    """Return a record as the client gives it."""
    place: dict[str, Any] = {"topic": topic, "partition": partition, "offset": offset}
    return ConsumerRecord(
        **place,
        timestamp=0,
        timestamp_type=1,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=len(key or b""),
        serialized_value_size=len(value or b""),
        headers=tuple(headers),
    )


@dataclass
class Log:
    """Partitions that remember every record, each with its offset."""

    records: dict[TopicPartition, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def add(
        self, topic: str, value: bytes | None, key: Any, partition: int = 0, **more: Any
    ) -> Any:
        """Append a record to a partition and return it; a dossier or its id is a key too."""
        key = str(getattr(key, "id", key)).encode() if not isinstance(key, bytes | None) else key
        rows = self.records[TopicPartition(topic, partition)]
        rows.append(a_record(topic, value, key, offset=len(rows), partition=partition, **more))
        return rows[-1]


def routed_log(*dossiers: Dossier, names: tuple[str, ...] = ("routed", "accepted")) -> Log:
    """Return a log of one partition in which routing says these things of the dossiers in turn."""
    log = Log()
    for name in names:
        for dossier in dossiers:
            log.add(ROUTING, dossier.says(name), dossier)
    return log


@dataclass
class Bench:
    """The toy on a database, and what a test asks of it."""

    url: str
    pool: Pool
    part: Part[Case]
    inlets: dict[str, Settle] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Plug the toy's inlets in."""
        lifecycle = LifecycleInlet(self.part, RING)
        self.inlets = dict.fromkeys((INTAKE, ROUTING, REGISTRY), lifecycle)
        self.inlets[PARTICULARS.name] = ParticularsInlet(self.part, RING)
        self.settler = self.a_settler()

    def a_settler(self, flood_limit: int = 1000) -> Settler:
        """Return a settler of the same group on the same database: another process's."""
        flood = FloodGate(flood_limit)
        return Settler("notifier", "notifier", self.pool, RING, self.inlets, lambda: NOW, flood)

    async def settle(self, records: Sequence[Any], settler: Settler | None = None) -> int:
        """Settle the records as one batch of their partition, at their own first offset."""
        tp = TopicPartition(records[0].topic, records[0].partition)
        await self.expected(tp)
        return await (settler or self.settler).settle(tp, records, records[0].offset)

    async def expected(self, tp: TopicPartition) -> int:
        """Return the next offset the database wants, beginning at 0."""
        async with self.pool.acquire() as conn:
            await begin(conn, "notifier", tp, 0)
            return await load_next(conn, "notifier", tp) or 0

    async def fetch(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows as plain tuples."""
        return [tuple(row) for row in await self.pool.fetch(sql, *values)]

    async def count(self, table: str) -> int:
        """Return how many rows the table has."""
        return int(await self.pool.fetchval(f"SELECT count(*) FROM {table}"))

    async def trail(self, dossier: Dossier) -> tuple[str, ...]:
        """Return what the toy saw of the dossier."""
        async with self.pool.acquire() as conn:
            cases = await self.part.store.load(conn, [dossier.id])
        return cases[dossier.id].trail if dossier.id in cases else ()

    async def bring(self, dossier: Dossier, *effects: Effect) -> None:
        """Give the toy a command that wants these effects."""
        async with self.pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {dossier.id: dossier.code})
            item = Item(dossier.id, Bring(effects), Cause("command", "0" * 64))
            await apply(conn, self.part, RING, heads, [item], NOW)


async def dead_letters(bench: Bench) -> list[tuple[Any, ...]]:
    """Return where each dead letter came from, and why it is one."""
    return await bench.fetch("SELECT topic, part, off, reason FROM dead_letter ORDER BY off")


@asynccontextmanager
async def open_bench(
    database_url: str, rules: Mapping[type, Rule] | None = None
) -> AsyncIterator[Bench]:
    """Give a bench on an empty database; its pool ends with it."""
    await migrate(database_url)
    pool = await open_pool(database_url, application="core-test", size=12)
    try:
        await pool.execute(CaseStore.TABLE)
        yield Bench(database_url, pool, a_part(rules))
    finally:
        pool.terminate()


#: How much slower it may be here than on a machine without other work.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))


async def until(what: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Return the first true answer of `what`, awaited if need be; fails after `seconds`.

    Beside other lanes of tests it waits longer.
    """
    async with asyncio.timeout(seconds * PATIENCE):
        while True:
            answer = what()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return answer
            await asyncio.sleep(0.01)


async def terminate_backends(url: str, pids: Iterable[int]) -> None:
    """Let the server end these sessions, as an operator or a failover would."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_terminate_backend(p) FROM unnest($1::int[]) p", [*pids])
    finally:
        await connection.close()
