"""What the log says of the dossiers of a run, and when the broker wrote it down."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.topics import LIFECYCLE
from tests.bench.whole.ground import Ground

_REGISTERED = b'"type":"vn.hotich.dossier.registered.v1"'
_SUBMITTED = b'"type":"vn.hotich.dossier.submitted.v1"'
_ACCEPTED = b'"type":"vn.hotich.dossier.accepted.v1"'
_TOLD = b'"step":"registered"'
#: The head of an event is shorter; looking no further spares what is measured.
_HEAD = 256


#: How those who count look: much at once, for looking takes from what is measured. When a record
#: was written is said by the broker.
SELDOM = {"fetch_max_wait_ms": 100, "fetch_min_bytes": 256 * 1024}


def _nothing() -> None:
    """Do nothing."""


@dataclass
class Watch:
    """Dossiers by their id, in milliseconds since 1970; `on_registered` is called for each.

    `said_at` is when it was last written that somebody was told of an entry in the register; what
    comes later than that, as a child's personal number, is not waited for.
    """

    registered: dict[bytes, int] = field(default_factory=dict)
    accepted: set[bytes] = field(default_factory=set)
    references: dict[bytes, str] = field(default_factory=dict)
    said_at: int = 0
    on_registered: Callable[[], None] = _nothing

    def see(self, topic: str, key: bytes, value: bytes, at: int) -> None:
        """Take a record in."""
        if topic == LIFECYCLE["notifier"].name:
            if _TOLD in value:
                self.said_at = max(self.said_at, at)
            return
        head = value[:_HEAD]
        if _REGISTERED in head:
            if key not in self.registered:
                self.registered[key] = at
                self.on_registered()
        elif _ACCEPTED in head:
            self.accepted.add(key)
        elif _SUBMITTED in head:
            self.references[key] = json.loads(value)["data"]["portal_reference"]


@asynccontextmanager
async def watching(ground: Ground, *services: str) -> AsyncIterator[Watch]:
    """Follow the topics of these services from their present ends, as long as the block lasts."""
    watch = Watch()
    consumer = AIOKafkaConsumer(**ground.status.kafka_client(), **SELDOM, enable_auto_commit=False)
    await consumer.start()
    topics = [LIFECYCLE[name] for name in services]
    places = [TopicPartition(one.name, n) for one in topics for n in range(one.partitions)]
    consumer.assign(places)
    await consumer.seek_to_end(*places)
    for place in places:
        await consumer.position(place)
    task = asyncio.create_task(_follow(consumer, watch))
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await consumer.stop()


async def _follow(consumer: AIOKafkaConsumer, watch: Watch) -> None:
    while True:
        for place, batch in (await consumer.getmany(timeout_ms=500)).items():
            for record in batch:
                watch.see(place.topic, record.key or b"", record.value or b"", record.timestamp)
