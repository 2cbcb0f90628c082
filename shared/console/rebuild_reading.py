"""The log's records for a rebuild: from an archive's folder, from a broker."""

import importlib
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from console.failing import Failed
from contracts.topics import LIFECYCLE
from plumbing.kafka_security import BadKafkaSecurity, KafkaSecurity
from plumbing.rebuilding.spooling import LogRecord

#: A broker that says nothing for so long is away.
SECONDS = 30.0
_BATCH = 2000
_COLUMNS = ("partition", "offset", "timestamp", "key", "value")


def from_archive(folder: Path, topics: Sequence[str]) -> Iterator[LogRecord]:
    """Yield an archive's records of these topics, each partition's in order; raises Failed."""
    archive = _module("audit.archive")
    try:
        archive.origin_of(folder)
        for segment in archive.listing(folder).segments:
            if segment.topic not in topics:
                continue
            for batch in archive.batches_of(folder, segment, _COLUMNS):
                yield from _rows(segment.topic, batch)
    except (archive.NotAnArchive, archive.Unreadable) as error:
        raise Failed(f"{folder}: {error}") from None


def _rows(topic: str, batch: Any) -> Iterator[LogRecord]:
    columns = [
        batch.column("partition").to_pylist(),
        batch.column("offset").to_pylist(),
        batch.column("timestamp").cast("int64").to_pylist(),
        batch.column("key").to_pylist(),
        batch.column("value").to_pylist(),
    ]
    for partition, offset, at_ms, key, value in zip(*columns, strict=True):
        yield LogRecord(topic, partition, offset, at_ms, key, value)


def from_kafka(address: str, topics: Sequence[str]) -> Iterator[LogRecord]:
    """Yield a broker's records of these topics, as far as they go now; raises Failed."""
    if not topics or not address:
        return
    kafka = _module("confluent_kafka")
    consumer = _consumer(kafka, address)
    try:
        for topic in topics:
            for partition in _partitions(consumer, topic):
                yield from _partition(kafka, consumer, topic, partition)
    except kafka.KafkaException as error:
        raise Failed(f"the broker at {address}: {error.args[0].name()}") from None
    finally:
        consumer.close()


def own_ends(address: str, service: str) -> Mapping[str, int]:
    """Return where the service's own topic ends, by `topic/partition`; raises Failed."""
    kafka = _module("confluent_kafka")
    consumer, topic = _consumer(kafka, address), LIFECYCLE[service].name
    try:
        return {
            f"{topic}/{partition}": _end(kafka, consumer, topic, partition)[1]
            for partition in _partitions(consumer, topic)
        }
    except kafka.KafkaException as error:
        raise Failed(f"the broker at {address}: {error.args[0].name()}") from None
    finally:
        consumer.close()


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise Failed(f"{name.partition('.')[0]} is not installed here: install the audit") from None


def _consumer(kafka: Any, address: str) -> Any:
    try:
        security = KafkaSecurity.from_environment(os.environ).librdkafka()
    except BadKafkaSecurity as error:
        raise Failed(str(error)) from None
    # No group is joined and no offset is kept; the client wants a name all the same.
    ours = {"bootstrap.servers": address, "group.id": "rebuild", "enable.auto.commit": False}
    logger = logging.getLogger("librdkafka")
    # What the library says of every try to connect would bury the answer.
    logger.addHandler(logging.NullHandler())
    return kafka.Consumer({**security, **ours}, logger=logger)


def _partitions(consumer: Any, topic: str) -> list[int]:
    found = consumer.list_topics(topic, timeout=SECONDS).topics[topic]
    if found.error is not None:
        raise Failed(f"the broker has no topic {topic}")
    return sorted(found.partitions)


def _end(kafka: Any, consumer: Any, topic: str, partition: int) -> tuple[int, int]:
    place = kafka.TopicPartition(topic, partition)
    first, end = consumer.get_watermark_offsets(place, timeout=SECONDS)
    return int(first), int(end)


def _partition(kafka: Any, consumer: Any, topic: str, partition: int) -> Iterator[LogRecord]:
    first, end = _end(kafka, consumer, topic, partition)
    if first >= end:
        return
    consumer.assign([kafka.TopicPartition(topic, partition, first)])
    heard = time.monotonic()
    while True:
        for message in consumer.consume(_BATCH, timeout=0.5):
            if message.error() is not None:
                raise kafka.KafkaException(message.error())
            heard = time.monotonic()
            if message.offset() < end:
                yield LogRecord(
                    topic,
                    partition,
                    message.offset(),
                    message.timestamp()[1],
                    message.key(),
                    message.value(),
                )
        # What was compacted away at the end is passed by a position alone.
        (place,) = consumer.position([kafka.TopicPartition(topic, partition)])
        if place.offset >= end:
            break
        if time.monotonic() - heard > SECONDS:
            raise Failed(f"the broker gives nothing of {topic}/{partition} any more")
    consumer.unassign()
