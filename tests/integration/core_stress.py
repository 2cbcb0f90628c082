"""A log full of trouble, workers that are killed and doubled, and the checker that counts after."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import TopicPartition

from contracts.envelope import GENESIS, decode, sha256
from contracts.topics import SUBMISSIONS
from plumbing.database import TRANSIENT, Conn
from plumbing.inlets import Settled
from plumbing.offsets import NotOwner
from tests.integration.core_broker import Broker, RelayToBroker
from tests.integration.core_kit import INTAKE, ROUTING, Bench, Dossier, Log

PARTITIONS = 3
DOSSIERS = 150
LEDGER = "CREATE TABLE toy_ledger (part int, off bigint)"

#: What a worker outlives: the batch comes again.
PASSING = (*TRANSIENT, NotOwner)


async def ledger(conn: Conn, records: Sequence[Any], _: datetime) -> Settled:
    """Settle records that carry no sequence: only the offset keeps them from counting twice."""
    await conn.executemany(
        "INSERT INTO toy_ledger VALUES ($1, $2)", [(r.partition, r.offset) for r in records]
    )
    return Settled(applied=len(records))


@dataclass
class World:
    """What is true, and the log in which it is told badly."""

    rng: random.Random
    dossiers: list[Dossier] = field(default_factory=list)
    true_ids: list[UUID] = field(default_factory=list)
    log: Log = field(default_factory=Log)


def a_world(seed: int) -> World:
    """Return a world of 150 dossiers and two sources, the same for the same seed but for ids."""
    world = World(random.Random(seed))
    world.dossiers = [Dossier() for _ in range(DOSSIERS)]
    for topic, names in ((INTAKE, ["submitted"]), (ROUTING, ["routed", "accepted"])):
        for partition in range(PARTITIONS):
            told = _truth(world, partition, names)
            for dossier, body in _with_trouble(world.rng, told):
                world.log.add(topic, body, dossier, partition)
    for n in range(300):
        world.log.add(SUBMISSIONS.name, b"%d" % n, b"portal", n % 2)
    return world


def _truth(world: World, partition: int, names: list[str]) -> list[tuple[Dossier, bytes]]:
    """Return 2 to 4 events of each dossier of the partition, interleaved, each in its order."""
    mine = world.dossiers[partition::PARTITIONS]
    turns = [dossier for dossier in mine for _ in range(world.rng.randint(2, 4))]
    world.rng.shuffle(turns)
    told = [(dossier, dossier.says(world.rng.choice(names))) for dossier in turns]
    world.true_ids += [decode(body).id for _, body in told]
    return told


def _with_trouble(
    rng: random.Random, told: list[tuple[Dossier, bytes]]
) -> list[tuple[Dossier, bytes]]:
    places = [(n + (rng.uniform(1, 40) if rng.random() < 0.15 else 0), n) for n in range(len(told))]
    places += [(n + rng.uniform(0, 80), n) for n in range(len(told)) if rng.random() < 0.12]
    for _ in range(3):  # a zombie relay sends a stretch of the past again
        start, length = rng.randrange(len(told)), rng.randint(5, 20)
        later = start + rng.uniform(20, 120)
        stretch = range(start, min(start + length, len(told)))
        places += [(later + n / 100, n) for n in stretch]
    return [told[n] for _, n in sorted(places)]


async def _end(*tasks: "asyncio.Task[None]") -> None:
    """Cancel the tasks; raises what one of them died of before."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


@dataclass
class Chaos:
    """Runs owners, zombies, relays and a killer on one database until every log is settled."""

    bench: Bench
    world: World
    broker: Broker
    counts: Counter[str] = field(default_factory=Counter)
    tasks: dict[TopicPartition, "asyncio.Task[None]"] = field(default_factory=dict)

    async def run(self) -> None:
        """Return when every partition was settled to its end and the outbox is empty."""
        places = list(self.world.log.records)
        around = [asyncio.create_task(self._killer())]
        around += [asyncio.create_task(self._zombie(places)) for _ in range(8)]
        around += [asyncio.create_task(self._relay(name)) for name in "ab"]
        async with asyncio.TaskGroup() as group:  # when one fails, the others end with it
            for tp in places:
                group.create_task(self._supervise(tp))
        await _end(*around[:-2])
        await self._drain()
        await _end(*around[-2:])

    async def _supervise(self, tp: TopicPartition) -> None:
        while not (task := self.tasks.get(tp)) or task.cancelled():
            self.tasks[tp] = asyncio.create_task(self._owner(tp))
            try:
                await asyncio.wait([self.tasks[tp]])
            except asyncio.CancelledError:
                self.tasks[tp].cancel()
                raise
            self.counts["owners"] += 1
        task.result()

    async def _owner(self, tp: TopicPartition) -> None:
        settler, rng = self.bench.a_settler(), self.world.rng
        while True:
            try:
                expected = await self.bench.expected(tp)
                while records := self._batch(tp, expected):
                    following = await settler.settle(tp, records, expected)
                    if rng.random() < 0.15:  # the commit to Kafka was lost: work on as before
                        self.counts["lost commits"] += 1
                        following = expected
                    expected = following
            except PASSING as error:
                self.counts[type(error).__name__] += 1
                continue
            return

    def _batch(self, tp: TopicPartition, expected: int) -> list[Any]:
        return self.world.log.records[tp][expected : expected + self.world.rng.randint(1, 10)]

    async def _zombie(self, places: list[TopicPartition]) -> None:
        """Settle again and again from an offset that was right a moment ago."""
        rng = self.world.rng
        while True:
            tp = rng.choice(places)
            with suppress(*PASSING):
                stale = await self.bench.expected(tp)
                await asyncio.sleep(rng.uniform(0, 0.01))
                if records := self._batch(tp, stale):
                    await self.bench.a_settler().settle(tp, records, stale)
            self.counts["zombie batches"] += 1

    async def _killer(self) -> None:
        """End sessions on the server and cancel owners in the midst of whatever they do."""
        connection = await asyncpg.connect(self.bench.url)
        sql = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
            " current_database() AND usename = current_user AND pid <> pg_backend_pid()"
            " ORDER BY random() LIMIT 1"
        )
        began = time.monotonic()
        try:
            while True:
                # On a machine with much other work nothing would ever come between two of them.
                slower = 1 + (time.monotonic() - began) / 10
                await asyncio.sleep(self.world.rng.uniform(0.005, 0.04) * slower)
                if self.world.rng.random() < 0.5:
                    await connection.execute(sql)
                    self.counts["sessions ended"] += 1
                elif running := [task for task in self.tasks.values() if not task.done()]:
                    self.world.rng.choice(running).cancel()
                    self.counts["owners cancelled"] += 1
        finally:
            connection.terminate()

    async def _relay(self, name: str) -> None:
        """Run a relay that is killed now and then."""
        while True:
            relay = RelayToBroker(self.bench.url, self.broker, name)
            task = asyncio.create_task(relay.run())
            try:
                await asyncio.wait([task], timeout=self.world.rng.uniform(0.3, 1.0))
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _drain(self) -> None:
        async with asyncio.timeout(20):
            while True:
                with suppress(*TRANSIENT):
                    if await self.bench.count("outbox") == 0:
                        return
                await asyncio.sleep(0.05)


async def faults(bench: Bench, world: World, broker: Broker) -> list[str]:
    """Return what is wrong when all is quiet; nothing, if everything happened exactly once."""
    found = await _wrong_events(bench, world, broker)
    for table in ("inbound_parked", "dead_letter", "conflict", "outbox"):
        if count := await bench.count(table):
            found.append(f"{count} rows in {table}")
    effects = await bench.fetch("SELECT dossier_id FROM effect")
    if Counter(effects) != Counter((dossier.id,) for dossier in world.dossiers):
        found.append(f"{len(effects)} effects")
    for tp, records in world.log.records.items():
        if (at := await bench.expected(tp)) != len(records):
            found.append(f"{tp.topic}-{tp.partition} at {at} of {len(records)}")
    cursors = await bench.fetch(
        "SELECT dossier_id, source, last_seq, last_hash FROM inbound_cursor"
    )
    heads = [(d.id, s, h.sequence, h.hash) for d in world.dossiers for s, h in d.heads.items()]
    if sorted(cursors) != sorted(heads):
        found.append("cursors are not at the ends of the chains")
    ledger_rows = Counter(await bench.fetch("SELECT part, off FROM toy_ledger"))
    if sum(ledger_rows.values()) != 300 or len(ledger_rows) != 300:
        found.append(f"{sum(ledger_rows.values())} of 300 unsequenced records counted")
    return found


async def _wrong_events(bench: Bench, world: World, broker: Broker) -> list[str]:
    sent = [body for (body,) in await bench.fetch("SELECT body FROM outbox_sent ORDER BY id")]
    found = []
    if {record[2] for record in broker.records} != set(sent):
        found.append("the topic is not what the outbox sent")
    events = [(decode(body), sha256(body)) for body in sent]
    about = Counter(getattr(event.data, "about", None) for event, _ in events)
    if about != Counter(world.true_ids):
        missing = len(set(world.true_ids) - set(about))
        found.append(f"{len(sent)} events for {len(world.true_ids)} true ones, {missing} missing")
    ends = dict.fromkeys((dossier.id for dossier in world.dossiers), (0, GENESIS))
    for event, digest in events:
        if (event.sequence - 1, event.prevhash) != ends[event.dossierid]:
            found.append(f"event {event.sequence} of a dossier does not follow")
        ends[event.dossierid] = (event.sequence, digest)
    streams = await bench.fetch("SELECT dossier_id, sequence, head_hash FROM stream")
    if {i: (sequence, head) for i, sequence, head in streams} != ends:
        found.append("the chains do not end where the streams say")
    return found
