"""The consuming stage of the one-stop, beside the same SQL without Kafka."""

import asyncio
import itertools
import os
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from rich.console import Console

import reference
import routing
from contracts.envelope import Cause, Head, extend
from contracts.topics import LIFECYCLE
from local_stack.stack import Stack
from plumbing.applying import Part
from plumbing.consuming import Consumer
from plumbing.database import open_pool
from plumbing.inlets import LifecycleInlet
from plumbing.migrating import migrate
from plumbing.offsets import begin
from plumbing.sealing import KeyRing
from plumbing.settling import FloodGate, Settler
from routing.domain import RULES, RoutingContext
from routing.store import CaseStore
from tests.unit.builders import A_CODE, SOME_HASH, a_submission

EVENTS = int(os.environ.get("BENCH_EVENTS", "20000"))
BATCH = 500
TOPIC = LIFECYCLE["intake"]
KEYS = KeyRing("k1", {"k1": b"\0" * 32})
Bodies = Sequence[tuple[bytes, bytes]]

#: No code is given twice in a run.
_NUMBERS = itertools.count()
_WARM = 1_000
#: No topic has so many: its place keeps apart what is handled before anything is measured.
_WARM_PARTITION = 999
_REACHED = """
SELECT coalesce(sum(next_offset), 0)::bigint FROM consumer_offset WHERE grp = $1 AND part <> $2
"""


def bodies_of(count: int) -> list[tuple[bytes, bytes]]:
    """Return key and value of that many first events, each of its own dossier."""
    now, data = datetime.now(UTC), a_submission()
    bodies = []
    for number in islice(_NUMBERS, count):
        dossier_id = uuid4()
        code = f"{A_CODE[:-4]}{number:06d}"
        body, _, _ = extend(Head(dossier_id, code), data, Cause("bench", SOME_HASH), now)
        bodies.append((str(dossier_id).encode(), body))
    return bodies


async def settler_of(database_url: str, group: str) -> Settler:
    """Return the one-stop's handling, on an empty database made ready for it."""
    await migrate(database_url, Path(routing.__file__).parent / "migrations")
    pool = await open_pool(database_url, application="bench", size=8)
    known = reference.load()
    part = Part(
        "routing",
        RULES,
        CaseStore(KEYS),
        lambda now: RoutingContext(now, known, lambda unit: False),
    )
    return Settler(
        service="routing",
        group=group,
        pool=pool,
        keys=KEYS,
        inlets={TOPIC.name: LifecycleInlet(part, KEYS)},
        clock=lambda: datetime.now(UTC),
        flood=FloodGate(10),
    )


async def warmed(settler: Settler) -> Settler:
    """Return it after some events, with its tables analysed: plans of empty ones stay bad."""
    await settle(settler, TopicPartition(TOPIC.name, _WARM_PARTITION), bodies_of(_WARM))
    await settler.pool.execute("VACUUM ANALYZE")
    return settler


async def settle(settler: Settler, place: TopicPartition, bodies: Bodies, offset: int = 0) -> float:
    """Handle the events as if they came from that place; return how many a second."""
    if not offset:
        async with settler.pool.acquire() as conn:
            await begin(conn, settler.group, place, 0)
    records = [record_of(place, offset + n, key, body) for n, (key, body) in enumerate(bodies)]
    started = time.monotonic()
    for first in range(0, len(records), BATCH):
        await settler.settle(place, records[first : first + BATCH], offset + first)
    return len(records) / (time.monotonic() - started)


async def measure(stack: Stack, console: Console, events: int = EVENTS) -> dict[str, Any]:
    """Return events per second with and without Kafka, and their ratio."""
    console.print(f"consuming stage: {events} events, in batches of up to {BATCH}")
    bodies = await asyncio.to_thread(bodies_of, events)
    settler = await warmed(await settler_of(stack.create_database("bench_plain"), "bench"))
    plain = await settle(settler, TopicPartition(TOPIC.name, 0), bodies)
    await settler.pool.close()
    await produce(stack, bodies)
    consumed = await with_kafka(stack, len(bodies))
    return {
        "events": events,
        "same_sql_without_kafka_per_second": round(plain),
        "with_kafka_per_second": round(consumed),
        "ratio": round(consumed / plain, 2),
    }


def record_of(
    tp: TopicPartition, offset: int, key: bytes, body: bytes
) -> "ConsumerRecord[bytes | None, bytes | None]":
    """Return a record as a consumer gives it."""
    return ConsumerRecord(
        topic=tp.topic,
        partition=tp.partition,
        offset=offset,
        timestamp=0,
        timestamp_type=1,
        key=key,
        value=body,
        checksum=None,
        serialized_key_size=len(key),
        serialized_value_size=len(body),
        headers=(),
    )


async def produce(stack: Stack, bodies: Bodies) -> None:
    """Put the events on the topic, whose partitions there may be any number of."""
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.status().kafka, acks="all", linger_ms=5, max_batch_size=262_144
    )
    await producer.start()
    futures = [await producer.send(TOPIC.name, body, key=key) for key, body in bodies]
    await asyncio.gather(*futures)
    await producer.stop()


async def with_kafka(stack: Stack, events: int) -> float:
    """Return how many events a second are handled that lie on the topic already.

    Counted once a tenth is handled: joining a group is no part of it.
    """
    group = f"bench-{secrets.token_hex(4)}"
    database = stack.create_database(f"bench_kafka_{secrets.token_hex(3)}")
    settler = await warmed(await settler_of(database, group))
    consumer = Consumer(settler, stack.status().kafka, "bench", set())

    async def reached(least: int) -> tuple[int, float]:
        while True:
            count = await settler.pool.fetchval(_REACHED, group, _WARM_PARTITION)
            if count >= least:
                return count, time.monotonic()
            await asyncio.sleep(0.02)

    await consumer.broker.start()
    first, began = await reached(events // 10)
    last, ended = await reached(events)
    await consumer.stop()
    await settler.pool.close()
    return (last - first) / (ended - began)
