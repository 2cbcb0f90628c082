"""Tells a hole in a topic from records the client skipped: by looking a second time."""

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from plumbing import metrics, offsets
from plumbing.settling import Settler

log = structlog.get_logger()


class Holes:
    """Remembers which gaps were looked at, until a second look tells what they are.

    A gap goes from `expected`, the offset we want, to `found`, where the client is. Whoever calls
    `look_again` seeks to `expected` in the same moment, with no record in hand.
    """

    def __init__(self, settler: Settler, compacted: set[str]) -> None:
        self._settler, self._compacted = settler, compacted
        self._looked: dict[TopicPartition, tuple[int, int]] = {}

    def look_again(self, tp: TopicPartition, expected: int, found: int) -> None:
        """Remember that the client is sent back to `expected` because it was at `found`."""
        log.info("gap_looked_at_again", topic=tp.topic, expected=expected, found=found)
        self._looked[tp] = (expected, found)

    def looked(self, tp: TopicPartition) -> tuple[int, int] | None:
        """Return the gap that was looked at again: found once more, it is a hole."""
        return self._looked.get(tp)

    def filled(self, tp: TopicPartition, expected: int) -> None:
        """Take note that the record at `expected` came: a gap there was the client's skip."""
        gap = self._looked.pop(tp, None)
        if gap is not None and gap[0] == expected:
            log.warning("client_skipped", topic=tp.topic, expected=expected, found=gap[1])
            metrics.SKIPPED.labels(self._settler.service).inc()

    def forget(self, tp: TopicPartition) -> None:
        """Forget the partition's gap: it is taken up at another place."""
        self._looked.pop(tp, None)

    async def pass_over(
        self, consumer: AIOKafkaConsumer | None, tp: TopicPartition, expected: int, found: int
    ) -> None:
        """Move the database's offset over the hole; raises NotOwner when it is not `expected`."""
        beginning = await _first_offset(consumer, tp) if consumer is not None else 0
        async with self._settler.pool.acquire() as conn:
            step = offsets.Step(tp.partition, expected, found)
            await offsets.advance(conn, self._settler.group, tp.topic, [step])
        self._looked.pop(tp, None)
        metrics.HOLES.labels(self._settler.service).inc()
        place = {"topic": tp.topic, "expected": expected, "found": found}
        if beginning <= expected:
            # A transaction's marker takes an offset. Compaction leaves holes as a matter of course.
            tell = log.info if tp.topic in self._compacted else log.warning
            tell("records_missing_in_topic", **place)
        elif expected > 0:
            log.error("records_expired_unread", **place)


async def _first_offset(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int:
    """Return the offset at which the partition begins; what lay before it has expired."""
    beginnings = await asyncio.wait_for(consumer.beginning_offsets([tp]), 10)
    return int(beginnings[tp])
