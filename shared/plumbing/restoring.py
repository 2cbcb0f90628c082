"""Keeps a service from going on with a database that lost commits: its own log tells."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import NoError, UnknownTopicOrPartitionError, for_code

from contracts.envelope import MalformedEvent, decode
from contracts.topics import LIFECYCLE
from plumbing.database import Conn, Pool
from plumbing.kafka_clients import asking
from plumbing.kafka_security import KafkaSecurity
from plumbing.settings import KafkaSettings
from plumbing.waiting import let_go, patiently

log = structlog.get_logger()

#: So many records from the end of each partition are looked at: what was committed later than a
#: backup is among them, unless one shard of the outbox was hours behind the others.
TAIL = 500
_READ_MS = 500
#: Who gives nothing for so long is away, and asked anew.
READ_SECONDS = 60.0
#: A restored or promoted server has another timeline, a database made anew another number.
_ORIGIN = """
SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
    left(pg_walfile_name(pg_current_wal_lsn()), 8),
    (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
_KNOWN = "SELECT origin FROM database_origin"
_KEEP = """
INSERT INTO database_origin (origin) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET origin = excluded.origin, at = clock_timestamp()
WHERE database_origin.origin <> excluded.origin
"""
_BEHIND = """
SELECT count(*) FROM unnest($1::uuid[], $2::bigint[]) AS said (dossier_id, sequence)
LEFT JOIN stream USING (dossier_id) WHERE said.sequence > coalesce(stream.sequence, 0)
"""


class DatabaseBehindItsLog(RuntimeError):
    """The service said more than its database knows; nothing may be done on it."""


async def ensure_not_behind(pool: Pool, service: str, settings: KafkaSettings) -> None:
    """Return when the database knows all the service has said; raises DatabaseBehindItsLog.

    The log is asked only where the database is new, made anew, or another one than at the last
    start; then the start waits for Kafka, and for the right to read the topic.
    """

    async def ensured() -> None:
        async with pool.acquire() as conn:
            origin = str(await conn.fetchval(_ORIGIN))
            known = await conn.fetchval(_KNOWN)
        if known == origin:
            return
        if known is not None:
            log.warning("database_came_back")
        # One that does not know where it is was made from the log, or is of a release before.
        await _look(pool, service, settings.kafka_bootstrap_servers, settings.kafka_security)
        async with pool.acquire() as conn:
            await conn.execute(_KEEP, origin)

    await patiently("log", ensured)


async def _look(pool: Pool, service: str, bootstrap: str, security: KafkaSecurity) -> None:
    said = await last_said(service, bootstrap, security)
    async with pool.acquire() as conn:
        behind = await dossiers_behind(conn, said)
    if behind:
        log.critical("database_is_behind_its_log", count=behind)
        raise DatabaseBehindItsLog(
            f"of {behind} dossiers {service} said more than its database knows: see Restoring"
        )


async def dossiers_behind(conn: Conn, said: Mapping[UUID, int]) -> int:
    """Return of how many dossiers the database knows less than their last sequence said."""
    return int(await conn.fetchval(_BEHIND, list(said), list(said.values())))


def last_sequences(service: str, values: Iterable[bytes | None]) -> dict[UUID, int]:
    """Return by dossier the last sequence the service said; what is no event of its is left out."""
    found: dict[UUID, int] = {}
    for value in values:
        try:
            event = decode(value or b"")
        except MalformedEvent:
            continue
        if event.service == service:
            found[event.dossierid] = max(event.sequence, found.get(event.dossierid, 0))
    return found


async def last_said(service: str, bootstrap: str, security: KafkaSecurity) -> dict[UUID, int]:
    """Return by dossier the last sequence the service said, of the ends of its topic."""
    topic = LIFECYCLE[service].name
    places = await _places(topic, bootstrap, service, security)
    if not places:
        return {}
    async with asyncio.timeout(READ_SECONDS), _consuming(bootstrap, security) as consumer:
        first = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        for place in places:
            consumer.seek(place, max(first[place], ends[place] - TAIL))
        values: list[bytes | None] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=_READ_MS)).values():
                values += [record.value for record in records]
    return last_sequences(service, values)


async def _places(
    topic: str, bootstrap: str, client_id: str, security: KafkaSecurity
) -> list[TopicPartition]:
    """Return the topic's partitions; none where it was never made.

    Raises KafkaError for any other answer: what may not be read must not count as nothing said.
    """
    async with asking(bootstrap, client_id, security) as admin:
        (found,) = await admin.describe_topics([topic])
    if found["error_code"] not in (NoError.errno, UnknownTopicOrPartitionError.errno):
        raise for_code(found["error_code"])(topic)
    return [TopicPartition(topic, one["partition"]) for one in found["partitions"]]


@contextlib.asynccontextmanager
async def _consuming(bootstrap: str, security: KafkaSecurity) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, **security.aiokafka()
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await let_go(consumer.stop(), READ_SECONDS)
