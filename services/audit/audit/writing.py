"""Collects records and writes them as files: all of a file or nothing, every offset once."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa

from audit.ahead import Clocks
from audit.archive import Segment, day_of, write_segment
from audit.records import Record, table_of
from audit.resuming import Place, Reached
from plumbing.metrics import ARCHIVED, ARCHIVED_BYTES

SERVICE = "audit"

#: Called when a file is lasting: topic, partition, first offset, number of records, the records.
OnWritten = Callable[[str, int, int, int, pa.Table], None]


@dataclass(frozen=True)
class Limits:
    """When a file is written: with so many records or bytes, or when the first has waited."""

    records: int
    size: int
    seconds: float


@dataclass
class _Group:
    """Records of one topic-partition and day that become one file."""

    place: Place
    day: date
    began: float
    records: list[Record] = field(default_factory=list)
    size: int = 0


class Writer:
    """Takes records in the order of their offsets; `write` makes files of those that are due.

    Taking writes nothing, so what was taken waits here when the disk refuses. `reached` is kept
    up to date with what is lasting.
    """

    def __init__(
        self,
        root: Path,
        reached: dict[Place, Reached],
        limits: Limits,
        on_written: OnWritten,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root, self._reached, self._limits = root, reached, limits
        self._on_written, self._clock = on_written, clock
        self._open: dict[Place, _Group] = {}
        self._due: deque[_Group] = deque()
        self._clocks = Clocks()
        self._positions = {place: known.next_offset for place, known in reached.items()}

    def position(self, place: Place) -> int:
        """Return the offset after the last one taken."""
        return self._positions.get(place, 0)

    def take(self, place: Place, record: Record) -> None:
        """Take the next record of a topic-partition; one that was taken before is left out."""
        if record.offset < self.position(place):
            return
        self._clocks.look(place, record)
        day = day_of(record.timestamp_ms)
        group = self._open.get(place)
        if group is not None and group.day != day:
            self._close(place)
            group = None
        if group is None:
            group = self._open[place] = _Group(place, day, self._clock())
        group.records.append(record)
        group.size += record.size
        self._positions[place] = record.offset + 1
        if len(group.records) >= self._limits.records or group.size >= self._limits.size:
            self._close(place)

    def write(self, *, everything: bool = False) -> None:
        """Write what is due, or everything; raises OSError, and then it is written the next time.

        What the hook raises is raised here too, after its file is lasting.
        """
        waited = self._clock() - self._limits.seconds
        self._close_all(
            place for place, one in self._open.items() if everything or one.began <= waited
        )
        while self._due:
            group = self._due[0]
            first, last = group.records[0], group.records[-1]
            topic, partition = group.place
            table = table_of(partition, group.records)
            segment = Segment(topic, partition, first.offset, last.offset, group.day)
            write_segment(self._root, segment, table)
            self._due.popleft()
            self._count(group)
            self._on_written(topic, partition, first.offset, len(group.records), table)

    def _close_all(self, places: Iterable[Place]) -> None:
        for place in list(places):
            self._close(place)

    def _close(self, place: Place) -> None:
        self._due.append(self._open.pop(place))

    def _count(self, group: _Group) -> None:
        last = group.records[-1]
        known = self._reached.setdefault(group.place, Reached())
        known.next_offset, known.last = last.offset + 1, last
        known.records += len(group.records)
        ARCHIVED.labels(SERVICE, group.place[0]).inc(len(group.records))
        ARCHIVED_BYTES.labels(SERVICE, group.place[0]).inc(group.size)
