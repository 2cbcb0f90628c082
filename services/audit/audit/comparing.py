"""The archive against the broker: every record, byte by byte, in both directions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
from confluent_kafka import Message

from audit.archive import EXACT, Segment, Unreadable, batches_of, listing, origin_of
from audit.findings import Finding, Verdict
from audit.kafka_reading import BulkReader
from audit.verifying.collecting import Findings, LeftOff, Place
from audit.verifying.rows import numbers
from contracts.topics import ARCHIVED, Topic

Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True)
class Comparison:
    """What came of it: records that are the same, and how many the archive is behind, by place."""

    verdict: Verdict
    findings: list[Finding]
    left_off: list[LeftOff]
    same: dict[Place, int] = field(default_factory=dict)
    behind: dict[Place, int] = field(default_factory=dict)


def compare_with_broker(
    root: Path, reader: BulkReader, topics: Sequence[Topic] = ARCHIVED
) -> Comparison:
    """Return where the archive and the broker differ; raises NotAnArchive and BrokerAway.

    What the broker has behind the archive's end is not archived yet, which is no finding.
    """
    origin_of(root)
    files, found = listing(root).by_place(), Findings()
    same: dict[Place, int] = {}
    behind: dict[Place, int] = {}
    for topic in topics:
        for partition in range(topic.partitions):
            place = Place(topic.name, partition)
            one = _Place(root, place, files.get(place, []), found)
            same[place], behind[place] = one.compare(reader)
    return Comparison(found.verdict, found.sorted(), found.left_off(), same, behind)


class _Place:
    def __init__(self, root: Path, place: Place, segments: list[Segment], found: Findings) -> None:
        self.root, self.place, self.segments, self.found = root, place, segments, found
        self.same = 0
        self._archived = self._records()
        self._held: dict[str, list[Any]] = _none()
        self._at = 0

    def compare(self, reader: BulkReader) -> tuple[int, int]:
        """Return how many records are the same, and how many are not archived yet."""
        extent = reader.extent(*self.place)
        end = self.segments[-1].last + 1 if self.segments else 0
        for messages in reader.records(*self.place, extent):
            if not self._is_same(messages):
                self._one_by_one(messages, end)
        while self._fill():
            self._tell("the broker does not have it", self._held["offset"][self._at])
            self._at += 1
        return self.same, max(0, extent.end - max(end, extent.first))

    def _is_same(self, messages: list[Message]) -> bool:
        """Compare a whole chunk with what the archive has next; go on only if it is the same."""
        if not self._fill():
            return False
        upto = self._at + len(messages)
        held = {name: column[self._at : upto] for name, column in self._held.items()}
        if len(held["offset"]) < len(messages):
            return False
        if not (
            held["value"] == [message.value() for message in messages]
            and held["offset"] == [message.offset() for message in messages]
            and held["timestamp"] == [message.timestamp()[1] for message in messages]
            and held["key"] == [message.key() for message in messages]
            and held["headers"] == [_headers_of(message) for message in messages]
        ):
            return False
        self._at = upto
        self.same += len(messages)
        return True

    def _one_by_one(self, messages: list[Message], end: int) -> None:
        for message in messages:
            offset = message.offset() or 0
            while self._fill() and self._held["offset"][self._at] < offset:
                self._tell("the broker does not have it", self._held["offset"][self._at])
                self._at += 1
            if not self._fill() or self._held["offset"][self._at] != offset:
                if offset < end:
                    self._tell("the archive does not have it", offset, message.key())
                continue
            differing = [
                name for name, part in _parts(message).items() if self._held[name][self._at] != part
            ]
            if differing:
                text = f"the broker has another {', '.join(differing)}"
                self._tell(text, offset, message.key())
            else:
                self.same += 1
            self._at += 1

    def _fill(self) -> bool:
        """Return whether the archive has a next record."""
        while self._at >= len(self._held["offset"]):
            coming = next(self._archived, None)
            if coming is None:
                return False
            self._held, self._at = coming, 0
        return True

    def _records(self) -> Iterator[dict[str, list[Any]]]:
        for segment in self.segments:
            try:
                for batch in batches_of(self.root, segment, EXACT):
                    yield _columns(batch)
            except Unreadable as error:
                self.found.add(
                    Verdict.UNREADABLE, "file_unreadable", error.reason, file=segment.file
                )

    def _tell(self, text: str, offset: int, key: str | bytes | None = None) -> None:
        if key is None and self._at < len(self._held["key"]):
            key = self._held["key"][self._at]
        topic, partition = self.place
        self.found.add(
            Verdict.DIVERGED,
            "archives_differ",
            text,
            topic=topic,
            partition=partition,
            offset=offset,
            dossier_id=_uuid(key),
        )


def _none() -> dict[str, list[Any]]:
    return {name: [] for name in EXACT if name != "partition"}


def _columns(batch: pa.RecordBatch) -> dict[str, list[Any]]:
    return {
        "offset": numbers(batch.column("offset")).tolist(),
        "timestamp": numbers(batch.column("timestamp")).tolist(),
        "key": batch.column("key").to_pylist(),
        "headers": _headers(batch.column("headers")),
        "value": batch.column("value").to_pylist(),
    }


def _headers(column: pa.Array) -> list[Headers]:
    """Return each record's headers; equal ones are read once."""
    inner = column.flatten()
    if len(inner) == len(column) and not column.null_count:
        pair = inner.slice(0, 1)
        if inner.field(0).unique().equals(pair.field(0)) and inner.field(1).unique().equals(
            pair.field(1)
        ):
            lengths = column.value_lengths()
            if lengths.unique().to_pylist() == [1]:
                first: Headers = [(one["name"], one["value"]) for one in column[0].as_py()]
                return [first] * len(column)
    return [[(one["name"], one["value"]) for one in each or ()] for each in column.to_pylist()]


def _parts(message: Message) -> dict[str, Any]:
    return {
        "timestamp": message.timestamp()[1],
        "key": message.key(),
        "headers": _headers_of(message),
        "value": message.value(),
    }


def _headers_of(message: Message) -> Any:
    try:
        return message.headers() or []
    except UnicodeError:
        # A name that is no text is none the archive can have.
        return None


def _uuid(key: str | bytes | None) -> UUID | None:
    try:
        return UUID(key.decode() if isinstance(key, bytes) else key or "")
    except ValueError:
        return None
