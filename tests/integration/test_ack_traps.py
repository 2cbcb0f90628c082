"""What becomes of a record that cannot be handled; docs/broker-facts.md tells it in words."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import TopicPartition
from faststream import AckPolicy
from faststream.kafka.message import KafkaMessage

from tests.integration.trap_bench import BAD_HEADERS, Bench, open_bench, total_parser

RAISES = "the handler raises"
LOSING = [
    (policy, bad)
    for policy in AckPolicy
    for bad in (RAISES, *BAD_HEADERS)
    if (policy, bad) != (AckPolicy.NACK_ON_ERROR, RAISES)
]

pytestmark = pytest.mark.timeout(40)


@pytest.fixture(scope="session")
def kafka_bootstrap(servers: Any) -> str:
    return servers.status().kafka


@pytest.fixture
async def bench(kafka_bootstrap: str) -> AsyncIterator[Bench]:
    async with open_bench(kafka_bootstrap) as bench:
        yield bench


@pytest.mark.filterwarnings("ignore:AckPolicy.REJECT_ON_ERROR")
@pytest.mark.parametrize(("policy", "bad"), LOSING)
async def test_given_a_bad_record_when_another_follows_then_it_is_acknowledged_unhandled(
    bench: Bench, policy: AckPolicy, bad: str
):
    handled: asyncio.Queue[int] = asyncio.Queue()

    async def handler(message: KafkaMessage) -> None:
        if message.raw_message.value == b"bad" and bad == RAISES:
            raise ValueError
        handled.put_nowait(message.raw_message.offset)
        if policy is AckPolicy.MANUAL:
            await message.ack()

    await bench.make_topic()
    await bench.send(b"good")
    await bench.send(b"bad", headers=BAD_HEADERS.get(bad, ()))
    await bench.send(b"good")
    async with bench.consuming(handler, ack_policy=policy):
        offsets = [await handled.get(), await handled.get()]

    assert offsets == [0, 2]
    assert await bench.committed() == 3


async def test_given_nack_on_error_when_the_handler_raises_then_it_is_called_again_at_once(
    bench: Bench,
):
    calls: asyncio.Queue[int] = asyncio.Queue()

    async def handler(message: KafkaMessage) -> None:
        calls.put_nowait(message.raw_message.offset)
        raise ValueError

    await bench.make_topic()
    await bench.send(b"bad")
    await bench.send(b"good")
    async with bench.consuming(handler, ack_policy=AckPolicy.NACK_ON_ERROR):
        offsets = [await calls.get() for _ in range(20)]

    assert set(offsets) == {0}
    assert await bench.committed() == -1


async def test_given_a_batch_with_a_bad_header_when_another_follows_then_all_of_it_is_skipped(
    bench: Bench,
):
    handled: asyncio.Queue[list[int]] = asyncio.Queue()

    async def handler(message: KafkaMessage) -> None:
        handled.put_nowait([record.offset for record in message.raw_message])

    await bench.make_topic()
    await bench.send_together(b"good", b"\xff", b"good")
    async with bench.consuming(
        handler, batch=True, ack_policy=AckPolicy.NACK_ON_ERROR
    ) as subscriber:
        while await subscriber.consumer.position(TopicPartition(bench.topic, 0)) < 3:
            await bench.admin.describe_cluster()
        await bench.send_together(b"good")
        offsets = await handled.get()

    assert offsets == [3]
    assert await bench.committed() == 4


async def test_given_a_total_parser_when_records_are_strange_then_all_arrive_and_come_back(
    bench: Bench,
):
    deliveries: asyncio.Queue[list[int]] = asyncio.Queue()
    failures = ["the database is away"]
    partition = TopicPartition(bench.topic, 0)

    async def handler(message: KafkaMessage) -> None:
        offsets = [record.offset for record in message.raw_message]
        if failures:
            failures.pop()
            subscriber.consumer.seek(partition, offsets[0])
        else:
            await subscriber.consumer.commit({partition: offsets[-1] + 1})
        deliveries.put_nowait(offsets)

    await bench.make_topic()
    await bench.send(b"good", headers=BAD_HEADERS["None header"])
    await bench.send(None)
    await bench.send(b"\xff", headers=BAD_HEADERS["non-UTF-8 header"])
    await bench.send(b"good")
    async with bench.consuming(handler, batch=True, parser=total_parser) as subscriber:
        delivered = [await deliveries.get(), await deliveries.get()]

    assert delivered == [[0, 1, 2, 3], [0, 1, 2, 3]]
    assert await bench.committed() == 4
