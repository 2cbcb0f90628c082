"""Kafka as the core sees it: partitions with holes, a group that rebalances, a lying producer."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaTimeoutError
from faststream._internal.endpoint.subscriber.utils import MultiLock

from plumbing.consuming import Consumer
from plumbing.holes import Holes
from plumbing.pausing import Pauses
from plumbing.positions import Commits
from plumbing.relay import Relay
from plumbing.settling import Settler
from tests.simulation.loop import CURRENT, SimulatedLoop
from tests.simulation.trouble import Trouble

SESSION_SECONDS = 10.0


@dataclass
class Partition:
    """Records by offset; None is an offset that no record has."""

    records: list[Any] = field(default_factory=list)
    skipped: set[int] = field(default_factory=set)

    def after(self, position: int, most: int) -> tuple[list[Any], int]:
        """Return up to `most` records from a position on, and the position behind them."""
        found: list[Any] = []
        while position < len(self.records) and len(found) < most:
            if self.records[position] is not None:
                found.append(self.records[position])
            position += 1
        return found, position


@dataclass
class Group:
    """Who has which partition; a member that is silent for too long has none."""

    partitions: Sequence[TopicPartition]
    members: list[str] = field(default_factory=list)
    generation: int = 0

    def join(self, member: str) -> None:
        """Take a member in, or in again."""
        if member not in self.members:
            self.members = sorted([*self.members, member])
            self.generation += 1

    def leave(self, member: str) -> None:
        """Count on a member no longer."""
        if member in self.members:
            self.members.remove(member)
            self.generation += 1

    def share(self, member: str) -> list[TopicPartition]:
        """Return what the member has in this generation; another each time."""
        if member not in self.members:
            return []
        count = len(self.members)
        mine = (self.members.index(member) + self.generation) % count
        return [tp for n, tp in enumerate(self.partitions) if n % count == mine]


class Client:
    """What the core's consumer uses of aiokafka's: positions of its own, moved before the work."""

    def __init__(self, log: dict[TopicPartition, Partition], trouble: Trouble) -> None:
        self._log, self.trouble = log, trouble
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        # It has no tasks of its own that could end.
        self._fetcher = self._coordinator = None

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Start at the beginning of each partition, as if no commit had ever arrived."""
        self._positions = dict.fromkeys(partitions, 0)
        self._paused = set()

    def poll(self, most: int) -> list[Any]:
        """Return records; now and then the client skips some, each at most once."""
        records: list[Any] = []
        for tp, position in self._positions.items():
            if tp in self._paused:
                continue
            part = self._log[tp]
            fresh = position < len(part.records) and position not in part.skipped
            if fresh and self.trouble.happens("skip", self.trouble.faults.lost_answer / 10):
                part.skipped.add(position)
                position = min(
                    position + 1 + int(self.trouble.loop.rng.random() * 3), len(part.records)
                )
            found, self._positions[tp] = part.after(position, most)
            records += found
        return records

    def assignment(self) -> Any:
        """Return the partitions of this member, in the same order in every run."""
        return self._positions.keys()

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Move the position."""
        self._positions[tp] = offset

    def pause(self, tp: TopicPartition) -> None:
        """Give nothing of the partition for now."""
        self._paused.add(tp)

    def resume(self, tp: TopicPartition) -> None:
        """Give of the partition again."""
        self._paused.discard(tp)

    def highwater(self, tp: TopicPartition) -> int:
        """Return where the partition ends."""
        return len(self._log[tp].records)

    async def position(self, tp: TopicPartition) -> int:
        """Return the position."""
        await asyncio.sleep(0)
        return self._positions[tp]

    async def beginning_offsets(self, tps: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Return 0 for each: nothing expires."""
        await asyncio.sleep(0)
        return dict.fromkeys(tps, 0)

    async def commit(self, _: dict[TopicPartition, int]) -> None:
        """Forget it: the core must not depend on it."""
        await asyncio.sleep(0)


class Member(Consumer):
    """The core's consumer with a client of ours below it instead of FastStream's subscriber."""

    def __init__(self, settler: Settler, client: Client) -> None:
        self._settler = settler
        self._holes = Holes(settler, set())
        self._commits = Commits()
        self._next = {}
        self._pauses = Pauses(self._expected)
        self._moved_at = 0.0
        self._client, self._trouble = client, client.trouble
        self._working = MultiLock()
        self.failed = asyncio.get_running_loop().create_future()

    @property
    def consumer(self) -> Any:
        """Return the client."""
        return self._client

    @property
    def _lock(self) -> MultiLock:
        return self._working

    async def consume(self, group: Group, name: str, batch: int, idle: float) -> None:
        """Poll and settle, through every rebalance, until cancelled."""
        generation = -1
        while not self.failed.done():
            group.join(name)
            if self._trouble.happens("rebalance", self._trouble.faults.rebalance):
                group.generation += 1
            if generation != group.generation:
                await self.on_partitions_revoked(self._client.assignment())
                generation = group.generation
                self._client.assign(group.share(name))
                await self.on_partitions_assigned(self._client.assignment())
            elif records := self._client.poll(batch):
                with self._working:
                    await self._on_batch(records)
                continue
            await asyncio.sleep(idle)


@dataclass
class Producer:
    """Delivers, loses, delivers without saying so, or says no and delivers later all the same."""

    loop: SimulatedLoop
    trouble: Trouble
    topic: list[tuple[str, bytes, bytes | None]]
    loss: float

    async def send(
        self, topic: str, *, value: bytes | None, key: bytes, headers: Sequence[Any]
    ) -> "asyncio.Future[None]":
        """Begin a record; the future tells what is known of it."""
        await self.trouble("send")
        process = CURRENT.get()
        future: asyncio.Future[None] = self.loop.create_future()
        if process is None or process.dead:
            return future
        record = (topic, key, value)
        if self.trouble.happens("record lost", self.loss):
            future.set_exception(KafkaTimeoutError())
        elif self.trouble.happens("record without answer", self.loss):
            self.topic.append(record)
            future.set_exception(KafkaTimeoutError())
        elif self.trouble.happens("record late", self.loss):
            self.loop.outside(self.loop.rng.uniform(0, 5), self.topic.append, record)
            future.set_exception(KafkaTimeoutError())
        else:
            self.topic.append(record)
            future.set_result(None)
        return future

    async def stop(self) -> None:
        """Do nothing."""


class SimulatedRelay(Relay):
    """The core's relay with a producer of ours."""

    def __init__(self, producer: Producer) -> None:
        super().__init__("notifier", "nowhere", "nowhere")
        self._ours = producer

    async def _live_producer(self) -> AIOKafkaProducer:
        return cast(AIOKafkaProducer, self._ours)


def partitions() -> dict[TopicPartition, Partition]:
    """Return a log without records."""
    return defaultdict(Partition)
