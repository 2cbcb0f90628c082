"""What the Kafka client says of positions: told for lag tools, checked against expired records."""

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from plumbing.logs import describe

log = structlog.get_logger()


async def follows(
    consumer: AIOKafkaConsumer | None, tp: TopicPartition, expected: int, found: int
) -> bool:
    """Return whether `found` is the next record there is: what lies before it has expired."""
    if found == expected:
        return True
    if consumer is None:
        return False
    beginning = (await asyncio.wait_for(consumer.beginning_offsets([tp]), 10))[tp]
    if beginning <= expected:
        return False
    if expected > 0:
        log.error("records_expired_unread", topic=tp.topic, expected=expected, found=beginning)
    return bool(found <= beginning)


async def commit(consumer: AIOKafkaConsumer | None, tp: TopicPartition, offset: int) -> None:
    """Tell Kafka, best effort, for lag tools only: after a restart the database's offset counts."""
    if consumer is None or tp not in consumer.assignment():
        return
    try:
        await asyncio.wait_for(consumer.commit({tp: offset}), 5)
    except Exception as error:  # the broker may be away; nothing depends on it
        log.debug("offset_commit_failed", topic=tp.topic, error=describe(error))
