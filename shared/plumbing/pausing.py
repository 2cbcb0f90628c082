"""Partitions that wait: each is paused and taken up again at the database's offset."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from plumbing.logs import describe

log = structlog.get_logger()

LONGEST_SECONDS = 10.0


class Pauses:
    """Takes each paused partition up again by itself; the others go on meanwhile."""

    def __init__(self, expected: Callable[[TopicPartition], Awaitable[int]]) -> None:
        """Have the offsets from there: the database's."""
        self._expected = expected
        self._tasks: dict[TopicPartition, asyncio.Task[None]] = {}

    def __contains__(self, tp: object) -> bool:
        """Return whether the partition waits."""
        return tp in self._tasks

    def __bool__(self) -> bool:
        """Return whether any partition waits."""
        return bool(self._tasks)

    def pause(self, consumer: AIOKafkaConsumer | None, tp: TopicPartition, seconds: float) -> None:
        """Read nothing of the partition for so long, and longer while the database is away."""
        if consumer is None or tp not in consumer.assignment():
            return
        consumer.pause(tp)
        if tp not in self._tasks:
            self._tasks[tp] = asyncio.create_task(self._resume(consumer, tp, seconds))

    def forget(self, tp: TopicPartition) -> None:
        """Take the partition up no more: it goes to someone else."""
        if task := self._tasks.pop(tp, None):
            task.cancel()

    def end(self) -> None:
        """Take nothing up any more."""
        for tp in list(self._tasks):
            self.forget(tp)

    async def _resume(self, consumer: AIOKafkaConsumer, tp: TopicPartition, seconds: float) -> None:
        try:
            while True:
                await asyncio.sleep(seconds)
                try:
                    seek(consumer, tp, await self._expected(tp))
                    break
                except Exception as error:  # nobody else would take the partition up again
                    log.warning("partition_still_waits", topic=tp.topic, error=describe(error))
                    seconds = min(seconds * 2, LONGEST_SECONDS)
            if tp in consumer.assignment():
                consumer.resume(tp)
        finally:
            if self._tasks.get(tp) is asyncio.current_task():
                del self._tasks[tp]


def seek(consumer: AIOKafkaConsumer | None, tp: TopicPartition, offset: int) -> None:
    """Read on from there, if the partition is still this client's."""
    if consumer is not None and tp in consumer.assignment():
        consumer.seek(tp, offset)
