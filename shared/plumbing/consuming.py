"""The Kafka shell: FastStream brings the batches, the database says what is next."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import cast

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from faststream import AckPolicy
from faststream._internal.endpoint.subscriber.utils import MultiLock

from plumbing import metrics, offsets
from plumbing.database import TRANSIENT
from plumbing.holes import Holes
from plumbing.kafka_clients import make_broker
from plumbing.kafka_security import PLAINTEXT, KafkaSecurity
from plumbing.logs import describe, where
from plumbing.offsets import NotOwner
from plumbing.parsing import raw, total_parser
from plumbing.pausing import Pauses, seek
from plumbing.positions import Commits, is_behind, runs, unbroken
from plumbing.sequencing import Record
from plumbing.settling import Flood, Settler

log = structlog.get_logger()

DRAIN_SECONDS = 20
WATCH_SECONDS = 5.0
#: What Kafka may send of a partition, and of all together: enough for the next batches. The client
#: holds it all, and the answer twice while it reads it. A record that is larger comes alone.
PARTITION_BYTES, ANSWER_BYTES = 128 * 1024, 2 * 1024 * 1024


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Consumes the settler's topics; offsets are ours, rebalances drain first and seek after.

    `failed` is set when the process has to stop: a flood, or an offset beyond the topic's end.
    """

    def __init__(
        self,
        settler: Settler,
        bootstrap: str,
        replica: str,
        compacted: set[str],
        security: KafkaSecurity = PLAINTEXT,
    ) -> None:
        self._settler = settler
        self._holes = Holes(settler, compacted)
        self._commits = Commits()
        self._next: dict[TopicPartition, int] = {}
        self._pauses = Pauses(self._expected)
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._moved_at = time.monotonic()
        self.broker = make_broker(bootstrap, f"{settler.service}-{replica}", security)
        self._subscriber = self.broker.subscriber(
            *settler.inlets,
            group_id=settler.group,
            group_instance_id=f"{settler.group}-{replica}",
            batch=True,
            max_records=200,
            max_partition_fetch_bytes=PARTITION_BYTES,
            fetch_max_bytes=ANSWER_BYTES,
            batch_timeout_ms=20,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            rebalance_timeout_ms=60_000,
            listener=self,
            parser=total_parser,
            decoder=raw,
        )
        self._subscriber(self._on_batch)

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """Return the live client, or None before start and after stop."""
        return self._subscriber.consumer

    @property
    def _lock(self) -> MultiLock:
        return cast(MultiLock, self._subscriber.lock)

    @property
    def assigned(self) -> bool:
        """Return whether this member of the group knows its partitions."""
        return self.consumer is not None and bool(self.consumer.assignment())

    def alive(self) -> bool:
        """Return whether the client's inner tasks run: they can end while everything waits."""
        return self.consumer is not None and runs(self.consumer)

    def stalled_seconds(self) -> float:
        """Return for how long nothing was settled though there is something to settle.

        Zero while a partition waits for the database: a restart would not bring it back.
        """
        behind = self.consumer is not None and is_behind(self.consumer, self._next)
        if not behind or self._pauses:
            self._moved_at = time.monotonic()
        return time.monotonic() - self._moved_at

    async def stop(self) -> None:
        """Stop reading after the batch under way, of which Kafka is told by who goes on there."""
        try:
            try:
                await self._commits.end()
            finally:
                await self.broker.stop()
        finally:
            self._pauses.end()

    async def _on_batch(self, records: Sequence[Record]) -> None:
        by_partition: dict[TopicPartition, list[Record]] = defaultdict(list)
        for record in records:
            by_partition[TopicPartition(record.topic, record.partition)].append(record)
        await asyncio.gather(*(self._partition(tp, rows) for tp, rows in by_partition.items()))

    async def _partition(self, tp: TopicPartition, records: list[Record]) -> None:
        place = {"topic": tp.topic, "partition": tp.partition}
        try:
            await self._settle(tp, records)
        except NotOwner:
            await self._moved_on(tp)
        except TRANSIENT as error:
            log.warning("partition_waits", **place, error=describe(error))
            metrics.ROLLBACKS.labels(self._settler.service, tp.topic).inc()
            self._pauses.pause(self.consumer, tp, random.uniform(0.3, 1.5))
        except Flood as flood:
            self._fail(str(flood))
        except Exception as error:  # even the dead letter could not be written: keep the place
            log.error("partition_stuck", **place, error=describe(error), traceback=where(error))
            self._pauses.pause(self.consumer, tp, 5.0)

    async def _moved_on(self, tp: TopicPartition) -> None:
        log.warning("partition_moved_on_elsewhere", topic=tp.topic, partition=tp.partition)
        self._next.pop(tp, None)
        self._pauses.pause(self.consumer, tp, 0.2)

    def _fail(self, reason: str) -> None:
        log.critical("consumer_stops", reason=reason)
        if not self.failed.done():
            self.failed.set_exception(RuntimeError(reason))

    async def _settle(self, tp: TopicPartition, records: list[Record]) -> None:
        expected = await self._expected(tp)
        fresh = [record for record in records if record.offset >= expected]
        if not fresh:
            end = self.consumer.highwater(tp) if self.consumer else None
            if end is not None and end < expected:
                self._fail(f"{tp.topic}-{tp.partition} ends before our offset: was it made anew?")
            return
        found = fresh[0].offset
        if found == expected:
            self._holes.filled(tp, expected)
        elif self._holes.looked(tp) == (expected, found):
            await self._pass_over(tp, expected, found)
        else:
            self._look_again(tp, expected, found)
            return
        self._next[tp] = await self._settler.settle(tp, fresh, found)
        self._moved_at = time.monotonic()
        self._commits.tell(self.consumer, tp, self._next[tp])

    def _look_again(self, tp: TopicPartition, expected: int, found: int) -> None:
        if self.consumer is not None and tp in self.consumer.assignment():
            self._holes.look_again(tp, expected, found)
            self.consumer.seek(tp, expected)

    async def _pass_over(self, tp: TopicPartition, expected: int, found: int) -> None:
        await self._holes.pass_over(self.consumer, tp, expected, found)
        if self._next.get(tp) == expected:
            self._next[tp] = found

    async def _expected(self, tp: TopicPartition) -> int:
        if tp not in self._next:
            async with self._settler.pool.acquire() as conn:
                known = await offsets.load_next(conn, self._settler.group, tp)
                if known is None:
                    await offsets.begin(conn, self._settler.group, tp, 0)
                    known = await offsets.load_next(conn, self._settler.group, tp) or 0
            self._next[tp] = known
        return self._next[tp]

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Let the batch under way finish before the partitions go to someone else."""
        await self._lock.wait_release(DRAIN_SECONDS)
        for tp in revoked:
            self._next.pop(tp, None)
            self._holes.forget(tp)
            self._commits.forget(tp)
            self._pauses.forget(tp)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Start each partition where the database says, whatever Kafka remembers."""
        metrics.REBALANCES.labels(self._settler.service).inc()
        for tp in assigned:
            self._next.pop(tp, None)
            self._holes.forget(tp)
            try:
                seek(self.consumer, tp, await self._expected(tp))
            except Exception as error:  # it is taken up later; the others are assigned too
                log.warning("database_away_at_assignment", error=describe(error))
                self._pauses.pause(self.consumer, tp, 1.0)

    async def watch(self) -> None:
        """Take back partitions where the client ran ahead; raises ClientEnded when it is over.

        Kafka is told of the others what it was not told, or did not take.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            consumer = unbroken(self.consumer)
            if consumer is None or not self._lock.empty:
                continue
            for tp, expected in list(self._next.items()):
                self._commits.tell(consumer, tp, expected)
                try:
                    await self._take_back(consumer, tp, expected)
                except NotOwner:
                    await self._moved_on(tp)
                except Exception as error:  # a rebalance, or the broker or the database is away
                    log.warning("watchdog_waits", topic=tp.topic, error=describe(error))

    async def _take_back(self, client: AIOKafkaConsumer, tp: TopicPartition, expected: int) -> None:
        if tp in self._pauses or tp not in client.assignment():
            return
        # Asked for before the position: a position that counts was reached after the second look.
        looked = self._holes.looked(tp)
        position = await asyncio.wait_for(client.position(tp), 5)
        busy = not self._lock.empty or tp in self._pauses or self._next.get(tp) != expected
        if busy or position <= expected:
            return
        if looked == (expected, position):
            await self._pass_over(tp, expected, position)
        else:
            self._look_again(tp, expected, position)
