"""Publishes the outbox: one active relay per shard, each key in order, nothing deleted unsent."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.topics import TOPICS
from plumbing import metrics, tracing
from plumbing.database import TRANSIENT
from plumbing.kafka_clients import make_producer
from plumbing.kafka_security import PLAINTEXT, KafkaSecurity
from plumbing.logs import describe
from plumbing.outbox import SHARDS
from plumbing.sending import SetAside, Unsent, send
from plumbing.waiting import let_go, rest, woken

log = structlog.get_logger()

BATCH = 1000
#: The broker counts `max.message.bytes` of a whole batch: a larger one would never be taken.
BATCH_BYTES = min(256 * 1024, *(int(topic.config["max.message.bytes"]) for topic in TOPICS))
IDLE_SECONDS = 0.1
SHARE_SECONDS = 2.0
_CLASS = 0x6F757462


class Relay:
    """Moves outbox rows to Kafka on its own connection, with a producer it throws away on failure.

    `wake` may be set after a commit; without it the outbox is looked at ten times a second.
    """

    def __init__(
        self,
        service: str,
        database_url: str,
        bootstrap: str,
        security: KafkaSecurity = PLAINTEXT,
    ) -> None:
        self._service = service
        self._database_url = database_url
        self._bootstrap = bootstrap
        self._security = security
        self._producer: AIOKafkaProducer | None = None
        self._held: list[int] = []
        self._looked_for_shards = 0.0
        self._aside = SetAside()
        self.wake = asyncio.Event()
        #: Set while the broker or the database takes nothing and the relay knows it.
        self.waiting = False
        self.last_turn = time.monotonic()

    async def run(self) -> None:
        """Relay until cancelled; no failure costs a row, and a failing row stops its key alone."""
        pause_seconds = 0.2
        while True:
            connection: asyncpg.Connection[Any] | None = None
            try:
                connection = await asyncpg.connect(self._database_url, command_timeout=20)
                self._held, self._looked_for_shards = [], 0.0
                while True:
                    await self._turn(connection)
                    pause_seconds = 0.2
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
            await rest(pause_seconds)
            pause_seconds = min(pause_seconds * 2, 5.0)

    async def _turn(self, connection: "asyncpg.Connection[Any]") -> None:
        self.wake.clear()
        await self._take_shards(connection)
        topics, topics_of_keys, keys = self._aside.now()
        rows = await connection.fetch(
            "SELECT id, topic, key, body FROM outbox WHERE shard = ANY($1::smallint[])"
            " AND NOT (topic = ANY($3::text[]))"
            " AND (topic, key) NOT IN (SELECT * FROM unnest($4::text[], $5::bytea[]))"
            " ORDER BY id LIMIT $2",
            self._held,
            BATCH,
            topics,
            topics_of_keys,
            keys,
        )
        if rows:
            await self._publish(connection, rows)
        elif not topics and not keys:
            self.waiting = False
        self.last_turn = time.monotonic()
        if len(rows) < BATCH:
            await woken(self.wake, IDLE_SECONDS)

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
        outcomes = await send(await self._live_producer(), rows)
        self._aside.note(rows, outcomes)
        sent, failed = acknowledged_prefix(rows, outcomes)
        if sent:
            await connection.execute(
                "WITH gone AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]) RETURNING *)"
                " INSERT INTO outbox_sent (id, topic, key, body, event_id, created_at)"
                " SELECT id, topic, key, body, event_id, created_at FROM gone",
                sent,
            )
        metrics.PUBLISH_SECONDS.labels(self._service).observe(time.monotonic() - started)
        gone = set(sent)
        tracing.published(self._service, [row for row in rows if row["id"] in gone], started)
        for topic, count in Counter(row["topic"] for row in rows if row["id"] in gone).items():
            metrics.PUBLISHED.labels(self._service, topic).inc(count)
        self.waiting = not sent
        if failed is not None and (not sent or _may_arrive_later(outcomes)):
            await self._drop_producer()

    async def _live_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            name = f"{self._service}-relay"
            producer = make_producer(self._bootstrap, name, self._security, BATCH_BYTES)
            self._producer = producer
            await asyncio.wait_for(producer.start(), 20)
        return self._producer

    async def _close(self, connection: "asyncpg.Connection[Any] | None") -> None:
        await self._drop_producer()
        if connection is not None:
            connection.terminate()

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await let_go(producer.stop(), 3)


def _may_arrive_later(outcomes: Sequence[BaseException | None]) -> bool:
    return any(one is not None and not isinstance(one, Unsent) for one in outcomes)


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
