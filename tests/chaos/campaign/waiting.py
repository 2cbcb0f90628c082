"""What waits in the services' databases and on the topics, looked at past every detour."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from contracts.asyncapi import READS
from local_stack.status import Status
from plumbing.waiting import is_cancelled, let_go
from tests.chaos.campaign.field import CAMPAIGN

#: An effect that another one of its dossier holds up is not overdue itself.
_LOOK = """
SELECT
    (SELECT count(*) FROM outbox WHERE created_at < clock_timestamp() - make_interval(secs => $1)),
    (SELECT count(*) FROM effect e WHERE e.state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT')
        AND CASE e.state WHEN 'IN_FLIGHT' THEN e.lease_until ELSE e.due_at END
            < clock_timestamp() - make_interval(secs => $2)
        AND NOT EXISTS (SELECT 1 FROM effect p WHERE p.dossier_id = e.dossier_id
            AND p.lane = e.lane AND p.position < e.position
            AND p.state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT')))
"""
#: Cheap beside the other, however much waits: it is asked while a rate is measured.
_COUNT = """
SELECT (SELECT count(*) FROM outbox),
    (SELECT count(*) FROM effect WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT'))
"""
#: Of a birth the register may give the personal number later; it is asked until it does.
_NUMBERLESS = "SELECT count(*) FROM registration WHERE status = 'registered' AND awaits_number"
_OFFSETS = "SELECT topic, part, next_offset FROM consumer_offset WHERE grp = $1"
_LOOK_SECONDS = 4.0
OUTBOX_SECONDS = 2.0
OVERDUE_SECONDS = 5.0
#: However little by little less waits, nobody waits longer than this.
LONGEST_SECONDS = 600.0
_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError, OSError, TimeoutError)


class Patience:
    """How long it is worth waiting: as long as less and less is left, within a bound."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._began = self._moved_at = clock()
        self._least: int | None = None

    def lasts(self, left: int) -> bool:
        """Return whether to go on when so much is left; when it gets no less, not for long."""
        now = self._clock()
        if self._least is None or left < self._least:
            self._least, self._moved_at = left, now
        return now < self._moved_at + self._seconds and now < self._began + LONGEST_SECONDS


class Waiting:
    """Looks again and again; a look that fails says that it failed, and the next one goes on."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._connections: dict[str, Any] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        """Return itself; each look connects to what it has no connection to."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Let go of everything."""
        await self._let_go_of_kafka()
        for connection in self._connections.values():
            connection.terminate()

    async def late(self) -> Counter[str]:
        """Return what is late, by service and kind; nothing is when nothing waits too long.

        Late is a record that was there at the last look already, an event unsent for two seconds,
        an effect overdue by five.
        """
        return await self._look(everything=False)

    async def left(self) -> Counter[str]:
        """Return everything that is still to be done, however new."""
        self._ends = {}
        return await self._look(everything=True)

    async def _look(self, *, everything: bool) -> Counter[str]:
        found: Counter[str] = Counter()
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                ends = await self._all_ends()
        except (*_AWAY, asyncio.CancelledError):
            # The client may say that a task of its own was cancelled: that is no end of ours.
            await self._let_go_of_kafka()
            if is_cancelled():
                raise
            return Counter({"kafka: away": 1})
        before, self._ends = self._ends or ends, ends
        for service in READS:
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    connection = await self._connected(service)
                    look = (_COUNT,) if everything else (_LOOK, OUTBOX_SECONDS, OVERDUE_SECONDS)
                    unsent, effects = await connection.fetchrow(*look)
                    rows = await connection.fetch(_OFFSETS, service)
                    if everything and service == "registry-sync":
                        found["registry-sync: numbers"] = await connection.fetchval(_NUMBERLESS)
            except _AWAY:
                if lost := self._connections.pop(service, None):
                    lost.terminate()
                found[f"{service}: database away"] = 1
                continue
            reached = {(row["topic"], row["part"]): row["next_offset"] for row in rows}
            found[f"{service}: events unsent"] = unsent
            found[f"{service}: effects"] = effects
            found[f"{service}: records"] = sum(
                max(0, end - reached.get((place.topic, place.partition), 0))
                for place, end in before.items()
                if place.topic in {topic.name for topic in READS[service]}
            )
        return +found

    async def _all_ends(self) -> dict[TopicPartition, int]:
        places = {
            TopicPartition(topic.name, number)
            for topics in READS.values()
            for topic in topics
            for number in range(topic.partitions)
        }
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                **self._status.kafka_client(), enable_auto_commit=False
            )
            await self._consumer.start()
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(list(places))
        return ends

    async def _let_go_of_kafka(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await let_go(consumer.stop(), _LOOK_SECONDS)

    async def _connected(self, service: str) -> Any:
        if service not in self._connections:
            self._connections[service] = await asyncpg.connect(
                self._status.databases[service],
                timeout=_LOOK_SECONDS,
                server_settings={"application_name": CAMPAIGN},
            )
        return self._connections[service]
