"""What the Kafka client says of itself and of positions, and what Kafka is told of them."""

import asyncio
from collections.abc import Mapping

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from plumbing.logs import describe

log = structlog.get_logger()

#: So long at most is waited for what Kafka is being told when we end.
END_SECONDS = 3


class ClientEnded(Exception):
    """A task inside the client has ended: it reads nothing more, and only a new process will."""


def runs(consumer: AIOKafkaConsumer) -> bool:
    """Return whether the client's inner tasks run: they can end while everything waits."""
    return not any(task.done() for task in _inner(consumer))


def unbroken(consumer: AIOKafkaConsumer | None) -> AIOKafkaConsumer | None:
    """Return the client as it is; raises ClientEnded, from its reason, when a task has ended."""
    for task in _inner(consumer) if consumer is not None else ():
        if task.done():
            raise ClientEnded from None if task.cancelled() else task.exception()
    return consumer


def _inner(consumer: AIOKafkaConsumer) -> list["asyncio.Task[None]"]:
    fetcher, coordinator = consumer._fetcher, consumer._coordinator
    tasks = [getattr(fetcher, "_fetch_task", None)]
    tasks.append(getattr(coordinator, "_coordination_task", None))
    return [task for task in tasks if task is not None]


def is_behind(consumer: AIOKafkaConsumer, following: Mapping[TopicPartition, int]) -> bool:
    """Return whether one of our partitions ends beyond its next offset."""
    ours = following.keys() & consumer.assignment()
    return any((consumer.highwater(tp) or 0) > following[tp] for tp in ours)


class Commits:
    """Commits offsets to Kafka, beside the work and one at a time per partition.

    They are for lag tools only: after a restart the database's offset counts. Whoever has them told
    again and again need not ask whether Kafka took them.
    """

    def __init__(self) -> None:
        self._latest: dict[TopicPartition, int] = {}
        self._taken: dict[TopicPartition, int] = {}
        self._under_way: dict[TopicPartition, asyncio.Task[None]] = {}
        self._ended = False

    def tell(self, consumer: AIOKafkaConsumer | None, tp: TopicPartition, offset: int) -> None:
        """Have the offset committed when the one under way is through; the latest one counts.

        One that Kafka took from us is not told again.
        """
        if self._ended or consumer is None or tp not in consumer.assignment():
            return
        if self._taken.get(tp) == offset:
            return
        self._latest[tp] = offset
        if tp not in self._under_way:
            self._under_way[tp] = asyncio.create_task(self._commit(consumer, tp))

    def forget(self, tp: TopicPartition) -> None:
        """Commit no more for the partition: it goes to someone else."""
        self._latest.pop(tp, None)
        self._taken.pop(tp, None)
        if task := self._under_way.pop(tp, None):
            task.cancel()

    async def end(self) -> None:
        """Begin no more, and wait for what is under way: call it before the client is closed.

        A closed client would connect once more for what it is asked to try again, and never close.
        """
        self._ended = True
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=END_SECONDS)
        for tp in list(self._under_way):
            self.forget(tp)

    async def _commit(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> None:
        try:
            while (offset := self._latest.pop(tp, None)) is not None:
                if await self._once(consumer, tp, offset):
                    self._taken[tp] = offset
        finally:
            if self._under_way.get(tp) is asyncio.current_task():
                del self._under_way[tp]

    @staticmethod
    async def _once(consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> bool:
        try:
            await asyncio.wait_for(consumer.commit({tp: offset}), 5)
        except Exception as error:  # the broker may be away; nothing depends on it
            log.debug("offset_commit_failed", topic=tp.topic, error=describe(error))
            return False
        return True
