"""The Kafka shell on a real broker: rebalances, failures, skips; every record settled once."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from local_stack.stack import Stack
from plumbing import consuming, positions
from plumbing.consuming import Consumer
from plumbing.database import Conn, Pool, open_pool
from plumbing.inlets import Settled
from plumbing.migrating import migrate
from plumbing.offsets import begin
from plumbing.settling import FloodGate, Settler
from tests.integration.core_kit import RING, until

PARTITIONS = 6


class Ledger:
    """Settles by writing each record's place; fails as often as a test asks for."""

    def __init__(self, pool: Pool, topic: str) -> None:
        self.pool, self.topic, self.group = pool, topic, f"shell-{topic}"
        self.compacted: set[str] = set()
        self.failing: dict[int, int] = {}
        self.share = 0.0
        self._dice = random.Random(7)

    async def settle(self, conn: Conn, records: Sequence[Any], _: datetime) -> Settled:
        """Write the places; a place that is there already breaks the primary key."""
        await conn.executemany(
            "INSERT INTO seen (part, off) VALUES ($1, $2)",
            [(record.partition, record.offset) for record in records],
        )
        part = records[0].partition
        if self.failing.get(part, 0) > 0:
            self.failing[part] -= 1
            raise ConnectionResetError
        if self._dice.random() < self.share:
            raise ConnectionResetError
        return Settled(applied=len(records))

    def a_consumer(self, bootstrap: str, replica: str) -> Consumer:
        """Return one more member of the group."""
        settler = Settler(
            service="notifier",
            group=self.group,
            pool=self.pool,
            keys=RING,
            inlets={self.topic: self.settle},
            clock=lambda: datetime.now(UTC),
            flood=FloodGate(10),
        )
        return Consumer(settler, bootstrap, replica, self.compacted)

    async def count(self) -> int:
        """Return how many places are written."""
        return int(await self.pool.fetchval("SELECT count(*) FROM seen"))

    async def is_whole(self, total: int) -> bool:
        """Return whether all are settled: no place missing, the offsets at the end."""
        settled = await self.pool.fetchval(
            "SELECT sum(next_offset) FROM consumer_offset WHERE topic = $1", self.topic
        )
        return await self.count() == total and settled == total


@pytest.fixture
async def ledger(servers: Stack, database: str) -> AsyncIterator[Ledger]:
    topic = f"shell-{uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.status().kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    await migrate(database)
    pool = await open_pool(database, application="shell", size=12)
    await pool.execute("CREATE TABLE seen (part int, off bigint, PRIMARY KEY (part, off))")
    try:
        yield Ledger(pool, topic)
    finally:
        pool.terminate()
        await admin.delete_topics([topic])
        await admin.close()


@contextlib.asynccontextmanager
async def running(ledger: Ledger, servers: Stack, replica: str) -> AsyncIterator[Consumer]:
    consumer = ledger.a_consumer(servers.status().kafka, replica)
    await consumer.broker.start()
    watch = asyncio.create_task(consumer.watch())
    try:
        yield consumer
    finally:
        watch.cancel()
        await consumer.stop()
        # The future of a healthy consumer never ends; a failed one was looked at by its test.
        consumer.failed.cancel()


async def produce(
    servers: Stack, topic: str, total: int, partition: int | None = None, size: int = 200
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers.status().kafka, linger_ms=5)
    await producer.start()
    try:
        for number in range(total):
            key = None if partition is not None else str(number).encode()
            await producer.send(topic, b"x" * size, key=key, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()


async def test_given_members_that_join_and_leave_and_fail_then_every_record_is_settled_once(
    ledger: Ledger, servers: Stack
):
    ledger.share = 0.2
    async with running(ledger, servers, "a"):
        await produce(servers, ledger.topic, 3000)
        await until(lambda: _at_least(ledger, 500), 20)
        async with running(ledger, servers, "b"):
            await produce(servers, ledger.topic, 3000)
            await until(lambda: _at_least(ledger, 3500), 30)
        await produce(servers, ledger.topic, 1000)
        ledger.share = 0.0
        await until(lambda: ledger.is_whole(7000), 40)

    assert await ledger.count() == 7000


async def test_given_one_partition_in_trouble_then_the_others_go_on(ledger: Ledger, servers: Stack):
    ledger.failing = {0: 4}
    await produce(servers, ledger.topic, 50, partition=0)
    await produce(servers, ledger.topic, 50, partition=1)
    async with running(ledger, servers, "a"):
        await until(lambda: _of(ledger, 1, 50), 10)
        assert ledger.failing[0] > 0
        await until(lambda: ledger.is_whole(100), 30)


async def test_given_a_client_that_skips_the_last_records_then_the_watchdog_takes_them_back(
    ledger: Ledger, servers: Stack, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(consuming, "WATCH_SECONDS", 0.2)
    await produce(servers, ledger.topic, 20, partition=0)
    async with running(ledger, servers, "a") as consumer:
        await until(lambda: ledger.is_whole(20), 10)
        place = TopicPartition(ledger.topic, 0)
        consumer.consumer.pause(place)
        await produce(servers, ledger.topic, 10, partition=0)
        consumer.consumer.seek(place, 30)
        consumer.consumer.resume(place)
        await until(lambda: ledger.is_whole(30), 20)


async def test_given_a_client_that_skips_in_the_middle_then_nothing_after_it_is_settled_before(
    ledger: Ledger, servers: Stack
):
    await produce(servers, ledger.topic, 20, partition=0)
    async with running(ledger, servers, "a") as consumer:
        await until(lambda: ledger.is_whole(20), 10)
        place = TopicPartition(ledger.topic, 0)
        consumer.consumer.pause(place)
        await produce(servers, ledger.topic, 10, partition=0)
        consumer.consumer.seek(place, 25)
        consumer.consumer.resume(place)
        await until(lambda: ledger.is_whole(30), 20)


async def test_given_a_topic_that_ends_before_our_offset_then_the_process_asks_to_be_stopped(
    ledger: Ledger, servers: Stack
):
    await produce(servers, ledger.topic, 3, partition=0)
    async with ledger.pool.acquire() as conn:
        await begin(conn, ledger.group, TopicPartition(ledger.topic, 0), 100)
    async with running(ledger, servers, "a") as consumer:
        with pytest.raises(RuntimeError, match="made anew"):
            await asyncio.wait_for(consumer.failed, 20)

    assert await ledger.count() == 0


async def test_given_a_member_that_comes_back_under_its_name_then_it_goes_on_where_it_was(
    ledger: Ledger, servers: Stack
):
    for round_ in range(1, 4):
        await produce(servers, ledger.topic, 100)
        async with running(ledger, servers, "a"):
            await until(lambda total=round_ * 100: ledger.is_whole(total), 20)


async def test_given_offsets_on_their_way_to_kafka_when_it_stops_then_no_connection_is_left(
    ledger: Ledger, servers: Stack, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(positions, "END_SECONDS", 0.2)
    await produce(servers, ledger.topic, 60)
    async with running(ledger, servers, "a") as consumer:
        await until(lambda: ledger.is_whole(60), 20)
        client = consumer.consumer
        assert client is not None
        close, one_at_a_time = client._client.close, client._coordinator._commit_lock
        await one_at_a_time.acquire()
        for tp in client.assignment():
            consumer._commits._taken.clear()
            consumer._commits.tell(client, tp, consumer._next[tp])

        async def closed_while_offsets_wait() -> None:
            await close()
            one_at_a_time.release()
            await asyncio.sleep(0.3)

        monkeypatch.setattr(client._client, "close", closed_while_offsets_wait)

    assert not [one for one in client._client._conns.values() if one.connected()]


async def test_given_records_larger_than_what_is_asked_for_at_once_then_each_comes_alone(
    ledger: Ledger, servers: Stack
):
    larger = consuming.PARTITION_BYTES + 1
    for size in (200, larger, 200, 7 * larger):
        await produce(servers, ledger.topic, 2, partition=0, size=size)

    async with running(ledger, servers, "a"):
        await until(lambda: ledger.is_whole(8), 20)


async def _at_least(ledger: Ledger, count: int) -> bool:
    return await ledger.count() >= count


async def _of(ledger: Ledger, part: int, count: int) -> bool:
    found = await ledger.pool.fetchval("SELECT count(*) FROM seen WHERE part = $1", part)
    return bool(found == count)
