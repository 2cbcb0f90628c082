"""What the broker-trap tests share: a topic, a FastStream consumer, notes on rebalances."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage

Headers = Sequence[tuple[str, bytes | None]]

BAD_HEADERS: dict[str, Headers] = {
    "None header": [("kind", None)],
    "non-UTF-8 header": [("kind", b"\xff")],
}
CONSUMER_OPTIONS: dict[str, Any] = {
    "ack_policy": AckPolicy.MANUAL,
    "auto_offset_reset": "earliest",
    "heartbeat_interval_ms": 200,
    "rebalance_timeout_ms": 30_000,
}


class Bench:
    """A topic of its own, a producer, and what a test asks the broker."""

    def __init__(self, bootstrap: str, producer: AIOKafkaProducer, admin: AIOKafkaAdminClient):
        self.bootstrap, self.producer, self.admin = bootstrap, producer, admin
        self.topic = f"traps-{uuid4()}"

    async def make_topic(self, partitions: int = 1, config: dict[str, str] | None = None) -> None:
        new = NewTopic(self.topic, partitions, 1, topic_configs=config or {})
        await self.admin.create_topics([new])

    async def send(self, value: bytes | None, *, partition: int = 0, headers: Headers = ()) -> None:
        await self.producer.send_and_wait(
            self.topic, value, key=b"k", partition=partition, headers=list(headers)
        )

    async def send_together(self, *kinds: bytes) -> None:
        """One record for each kind, in one batch: a fetch gives all of them or none."""
        batch = self.producer.create_batch()
        for kind in kinds:
            batch.append(key=None, value=b"", timestamp=None, headers=[("kind", kind)])
        await (await self.producer.send_batch(batch, self.topic, partition=0))

    async def committed(self, partition: int = 0) -> int:
        """The group's committed offset; the group has the topic's name. -1 when there is none."""
        offsets = await self.admin.list_consumer_group_offsets(self.topic)
        found = offsets.get(TopicPartition(self.topic, partition))
        return found.offset if found else -1

    async def read(self, count: int) -> list[Any]:
        """The first `count` records of the topic, whatever their partition."""
        consumer = AIOKafkaConsumer(
            self.topic, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest"
        )
        async with consumer:
            return [await consumer.getone() for _ in range(count)]

    @asynccontextmanager
    async def consuming(
        self,
        handler: Callable[[KafkaMessage], Awaitable[None]],
        *,
        parser: Any = None,
        filter: Any = lambda message: True,
        **options: Any,
    ) -> AsyncIterator[Any]:
        """A running FastStream subscriber whose handler is given the message itself."""
        broker = KafkaBroker(
            self.bootstrap, logger=None, apply_types=False, allow_auto_create_topics=False
        )
        options = CONSUMER_OPTIONS | options
        subscriber = broker.subscriber(
            self.topic, group_id=self.topic, parser=parser, decoder=whole_message, **options
        )
        subscriber(handler, filter=filter)
        if listener := options.get("listener"):
            listener.subscriber = subscriber
        await broker.start()
        try:
            yield subscriber
        finally:
            await broker.stop()


@asynccontextmanager
async def open_bench(bootstrap: str) -> AsyncIterator[Bench]:
    """A bench on the broker; it leaves its topic and its group behind."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        async with producer:
            yield Bench(bootstrap, producer, admin)
    finally:
        await admin.close()


async def whole_message(message: KafkaMessage) -> KafkaMessage:
    return message


async def total_parser(records: Any) -> KafkaMessage:
    """A message that hands on the raw records and looks at nothing: it cannot raise."""
    return KafkaMessage(raw_message=records, body=b"", consumer=FAKE_CONSUMER)


class Noting(ConsumerRebalanceListener):  # type: ignore[misc]
    """Writes rebalances down; drains before it lets go, and seeks when it is told to."""

    subscriber: Any

    def __init__(self, name: str, notes: list[str], *, drain: bool = False, seek_to: int = -1):
        self.name, self.notes, self.drain, self.seek_to = name, notes, drain, seek_to
        self.revoking = asyncio.Event()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if revoked:
            self.notes.append(f"{self.name} lets go")
            self.revoking.set()
        if self.drain:
            await self.subscriber.lock.wait_release(20)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.notes.append(f"{self.name} owns {len(assigned)}")
        for partition in assigned if self.seek_to >= 0 else ():
            self.subscriber.consumer.seek(partition, self.seek_to)
