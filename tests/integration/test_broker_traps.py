"""What rebalances, batches and producers really do; docs/broker-facts.md tells it in words."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError, OutOfOrderSequenceNumber
from faststream.kafka import KafkaBroker, KafkaPublishMessage
from faststream.kafka.message import KafkaMessage

from tests.integration.trap_bench import Bench, Noting, open_bench

pytestmark = pytest.mark.timeout(40)


@pytest.fixture(scope="session")
def kafka_bootstrap(servers: Any) -> str:
    return servers.status().kafka


@pytest.fixture
async def bench(kafka_bootstrap: str) -> AsyncIterator[Bench]:
    async with open_bench(kafka_bootstrap) as bench:
        yield bench


async def test_given_a_handler_at_work_when_a_consumer_joins_then_both_hold_the_same_record(
    bench: Bench,
):
    may_end = asyncio.Event()
    committed_by_late_ack: list[int] = []
    held: asyncio.Queue[list[int]] = asyncio.Queue()
    moved: asyncio.Queue[list[int]] = asyncio.Queue()

    async def slow(message: KafkaMessage) -> None:
        held.put_nowait(sorted(record.partition for record in message.raw_message))
        await may_end.wait()
        await message.ack()
        committed_by_late_ack.extend([await bench.committed(0), await bench.committed(1)])

    async def other(message: KafkaMessage) -> None:
        moved.put_nowait([record.partition for record in message.raw_message])

    await bench.make_topic(2)
    await bench.send(b"", partition=0)
    await bench.send(b"", partition=1)
    async with bench.consuming(slow, batch=True):
        held_first = await held.get()
        async with bench.consuming(other, batch=True):
            held_by_other = await moved.get()
            may_end.set()
            held_again = await held.get()

    assert held_first == [0, 1]
    assert sorted(held_by_other + held_again) == [0, 1]
    assert max(committed_by_late_ack[:2]) <= 0


async def test_given_a_drain_on_revoke_when_a_consumer_joins_then_it_waits_and_sees_nothing_twice(
    bench: Bench,
):
    notes: list[str] = []
    at_work = asyncio.Event()
    offsets: asyncio.Queue[int] = asyncio.Queue()
    draining = Noting("first", notes, drain=True)

    async def slow(message: KafkaMessage) -> None:
        ends = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in message.raw_message}
        if not at_work.is_set():
            at_work.set()
            await draining.revoking.wait()
            for _ in range(50):  # work that lasts longer than a rebalance
                await bench.admin.describe_cluster()
            await draining.subscriber.consumer.commit(ends)
            notes.append("first has committed")
        else:
            offsets.put_nowait(message.raw_message[0].offset)

    async def other(message: KafkaMessage) -> None:
        offsets.put_nowait(message.raw_message[0].offset)

    await bench.make_topic(2)
    await bench.send(b"", partition=0)
    await bench.send(b"", partition=1)
    async with bench.consuming(slow, batch=True, listener=draining):
        await at_work.wait()
        async with bench.consuming(other, batch=True, listener=Noting("second", notes)):
            await bench.send(b"", partition=0)
            await bench.send(b"", partition=1)
            after = [await offsets.get(), await offsets.get()]

    assert notes[:3] == ["first owns 2", "first lets go", "first has committed"]
    assert after == [1, 1]


async def test_given_a_batch_subscriber_when_partitions_have_records_then_one_batch_mixes_them(
    bench: Bench,
):
    batches: asyncio.Queue[set[int]] = asyncio.Queue()

    async def handler(message: KafkaMessage) -> None:
        batches.put_nowait({record.partition for record in message.raw_message})

    await bench.make_topic(2)
    await bench.send(b"", partition=0)
    await bench.send(b"", partition=1)
    async with bench.consuming(handler, batch=True):
        partitions = await batches.get()

    assert partitions == {0, 1}


async def test_given_a_filter_when_records_come_in_batches_then_the_first_one_speaks_for_all(
    bench: Bench,
):
    seen: asyncio.Queue[int] = asyncio.Queue()
    handled: list[list[int]] = []

    def is_wanted(message: KafkaMessage) -> bool:
        seen.put_nowait(message.raw_message[0].offset)
        return message.headers["kind"] == "wanted"

    async def handler(message: KafkaMessage) -> None:
        handled.append([record.offset for record in message.raw_message])

    await bench.make_topic()
    async with bench.consuming(handler, batch=True, filter=is_wanted) as subscriber:
        await bench.send_together(b"wanted", b"other")
        await seen.get()
        await bench.send_together(b"other", b"wanted")
        await seen.get()
        await subscriber.lock.wait_release(10)
        position = await subscriber.consumer.position(TopicPartition(bench.topic, 0))

    assert handled == [[0, 1]]
    assert position == 4


async def test_given_publish_batch_when_keys_differ_then_one_partition_gets_all_and_headers_go(
    bench: Bench,
):
    messages = [
        KafkaPublishMessage(
            b"", key=b"%d" % n, headers={"n": str(n)}, timestamp_ms=n + 1, correlation_id=str(n)
        )
        for n in range(8)
    ]
    await bench.make_topic(4)
    async with KafkaBroker(bench.bootstrap, logger=None) as broker:
        await broker.publish_batch(*messages, topic=bench.topic)
    batched = await bench.read(8)
    for record in batched:
        await bench.producer.send_and_wait(bench.topic, b"", key=record.key)
    everything = await bench.read(16)

    assert {record.key for record in batched} == {message.key for message in messages}
    assert len({record.partition for record in batched}) == 1
    assert not any("n" in dict(record.headers) for record in batched)
    assert len({dict(record.headers)["correlation_id"] for record in batched}) == 1
    assert min(record.timestamp for record in batched) > 8
    assert len({record.partition for record in everything}) > 1


async def test_given_an_offset_of_our_own_when_a_partition_is_assigned_then_reading_starts_there(
    bench: Bench,
):
    offsets: asyncio.Queue[int] = asyncio.Queue()

    async def handler(message: KafkaMessage) -> None:
        offsets.put_nowait(message.raw_message[0].offset)

    await bench.make_topic()
    for _ in range(3):
        await bench.send(b"")
    async with bench.consuming(handler, batch=True, listener=Noting("ours", [], seek_to=2)):
        first = await offsets.get()

    assert first == 2


@pytest.mark.parametrize("idempotent", [True, False])
async def test_given_a_refused_record_when_more_is_sent_then_only_an_idempotent_producer_is_dead(
    bench: Bench, idempotent: bool
):
    await bench.make_topic(config={"max.message.bytes": "1000"})
    async with AIOKafkaProducer(
        bootstrap_servers=bench.bootstrap, acks="all", enable_idempotence=idempotent
    ) as producer:
        await producer.send_and_wait(bench.topic, b"small")
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(bench.topic, bytes(5000))
        for _ in range(3):
            if idempotent:
                with pytest.raises(OutOfOrderSequenceNumber):
                    await producer.send_and_wait(bench.topic, b"small")
            else:
                await producer.send_and_wait(bench.topic, b"small")
