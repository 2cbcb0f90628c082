"""The records of the topics as they lie in Kafka, written to files that people can read."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.chaos.campaign.course import Place


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its place, its bytes as they are, and the broker's time in milliseconds."""

    place: Place
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    at_ms: int = 0


@dataclass(frozen=True)
class Dumped:
    """A topic's records in its file, read each time it is gone through."""

    topic: str
    path: Path

    def __iter__(self) -> Iterator[Record]:
        """Yield the records, per partition in log order."""
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                yield Record(
                    Place(self.topic, row["partition"], row["offset"]),
                    _bytes(row["key"]),
                    _bytes(row["value"]),
                    tuple((name, _bytes(value)) for name, value in row["headers"]),
                    row["at_ms"],
                )


async def write(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], path: Path) -> None:
    """Write every record before the ends into the file, one line each."""
    consumer.assign(list(ends))
    await consumer.seek_to_beginning(*ends)
    with path.open("w", encoding="utf-8") as lines:
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for tp, batch in (await consumer.getmany(timeout_ms=200)).items():
                for record in batch:
                    if record.offset < ends[tp]:
                        lines.write(_line(record))


def _line(record: Any) -> str:
    row = {
        "partition": record.partition,
        "offset": record.offset,
        "at_ms": record.timestamp,
        "key": _text(record.key),
        "headers": [[name, _text(value)] for name, value in record.headers],
        "value": _text(record.value),
    }
    return json.dumps(row, ensure_ascii=False) + "\n"


def _text(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _bytes(kept: Any) -> bytes | None:
    if kept is None:
        return None
    return kept.encode() if isinstance(kept, str) else base64.b64decode(kept["base64"])
