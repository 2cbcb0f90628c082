"""How the audit reads Kafka: in no group, committed records alone, as exact bytes."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message

from audit.records import Record

OnError = Callable[[KafkaError], None]


def open_consumer(servers: str, settings: Mapping[str, str], on_error: OnError) -> Consumer:
    """Return a consumer of committed records that never joins its group nor commits anything."""
    ours: dict[str, Any] = {
        "bootstrap.servers": servers,
        # The library wants a name; it is used for nothing.
        "group.id": "audit",
        "client.id": "audit",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "check.crcs": True,
        "allow.auto.create.topics": False,
        "queued.max.messages.kbytes": 32 * 1024,
        "error_cb": on_error,
        # A look for every record that comes would cost the broker more than writing it did.
        "fetch.wait.max.ms": 200,
        "fetch.min.bytes": 64 * 1024,
        "reconnect.backoff.max.ms": 1_000,
    }
    return Consumer({**settings, **ours}, logger=logging.getLogger("librdkafka"))


def record_of(message: Message) -> Record:
    """Return a message's exact bytes; raises UnicodeError for a header whose name is no text."""
    offset, (_, at) = message.offset(), message.timestamp()
    # The library's stubs have more kinds of headers than what it gives a consumer.
    headers: Any = message.headers() or ()
    return Record(int(offset or 0), at, message.key(), tuple(headers), message.value())
