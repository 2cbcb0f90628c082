"""Hands Kafka records through FastStream untouched; nothing here can raise."""

from collections.abc import Sequence
from typing import Any

from faststream.kafka.message import KafkaMessage

from plumbing.sequencing import Record


async def total_parser(records: Sequence[Record]) -> KafkaMessage:
    """Return the batch as one message that carries the records as they are."""
    # Never raises: the default one loses a whole batch for one header that is not UTF-8.
    return KafkaMessage(
        raw_message=tuple(records),
        body=b"",
        headers={},
        batch_headers=[{}],
        consumer=None,  # type: ignore[arg-type]
        correlation_id="-",
        message_id="-",
    )


async def raw(message: KafkaMessage) -> Any:
    """Return the records of a message."""
    return message.raw_message
