"""How far behind its topics a process is: records, and the age of the oldest that waits."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from plumbing.database import Conn
from plumbing.inlets import Settle
from plumbing.sequencing import Record

_NEXT = "SELECT topic, part, next_offset FROM consumer_offset WHERE grp = $1"


@dataclass(frozen=True)
class Lag:
    """What waits in the partitions of one topic that this process has.

    `oldest_seconds` is the age of the oldest record that waits, zero when none does.
    """

    topic: str
    partitions: int
    waiting: int
    oldest_seconds: float


@dataclass(frozen=True)
class _Brought:
    """A batch that was brought: the offset and time of its first record, the time of its last."""

    first: int
    first_at: float
    last_at: float


@dataclass
class Lags:
    """Notes what is brought to the inlets of one process, and compares it with the topics' ends.

    `wall` and `steady` give seconds: by the calendar, and for spans.
    """

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    _brought: dict[TopicPartition, _Brought] = field(default_factory=dict)
    _behind: dict[TopicPartition, float] = field(default_factory=dict)

    def noting(self, settle: Settle) -> Settle:
        """Return the inlet, which from now on notes what it is given."""

        async def noted(conn: Conn, records: Sequence[Record], now: datetime) -> Any:
            self.note(records)
            return await settle(conn, records, now)

        return noted

    def note(self, records: Sequence[Record]) -> None:
        """Note a batch, of each partition in order."""
        firsts: dict[tuple[str, int], Record] = {}
        lasts: dict[tuple[str, int], Record] = {}
        for record in records:
            place = record.topic, record.partition
            firsts.setdefault(place, record)
            lasts[place] = record
        for place, first in firsts.items():
            self._brought[TopicPartition(*place)] = _Brought(
                first.offset, first.timestamp / 1000, lasts[place].timestamp / 1000
            )

    async def load(
        self, conn: Conn, group: str, consumer: AIOKafkaConsumer | None
    ) -> list[Lag] | None:
        """Return the lag by topic; None while this process has no partitions."""
        if consumer is None or not consumer.assignment():
            return None
        rows = await conn.fetch(_NEXT, group)
        following = {TopicPartition(row["topic"], row["part"]): row["next_offset"] for row in rows}
        ends = {tp: consumer.highwater(tp) for tp in consumer.assignment()}
        return self.of(following, ends)

    def of(
        self, following: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int | None]
    ) -> list[Lag]:
        """Return the lag by topic of the partitions in `ends`.

        `following`: the next offset to settle, by partition; `ends`: where each ended when Kafka
        last answered, None while it never did.
        """
        self._behind = {tp: since for tp, since in self._behind.items() if tp in ends}
        by_topic: dict[str, list[tuple[int, float]]] = {}
        for tp, end in sorted(ends.items()):
            waiting = max(0, (end or 0) - following.get(tp, 0))
            age = self._age(tp, following.get(tp, 0)) if waiting else self._caught_up(tp)
            by_topic.setdefault(tp.topic, []).append((waiting, age))
        return [
            Lag(topic, len(found), sum(n for n, _ in found), max(age for _, age in found))
            for topic, found in by_topic.items()
        ]

    def _caught_up(self, tp: TopicPartition) -> float:
        self._behind.pop(tp, None)
        return 0.0

    def _age(self, tp: TopicPartition, following: int) -> float:
        known_behind = self.steady() - self._behind.setdefault(tp, self.steady())
        brought = self._brought.get(tp)
        if brought is None:
            return known_behind
        if brought.first >= following:
            return max(0.0, self.wall() - brought.first_at)
        # The record that waits came after the last one that was brought, and was waiting already
        # whenever it was looked.
        return min(known_behind, max(0.0, self.wall() - brought.last_at))
