"""Reads a topic-partition from its beginning, many records at a time, in no group."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from audit.consuming import open_consumer

#: So many records are asked for at once; the client waits for all of them, but no longer than this.
AT_ONCE = 5_000
POLL_SECONDS = 0.2


class BrokerAway(Exception):
    """The broker does not answer, or has no such topic; the message says which."""


@dataclass(frozen=True)
class Extent:
    """The offsets a broker holds: from `first`, up to before `end`."""

    first: int
    end: int


class BulkReader:
    """A consumer of single topic-partitions, for those who compare; commits nothing."""

    def __init__(
        self, servers: str, settings: Mapping[str, str] | None = None, wait_seconds: float = 20.0
    ) -> None:
        self._wait = wait_seconds
        try:
            self._consumer = open_consumer(servers, settings or {}, lambda _: None)
        except KafkaException as error:
            raise BrokerAway(f"settings: {error.args[0].name()}") from None

    def __enter__(self) -> "BulkReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._consumer.close()

    def extent(self, topic: str, partition: int) -> Extent:
        """Return which offsets the broker has; raises BrokerAway."""
        give_up = time.monotonic() + self._wait
        while True:
            try:
                found = self._consumer.get_watermark_offsets(
                    TopicPartition(topic, partition), timeout=self._wait
                )
                break
            except KafkaException as error:
                # A partition that moves, or was just made, has no leader for a moment.
                if not error.args[0].retriable() or time.monotonic() > give_up:
                    raise BrokerAway(f"{topic}/{partition}: {error.args[0].name()}") from None
            time.sleep(POLL_SECONDS)
        if found is None:
            raise BrokerAway(f"{topic}/{partition}: no answer")
        return Extent(*found)

    def records(self, topic: str, partition: int, extent: Extent) -> Iterator[list[Message]]:
        """Yield the records of an extent, some at a time and in order; raises BrokerAway."""
        if extent.first >= extent.end:
            return
        self._consumer.assign([TopicPartition(topic, partition, extent.first)])
        try:
            yield from self._until(extent)
        finally:
            self._consumer.unassign()

    def _until(self, extent: Extent) -> Iterator[list[Message]]:
        end, missing = extent.end, extent.end - extent.first
        came = time.monotonic()
        while True:
            messages = self._consumer.consume(min(AT_ONCE, missing), timeout=POLL_SECONDS)
            over = False
            kept = messages
            if any(message.error() is not None for message in messages):
                kept = []
                for message in messages:
                    error = message.error()
                    if error is None:
                        kept.append(message)
                    elif error.code() == KafkaError._PARTITION_EOF:
                        over = True
                    elif not error.retriable():
                        raise BrokerAway(error.name())
            if kept:
                missing = end - 1 - (kept[-1].offset() or 0)
                over = over or missing <= 0
                kept = [message for message in kept if (message.offset() or 0) < end]
                if kept:
                    yield kept
                came = time.monotonic()
            if over:
                return
            if time.monotonic() - came > self._wait:
                raise BrokerAway("no records any more, though there are some")
