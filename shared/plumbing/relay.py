"""Publishes the outbox: one active relay per shard, each key in order, nothing deleted unsent."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.envelope import CONTENT_TYPE
from contracts.topics import PARTICULARS, TOPICS
from plumbing import metrics
from plumbing.database import TRANSIENT
from plumbing.logs import describe
from plumbing.outbox import SHARDS
from plumbing.waiting import let_go

log = structlog.get_logger()

BATCH = 1000
#: The broker counts `max.message.bytes` of a whole batch: a larger one would never be taken.
BATCH_BYTES = min(256 * 1024, *(int(topic.config["max.message.bytes"]) for topic in TOPICS))
SEND_SECONDS = 30.0
IDLE_SECONDS = 0.1
SHARE_SECONDS = 2.0
_CLASS = 0x6F757462
_EVENT = [("content-type", CONTENT_TYPE.encode())]
#: Personal data is one sealed document, no event.
_HEADERS = {PARTICULARS.name: [("content-type", b"application/json")]}


class Relay:
    """Moves outbox rows to Kafka on its own connection, with a producer it throws away on failure.

    `wake` may be set after a commit; without it the outbox is looked at ten times a second.
    """

    def __init__(self, service: str, database_url: str, bootstrap: str) -> None:
        self._service = service
        self._database_url = database_url
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None
        self._held: list[int] = []
        self._looked_for_shards = 0.0
        self.wake = asyncio.Event()
        #: Set while the broker or the database is away and the relay knows it.
        self.waiting = False
        self.last_turn = time.monotonic()

    async def run(self) -> None:
        """Relay until cancelled; every failure costs the connection and the producer, no row."""
        pause_seconds = 0.2
        while True:
            connection: asyncpg.Connection[Any] | None = None
            try:
                connection = await asyncpg.connect(self._database_url, command_timeout=20)
                self._held, self._looked_for_shards = [], 0.0
                while True:
                    await self._turn(connection)
                    pause_seconds, self.waiting = 0.2, False
            except (*TRANSIENT, KafkaError, asyncpg.PostgresError) as error:
                self.waiting = True
                log.warning("relay_starts_over", error=describe(error))
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # It was a task inside the client that was cancelled, not this one.
                self.waiting = True
                log.warning("relay_starts_over", error=describe(error))
            finally:
                await self._close(connection)
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, 5.0)

    async def _turn(self, connection: "asyncpg.Connection[Any]") -> None:
        self.wake.clear()
        await self._take_shards(connection)
        rows = await connection.fetch(
            "SELECT id, topic, key, body FROM outbox WHERE shard = ANY($1::smallint[])"
            " ORDER BY id LIMIT $2",
            self._held,
            BATCH,
        )
        if rows:
            await self._publish(connection, rows)
        self.last_turn = time.monotonic()
        if len(rows) < BATCH:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), IDLE_SECONDS)

    async def _take_shards(self, connection: "asyncpg.Connection[Any]") -> None:
        """Lock the shards nobody holds; a dead relay's locks fall with its connection."""
        now = time.monotonic()
        if len(self._held) == SHARDS or now - self._looked_for_shards < SHARE_SECONDS:
            return
        self._looked_for_shards = now
        wanted = [shard for shard in range(SHARDS) if shard not in self._held]
        got = await connection.fetch(
            "SELECT shard FROM unnest($2::int[]) shard WHERE pg_try_advisory_lock($1, shard)",
            _CLASS,
            wanted,
        )
        self._held += [row["shard"] for row in got]

    async def _publish(
        self, connection: "asyncpg.Connection[Any]", rows: Sequence[asyncpg.Record]
    ) -> None:
        started = time.monotonic()
        outcomes = await self._send(rows)
        sent, failed = acknowledged_prefix(rows, outcomes)
        await connection.execute(
            "WITH gone AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]) RETURNING *)"
            " INSERT INTO outbox_sent (id, topic, key, body, event_id, created_at)"
            " SELECT id, topic, key, body, event_id, created_at FROM gone",
            sent,
        )
        metrics.PUBLISH_SECONDS.labels(self._service).observe(time.monotonic() - started)
        gone = set(sent)
        for topic, count in Counter(row["topic"] for row in rows if row["id"] in gone).items():
            metrics.PUBLISHED.labels(self._service, topic).inc(count)
        if failed is not None:
            raise failed

    async def _send(self, rows: Sequence[asyncpg.Record]) -> list[BaseException | None]:
        """Return per row None for acknowledged, or what went wrong."""
        producer = await self._live_producer()
        async with asyncio.timeout(SEND_SECONDS):
            futures = [await self._begin(producer, row) for row in rows]
            results = await asyncio.gather(*futures, return_exceptions=True)
        return [result if isinstance(result, BaseException) else None for result in results]

    async def _begin(
        self, producer: AIOKafkaProducer, row: asyncpg.Record
    ) -> "asyncio.Future[Any]":
        try:
            future: asyncio.Future[Any] = await producer.send(
                row["topic"],
                value=row["body"],
                key=row["key"],
                headers=_HEADERS.get(row["topic"], _EVENT),
            )
        except KafkaError as error:  # a row that cannot be sent holds up its own key alone
            future = asyncio.get_running_loop().create_future()
            future.set_exception(error)
        return future

    async def _live_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                acks="all",
                enable_idempotence=False,
                linger_ms=5,
                max_batch_size=BATCH_BYTES,
                max_request_size=1_048_576,
                request_timeout_ms=10_000,
                client_id=f"{self._service}-relay",
            )
            self._producer = producer
            await asyncio.wait_for(producer.start(), 20)
        return self._producer

    async def _close(self, connection: "asyncpg.Connection[Any] | None") -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await let_go(producer.stop(), 3)
        if connection is not None:
            connection.terminate()


def acknowledged_prefix(
    rows: Sequence[Any], outcomes: Sequence[BaseException | None]
) -> tuple[list[int], BaseException | None]:
    """Return the ids that may be deleted, and the first failure.

    Per key only what stands before its first failure counts: a later row of that key may have
    been delivered, and will be again, after the one that was not.
    """
    stopped: set[tuple[str, bytes]] = set()
    sent: list[int] = []
    first: BaseException | None = None
    for row, outcome in zip(rows, outcomes, strict=True):
        key = (row["topic"], row["key"])
        if outcome is not None:
            stopped.add(key)
            first = first or outcome
        elif key not in stopped:
            sent.append(row["id"])
    return sent, first
