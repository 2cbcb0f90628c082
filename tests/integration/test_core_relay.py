"""The relay on a real database: keys in order, nothing deleted unsent, shards shared by locks."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from contracts.envelope import CONTENT_TYPE
from contracts.topics import LIFECYCLE, TOPICS
from plumbing import relay as relay_module
from plumbing.outbox import SHARDS, OutboxRow, add
from plumbing.relay import BATCH_BYTES, Relay, acknowledged_prefix
from tests.integration.core_broker import Broker, RelayToBroker
from tests.integration.core_kit import INTAKE, Bench, open_bench, terminate_backends, until


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(relay_module, "SHARE_SECONDS", 0.05)
    async with open_bench(database) as one:
        yield one


@asynccontextmanager
async def running(*relays: Relay) -> AsyncIterator[list["asyncio.Task[None]"]]:
    tasks = [asyncio.create_task(one.run()) for one in relays]
    try:
        yield tasks
    finally:
        for task in tasks:
            await end(task)


async def end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def publish(bench: Bench, *rows: tuple[bytes, bytes | None]) -> None:
    async with bench.pool.acquire() as conn, conn.transaction():
        await add(conn, [OutboxRow(INTAKE, key, body, uuid4()) for key, body in rows])


async def drained(bench: Bench) -> None:
    async def empty() -> bool:
        return await bench.count("outbox") == 0

    await until(empty)


async def test_given_rows_when_relayed_then_each_key_is_in_order_and_the_rows_are_kept_as_sent(
    bench,
):
    broker = Broker()
    rows = [(f"key-{n % 7}".encode(), str(n).encode()) for n in range(100)]
    await publish(bench, *rows)

    async with running(RelayToBroker(bench.url, broker)):
        await drained(bench)

    assert broker.records == [(INTAKE, key, body) for key, body in rows]
    assert await bench.fetch("SELECT key, body FROM outbox_sent ORDER BY id") == rows


async def test_given_a_tombstone_when_relayed_then_it_passes_as_one(bench):
    broker = Broker()
    await publish(bench, (b"key", None))

    async with running(RelayToBroker(bench.url, broker)):
        await drained(bench)

    assert broker.records == [(INTAKE, b"key", None)]


async def test_given_one_lost_record_when_relayed_then_its_successors_wait_and_nothing_is_lost(
    bench,
):
    lost = {b"k2"}
    broker = Broker(says=lambda sent: "lost" if sent[2] in lost else "taken")
    rows = [(b"k", b"k1"), (b"other", b"o1"), (b"k", b"k2"), (b"k", b"k3"), (b"other", b"o2")]
    await publish(bench, *rows)
    relay = RelayToBroker(bench.url, broker)

    async with running(relay):
        await until(lambda: relay.made > 1)
        kept = await bench.fetch("SELECT body FROM outbox ORDER BY id")
        lost.clear()
        await drained(bench)

    assert kept == [(b"k2",), (b"k3",)]
    assert firsts(broker, b"other") == [b"o1", b"o2"]
    assert [body for _, key, body in broker.records if key == b"k"][-2:] == [b"k2", b"k3"]
    assert await bench.count("outbox_sent") == 5


def firsts(broker: Broker, key: bytes) -> list[bytes | None]:
    return list(dict.fromkeys(body for _, its_key, body in broker.records if its_key == key))


async def test_given_a_lost_acknowledgement_when_relayed_then_the_record_comes_twice_never_not(
    bench,
):
    unsure = iter(["unacknowledged"])
    broker = Broker(says=lambda _: next(unsure, "taken"))
    await publish(bench, (b"k", b"1"), (b"k", b"2"))

    async with running(RelayToBroker(bench.url, broker)):
        await drained(bench)

    assert [body for _, _, body in broker.records] == [b"1", b"2", b"1", b"2"]


async def test_given_a_row_the_client_refuses_when_relayed_then_only_its_key_waits(bench):
    broker = Broker(says=lambda sent: "refused" if sent[2] == b"huge" else "taken")
    await publish(bench, (b"k", b"1"), (b"k", b"huge"), (b"k", b"2"), (b"other", b"1"))
    relay = RelayToBroker(bench.url, broker)

    async with running(relay):
        await until(lambda: relay.made > 1)

    assert await bench.fetch("SELECT body FROM outbox ORDER BY id") == [(b"huge",), (b"2",)]
    assert firsts(broker, b"other") == [b"1"]


async def test_given_two_relays_when_one_dies_then_the_other_takes_over_its_shards(bench):
    broker = Broker()
    first, second = (RelayToBroker(bench.url, broker, name) for name in "ab")
    keys = [bytes([n]) for n in range(SHARDS)]

    started = time.monotonic()
    async with running(first, second) as (one, _):
        await until(lambda: min(first.last_turn, second.last_turn) > started)
        assert sorted(first._held + second._held) == list(range(SHARDS))
        await publish(bench, *((key, b"before") for key in keys))
        await drained(bench)
        await end(one)
        await until(lambda: len(second._held) == SHARDS)
        await publish(bench, *((key, b"after") for key in keys))
        await drained(bench)

    assert sorted(broker.records) == sorted((INTAKE, k, v) for k in keys for v in BEFORE_AFTER)
    assert {name for name, (_, _, body) in broker.log if body == b"after"} == {"b"}


BEFORE_AFTER = (b"before", b"after")


async def test_given_a_relay_whose_session_is_ended_when_rows_wait_then_it_comes_back(bench):
    broker = Broker()
    relay = RelayToBroker(bench.url, broker)

    async with running(relay):
        await until(lambda: len(relay._held) == SHARDS)
        locks = (
            "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE l.locktype = 'advisory' AND d.datname = current_database() LIMIT 1"
        )
        await terminate_backends(bench.url, [await bench.pool.fetchval(locks)])
        await publish(bench, (b"k", b"1"))
        await drained(bench)

    assert broker.records == [(INTAKE, b"k", b"1")]


async def test_given_uncommitted_rows_when_they_commit_after_later_ones_then_none_is_skipped(bench):
    broker = Broker()

    async with running(RelayToBroker(bench.url, broker)):
        async with bench.pool.acquire() as conn, conn.transaction():
            await add(conn, [OutboxRow(INTAKE, b"slow", b"1", uuid4())])
            await publish(bench, (b"quick", b"1"))
            await until(lambda: broker.records)
        await drained(bench)

    assert broker.records == [(INTAKE, b"quick", b"1"), (INTAKE, b"slow", b"1")]


async def test_given_a_full_turn_when_relayed_to_a_real_broker_then_all_of_it_is_taken(
    bench, servers
):
    bootstrap, topic = servers.status().kafka, f"relay-{uuid4()}"
    await make_topic(bootstrap, topic, LIFECYCLE["intake"].config)
    rows = [OutboxRow(topic, b"%d" % (n % 9), b"%06d" % n * 200, uuid4()) for n in range(2500)]
    async with bench.pool.acquire() as conn, conn.transaction():
        await add(conn, rows)

    async with running(Relay("notifier", bench.url, bootstrap)):
        await drained(bench)

    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    async with consumer:
        records = [await consumer.getone() for _ in rows]
    assert [(r.key, r.value) for r in records] == [(row.key, row.body) for row in rows]
    assert {header for record in records for header in record.headers} == {
        ("content-type", CONTENT_TYPE.encode())
    }


async def make_topic(bootstrap: str, name: str, config: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs=config)])
    finally:
        await admin.close()


def test_given_a_failure_when_counted_then_per_key_only_what_stands_before_it_was_sent():
    failure = KafkaError()
    rows = [{"id": n, "topic": "t", "key": key} for n, key in enumerate(b"abab")]
    rows.append({"id": 4, "topic": "other", "key": rows[1]["key"]})

    sent, first = acknowledged_prefix(rows, [None, failure, None, None, None])

    assert (sent, first) == ([0, 2, 4], failure)


def test_given_every_topic_when_a_batch_is_full_then_its_broker_takes_it():
    assert all(int(topic.config["max.message.bytes"]) >= BATCH_BYTES for topic in TOPICS)
