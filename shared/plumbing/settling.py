"""Settles what partitions bring in one transaction; a bad record costs only itself."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from aiokafka import TopicPartition

from contracts.envelope import MalformedEvent
from plumbing import carrying, metrics, observing, offsets
from plumbing.database import Pool, passing
from plumbing.deadletters import Dead, bury
from plumbing.inlets import Settle, Settled
from plumbing.logs import describe, where
from plumbing.offsets import NotOwner
from plumbing.sealing import KeyRing
from plumbing.sequencing import Record
from plumbing.together import Together

log = structlog.get_logger()


class Flood(Exception):
    """So many records fail that the fault is ours: stop, and let no more be parked."""


def condemns(error: Exception) -> bool:
    """Return whether the error is about the records; all others keep the place as it is."""
    return not (isinstance(error, NotOwner | Flood) or passing(error))


class FloodGate:
    """Counts failures in a sliding window of `seconds`; more than `limit` is a flood."""

    def __init__(self, limit: int, seconds: float = 60.0) -> None:
        self._limit, self._seconds = limit, seconds
        self._failures: deque[float] = deque()

    def count(self, failures: int = 1) -> None:
        """Count failures of this moment; raises Flood when there are too many."""
        now = time.monotonic()
        self._failures.extend([now] * failures)
        while self._failures and self._failures[0] < now - self._seconds:
            self._failures.popleft()
        if len(self._failures) > self._limit:
            raise Flood(f"more than {self._limit} records failed in {self._seconds:.0f} s")


@dataclass(frozen=True)
class Portion:
    """Records of one partition in their order, the first of which is at `expected` or after."""

    tp: TopicPartition
    records: Sequence[Record]
    expected: int

    @property
    def step(self) -> offsets.Step:
        """Return how the partition's offset moves."""
        return offsets.Step(self.tp.partition, self.expected, self.records[-1].offset + 1)


@dataclass
class Settler:
    """Runs the inlet of a topic inside the transaction that moves its partitions' offsets."""

    service: str
    group: str
    pool: Pool
    keys: KeyRing
    inlets: Mapping[str, Settle]
    clock: Callable[[], datetime]
    flood: FloodGate
    settled: Callable[[], None] = lambda: None
    _together: dict[str, Together[Portion, bool]] = field(init=False)

    def __post_init__(self) -> None:
        """Give each topic a place where its partitions meet."""
        self._together = {topic: Together(self._at_once) for topic in self.inlets}

    async def settle(self, tp: TopicPartition, records: Sequence[Record], expected: int) -> int:
        """Settle the records, the first of which is at `expected` or after; return the next offset.

        What other partitions of the topic bring at the same moment is in the same transaction,
        unless one of them spoils it. Raises what passes, NotOwner or Flood with nothing written of
        what was not settled.
        """
        started = time.monotonic()
        portion = Portion(tp, records, expected)
        if not await self._together[tp.topic](portion):
            await self._apart(portion)
        self.settled()
        metrics.BATCH_SECONDS.labels(self.service, tp.topic).observe(time.monotonic() - started)
        observing.show_age(self.service, tp.topic, records[0].timestamp)
        return portion.step.following

    async def _at_once(self, portions: Sequence[Portion]) -> list[bool]:
        """Say of each portion whether it is settled; one alone, or one beside a bad one, is not."""
        if len(portions) == 1:
            return [False]
        topic = portions[0].tp.topic
        try:
            self._count(topic, await self._once(portions))
        except Exception as error:  # whatever it is, it may be about one partition alone
            log.info("partitions_settled_apart", topic=topic, error=describe(error))
            metrics.ROLLBACKS.labels(self.service, topic).inc()
            return [False] * len(portions)
        return [True] * len(portions)

    async def _apart(self, portion: Portion) -> None:
        tp, records = portion.tp, portion.records
        whole = True
        try:
            self._count(tp.topic, await self._once([portion]))
        except Exception as error:  # any rule's bug: find the record, spare the others
            if not condemns(error):
                raise
            log.warning(
                "batch_failed_replaying_singly",
                **self._place(tp, portion.expected),
                count=len(records),
                error=describe(error),
                traceback=where(error),
            )
            metrics.ROLLBACKS.labels(self.service, tp.topic).inc()
            whole = False
        # Outside the handler: a record's reason must not name the batch's error as its context.
        if not whole:
            await self._singly(tp, records, portion.expected)

    async def _once(self, portions: Sequence[Portion]) -> Settled:
        topic = portions[0].tp.topic
        records = [record for portion in portions for record in portion.records]
        async with self.pool.acquire() as conn, conn.transaction():
            await offsets.advance(conn, self.group, topic, [one.step for one in portions])
            with carrying.batch(topic, len(records)):
                settled = await self.inlets[topic](conn, records, self.clock())
            # What our own services seem to have written and cannot be read: a bad release.
            if settled.suspect:
                self.flood.count(settled.suspect)
            return settled

    async def _singly(self, tp: TopicPartition, records: Sequence[Record], expected: int) -> None:
        for record in records:
            try:
                self._count(tp.topic, await self._once([Portion(tp, [record], expected)]))
            except Exception as error:  # this is the bad one: its dossier waits, no other does
                if not condemns(error):
                    raise
                await self._bury(tp, record, expected, error)
            expected = record.offset + 1

    async def _bury(
        self, tp: TopicPartition, record: Record, expected: int, error: Exception
    ) -> None:
        reason = error.reason if isinstance(error, MalformedEvent) else describe(error)
        log.error(
            "record_dead_lettered",
            **self._place(tp, record.offset),
            reason=reason,
            traceback=where(error),
        )
        self.flood.count()
        async with self.pool.acquire() as conn, conn.transaction():
            step = Portion(tp, [record], expected).step
            await offsets.advance(conn, self.group, tp.topic, [step])
            await bury(conn, self.keys, [Dead(record, reason)])
        self._count(tp.topic, Settled(dead=1))

    def _count(self, topic: str, settled: Settled) -> None:
        for outcome in ("applied", "duplicate", "parked", "dead"):
            amount = getattr(settled, outcome)
            if amount:
                metrics.RECORDS.labels(self.service, topic, outcome).inc(amount)

    @staticmethod
    def _place(tp: TopicPartition, offset: int) -> dict[str, object]:
        return {"topic": tp.topic, "partition": tp.partition, "offset": offset}
