"""The log's records put aside by dossier, so that a whole log is never in memory."""

import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

_HEAD = struct.Struct(">HHqqii")
_NONE = -1


class LogRecord(NamedTuple):
    """A record as it stands on its topic-partition; `at_ms` is the broker's time."""

    topic: str
    partition: int
    offset: int
    at_ms: int
    key: bytes | None
    value: bytes | None


class Spool:
    """Files in a folder, one for each share of the dossiers; `ends` are the offsets after the last.

    Records of a topic-partition come in the order of their offsets.
    """

    def __init__(self, folder: Path, shares: int) -> None:
        self._paths = [folder / f"{number:04d}" for number in range(shares)]
        self._files: list[BinaryIO] = []
        self._topics: list[str] = []
        self._numbers: dict[str, int] = {}
        self._stack = ExitStack()
        self.ends: dict[tuple[str, int], int] = {}
        self.count = 0

    def __enter__(self) -> Self:
        """Open the files for writing."""
        self._files = [self._stack.enter_context(path.open("wb")) for path in self._paths]
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files; what is in them can be read then."""
        self._stack.close()

    def add(self, record: LogRecord) -> None:
        """Put a record aside; one without a key is only counted."""
        place = record.topic, record.partition
        self.ends[place] = max(self.ends.get(place, 0), record.offset + 1)
        self.count += 1
        if record.key is None:
            return
        number = self._numbers.get(record.topic)
        if number is None:
            number = self._numbers[record.topic] = len(self._topics)
            self._topics.append(record.topic)
        file = self._files[zlib.crc32(record.key) % len(self._files)]
        length = _NONE if record.value is None else len(record.value)
        file.write(
            _HEAD.pack(
                number, record.partition, record.offset, record.at_ms, len(record.key), length
            )
        )
        file.write(record.key)
        if record.value is not None:
            file.write(record.value)

    def shares(self) -> Iterator[dict[bytes, list[LogRecord]]]:
        """Yield the records of each share, by key and in the order they were put aside."""
        for path in self._paths:
            found: defaultdict[bytes, list[LogRecord]] = defaultdict(list)
            for record in self._read(path):
                found[record.key or b""].append(record)
            path.unlink()
            if found:
                yield dict(found)

    def _read(self, path: Path) -> Iterator[LogRecord]:
        with path.open("rb") as file:
            while head := file.read(_HEAD.size):
                number, partition, offset, at_ms, of_key, of_value = _HEAD.unpack(head)
                key = file.read(of_key)
                value = None if of_value == _NONE else file.read(of_value)
                yield LogRecord(self._topics[number], partition, offset, at_ms, key, value)


def spool(folder: Path, shares: int, records: Iterable[LogRecord]) -> Spool:
    """Return the records put aside in so many shares."""
    with Spool(folder, shares) as made:
        for record in records:
            made.add(record)
    return made
