"""Offsets without a record, on a real broker: passed after a second look, unlike a skip."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from local_stack.stack import Stack
from plumbing import consuming
from plumbing.consuming import Consumer
from plumbing.database import Conn
from plumbing.inlets import Settled
from plumbing.offsets import NotOwner
from tests.integration.core_kit import until
from tests.integration.test_core_consuming import Ledger, produce, running
from tests.integration.test_core_consuming import ledger as ledger  # a fixture

#: Nothing was behind at the moment of asking.
AT_ONCE = 0.05


@pytest.fixture
def quick_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the watchdog look at once."""
    monkeypatch.setattr(consuming, "WATCH_SECONDS", 0.2)


async def nothing_is_behind(consumer: Consumer) -> None:
    """Wait until the consumer says so, and see that it stays so: what is behind only gets older."""
    await until(lambda: consumer.stalled_seconds() < AT_ONCE)
    await asyncio.sleep(3 * AT_ONCE)
    assert consumer.stalled_seconds() < AT_ONCE


@pytest.fixture
def no_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the batches alone find what is missing."""
    monkeypatch.setattr(consuming, "WATCH_SECONDS", 600)


@pytest.fixture(params=["whole", "compacted"])
def either(request: pytest.FixtureRequest, ledger: Ledger) -> Ledger:
    """Return a ledger whose topic is whole, and one whose topic is compacted."""
    ledger.compacted = {ledger.topic} if request.param == "compacted" else set()
    return ledger


@pytest.mark.usefixtures("no_watchdog")
async def test_given_a_marker_between_records_then_what_follows_it_is_settled(
    either: Ledger, servers: Stack
):
    holes, skips = counted("offset_holes"), counted("client_skips")

    with capture_logs() as logs:
        async with running(either, servers, "a"):
            await produce_in_a_transaction(servers, either.topic)
            await until(lambda: reached(either, 1), 10)
            await produce(servers, either.topic, 20, partition=0)
            await until(lambda: reached(either, 22), 10)

    assert await either.count() == 21
    assert (counted("offset_holes") - holes, counted("client_skips") - skips) == (1, 0)
    assert [told["event"] for told in logs if "expected" in told] == [
        "gap_looked_at_again",
        "records_missing_in_topic",
    ]


@pytest.mark.usefixtures("quick_watchdog")
async def test_given_a_marker_at_the_end_then_nothing_is_behind(either: Ledger, servers: Stack):
    async with running(either, servers, "a") as consumer:
        await produce_in_a_transaction(servers, either.topic)
        await until(lambda: reached(either, 2), 10)

        await nothing_is_behind(consumer)
        await produce(servers, either.topic, 5, partition=0)
        await until(lambda: reached(either, 7), 10)

    assert await either.count() == 6


@pytest.mark.usefixtures("no_watchdog")
async def test_given_a_client_that_skips_in_the_middle_then_it_is_taken_back_and_that_is_counted(
    either: Ledger, servers: Stack
):
    await a_client_that_skips(either, servers, to=25)


@pytest.mark.usefixtures("quick_watchdog")
async def test_given_a_client_that_skips_the_last_then_it_is_taken_back_and_that_is_counted(
    either: Ledger, servers: Stack
):
    await a_client_that_skips(either, servers, to=30)


@pytest.mark.usefixtures("quick_watchdog")
async def test_given_all_records_expired_unread_then_the_database_moves_on_and_nothing_is_behind(
    ledger: Ledger, servers: Stack
):
    await produce(servers, ledger.topic, 50, partition=0)
    await expire(servers, TopicPartition(ledger.topic, 0), before=50)

    async with running(ledger, servers, "a") as consumer:
        await until(lambda: reached(ledger, 50), 10)

        await nothing_is_behind(consumer)
        await produce(servers, ledger.topic, 1, partition=0)
        await until(lambda: reached(ledger, 51), 10)

    assert await ledger.count() == 1


@pytest.mark.usefixtures("no_watchdog")
async def test_given_records_expired_while_we_were_away_then_it_is_told_and_the_rest_is_settled(
    ledger: Ledger, servers: Stack
):
    await produce(servers, ledger.topic, 10, partition=0)
    async with running(ledger, servers, "a"):
        await until(lambda: ledger.is_whole(10), 10)
    await produce(servers, ledger.topic, 20, partition=0)
    await expire(servers, TopicPartition(ledger.topic, 0), before=25)

    with capture_logs() as logs:
        async with running(ledger, servers, "a"):
            await until(lambda: reached(ledger, 30), 10)

    assert await ledger.count() == 15
    told = [(row["expected"], row["found"]) for row in logs if row["event"].endswith("unread")]
    assert told == [(10, 25)]


async def test_given_a_lost_partition_and_a_database_that_refuses_then_it_is_taken_up_again(
    ledger: Ledger, servers: Stack
):
    hiding: list[asyncio.Task[str]] = []

    async def lose_it_once(conn: Conn, records: Sequence[Any], now: datetime) -> Settled:
        if hiding:
            return await ledger.settle(conn, records, now)
        # Waits for this transaction's lock: the table is away when the offset is asked for.
        hide = "ALTER TABLE consumer_offset RENAME TO hidden"
        hiding.append(asyncio.create_task(ledger.pool.execute(hide)))
        await until(lambda: waits_for_a_lock(ledger))
        raise NotOwner

    async with running(ledger, servers, "a") as consumer:
        consumer._settler.inlets = {ledger.topic: lose_it_once}
        with capture_logs() as logs:
            await produce(servers, ledger.topic, 10, partition=0)
            await until(lambda: any(row["event"] == "partition_still_waits" for row in logs))
        await ledger.pool.execute("ALTER TABLE hidden RENAME TO consumer_offset")
        await until(lambda: reached(ledger, 10), 15)


async def test_given_kafka_does_not_answer_commits_then_work_goes_on_and_the_last_one_counts(
    ledger: Ledger, servers: Stack
):
    asked: list[int] = []
    answers = asyncio.Event()
    place = TopicPartition(ledger.topic, 0)

    async def commit(offsets: dict[TopicPartition, int]) -> None:
        asked.append(offsets[place])
        await answers.wait()

    async with running(ledger, servers, "a") as consumer:
        await until(lambda: consumer.assigned)
        consumer.consumer.commit = commit
        for total in range(1, 5):
            await produce(servers, ledger.topic, 1, partition=0)
            await until(lambda total=total: ledger.is_whole(total), 3)
        assert asked == [1]
        answers.set()
        await until(lambda: asked == [1, 4])


async def test_given_a_commit_under_way_when_the_partition_goes_then_it_is_cancelled(
    ledger: Ledger, servers: Stack
):
    told: list[str] = []
    place = TopicPartition(ledger.topic, 0)

    async def commit(_: dict[TopicPartition, int]) -> None:
        told.append("asked")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    async with running(ledger, servers, "a") as consumer:
        await until(lambda: consumer.assigned)
        consumer.consumer.commit = commit
        await produce(servers, ledger.topic, 1, partition=0)
        await until(lambda: told == ["asked"])

        await consumer.on_partitions_revoked({place})

        await until(lambda: told == ["asked", "cancelled"], 2)


async def produce_in_a_transaction(servers: Stack, topic: str) -> None:
    """Write one record to partition 0; the commit's marker takes the offset after it.

    The broker says that it is committed before it writes the marker: we return when it is there.
    """
    bootstrap = servers.status().kafka
    place = TopicPartition(topic, 0)
    async with (
        AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=uuid4().hex) as producer,
        AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer,
    ):
        async with producer.transaction():
            await producer.send_and_wait(topic, b"from a transaction", partition=0)
        while (await consumer.end_offsets([place]))[place] < 2:
            await asyncio.sleep(0.01)


async def a_client_that_skips(ledger: Ledger, servers: Stack, to: int) -> None:
    """Make the client skip from 20 to a place before 31: all is settled, a skip is counted.

    What a fetch under way brought in spite of the pause is not skipped; then it is made to again.
    """
    holes, skips = counted("offset_holes"), counted("client_skips")
    place, total = TopicPartition(ledger.topic, 0), 20
    await produce(servers, ledger.topic, total, partition=0)
    async with running(ledger, servers, "a") as consumer:
        await until(lambda: ledger.is_whole(total), 10)
        while counted("client_skips") == skips and total < 80:
            consumer.consumer.pause(place)
            await produce(servers, ledger.topic, 10, partition=0)
            consumer.consumer.seek(place, total - 20 + to)
            consumer.consumer.resume(place)
            total += 10
            await until(partial(ledger.is_whole, total), 10)

    assert (counted("offset_holes") - holes, counted("client_skips") - skips) == (0, 1)


async def expire(servers: Stack, place: TopicPartition, before: int) -> None:
    """Let the broker delete what lies before that offset, as its retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.status().kafka)
    await admin.start()
    try:
        await admin.delete_records({place: RecordsToDelete(before_offset=before)})
    finally:
        await admin.close()


async def reached(ledger: Ledger, offset: int) -> bool:
    """Return whether the database is at that offset of partition 0."""
    return bool(
        await ledger.pool.fetchval(
            "SELECT next_offset = $1 FROM consumer_offset WHERE part = 0", offset
        )
    )


async def waits_for_a_lock(ledger: Ledger) -> bool:
    """Return whether a session of this database waits for a table."""
    return bool(
        await ledger.pool.fetchval(
            "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_class ON oid = relation"
            " WHERE relname = 'consumer_offset' AND NOT granted)"
        )
    )


def counted(what: str) -> float:
    """Return how often the metric has counted so far."""
    return REGISTRY.get_sample_value(f"dossiers_{what}_total", {"service": "notifier"}) or 0.0
