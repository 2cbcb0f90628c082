"""The consuming stage of the one-stop, beside the same SQL without Kafka."""

import asyncio
import os
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
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


def _bodies(count: int) -> list[tuple[bytes, bytes]]:
    """Return key and value of that many first events, each of its own dossier."""
    now, data = datetime.now(UTC), a_submission()
    bodies = []
    for number in range(count):
        dossier_id = uuid4()
        code = f"{A_CODE[:-4]}{number:06d}"
        body, _, _ = extend(Head(dossier_id, code), data, Cause("bench", SOME_HASH), now)
        bodies.append((str(dossier_id).encode(), body))
    return bodies


async def _settler(database_url: str, group: str) -> Settler:
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


async def measure(stack: Stack, console: Console) -> dict[str, Any]:
    """Return events per second with and without Kafka, and their ratio."""
    console.print(f"consuming stage: {EVENTS} events, in batches of up to {BATCH}")
    bodies = await asyncio.to_thread(_bodies, EVENTS)
    plain = await _without_kafka(stack, bodies)
    consumed = await _with_kafka(stack, bodies)
    return {
        "events": EVENTS,
        "same_sql_without_kafka_per_second": round(plain),
        "with_kafka_per_second": round(consumed),
        "ratio": round(consumed / plain, 2),
    }


async def _without_kafka(stack: Stack, bodies: Sequence[tuple[bytes, bytes]]) -> float:
    settler = await _settler(stack.create_database("bench_plain"), "bench")
    tp = TopicPartition(TOPIC.name, 0)
    async with settler.pool.acquire() as conn:
        await begin(conn, settler.group, tp, 0)
    records = [_record(tp, offset, key, body) for offset, (key, body) in enumerate(bodies)]
    started = time.monotonic()
    for offset in range(0, len(records), BATCH):
        await settler.settle(tp, records[offset : offset + BATCH], offset)
    seconds = time.monotonic() - started
    await settler.pool.close()
    return len(records) / seconds


def _record(
    tp: TopicPartition, offset: int, key: bytes, body: bytes
) -> "ConsumerRecord[bytes | None, bytes | None]":
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


async def _with_kafka(stack: Stack, bodies: Sequence[tuple[bytes, bytes]]) -> float:
    status = stack.status()
    producer = AIOKafkaProducer(
        bootstrap_servers=status.kafka, acks="all", linger_ms=5, max_batch_size=262_144
    )
    await producer.start()
    futures = [await producer.send(TOPIC.name, body, key=key) for key, body in bodies]
    await asyncio.gather(*futures)
    await producer.stop()
    group = f"bench-{secrets.token_hex(4)}"
    settler = await _settler(stack.create_database("bench_kafka"), group)
    consumer = Consumer(settler, status.kafka, "bench", set())
    started = time.monotonic()
    await consumer.broker.start()
    wanted = "SELECT coalesce(sum(next_offset), 0) FROM consumer_offset WHERE grp = $1"
    while await settler.pool.fetchval(wanted, group) < len(bodies):
        await asyncio.sleep(0.05)
    seconds = time.monotonic() - started
    await consumer.broker.stop()
    await settler.pool.close()
    return len(bodies) / seconds
