"""Opening an archive to write: one writer at a time, remains of a crash away, where to go on."""

import contextlib
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from audit import archive
from audit.ahead import AHEAD
from audit.archive import LOG, PARTIAL, Segment
from audit.parts import is_left_of_merge, whole_of
from audit.records import Record, records_of

log = structlog.get_logger()

LOCK = "lock"
Place = tuple[str, int]


class AlreadyWritten(Exception):
    """Another process writes this archive."""


@dataclass
class Reached:
    """What the archive has of a topic-partition: everything before `next_offset`.

    `last` is its newest record, None when it has none. `unreadable`: its newest file cannot be
    read, so nobody can say where to go on.
    """

    next_offset: int = 0
    records: int = 0
    last: Record | None = None
    unreadable: bool = False

    @property
    def newest(self) -> datetime | None:
        """Return the broker's time of the newest record; None when no calendar has it."""
        try:
            return self.last and datetime.fromtimestamp(self.last.timestamp_ms / 1000, UTC)
        except (OverflowError, ValueError, OSError):
            return None

    def age_seconds(self, now: datetime) -> float | None:
        """Return how old the newest record is; None when its time is no time it can have come at.

        A broker's clock may be somewhat ahead of ours, not a day.
        """
        if self.newest is None or self.newest > now + AHEAD:
            return None
        return max(0.0, (now - self.newest).total_seconds())


@contextlib.contextmanager
def held(root: Path) -> Iterator[None]:
    """Hold the archive as its only writer for the block; raises AlreadyWritten.

    A process that ends, however it ends, holds it no more.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyWritten from None
        yield


def tidy(root: Path) -> None:
    """Remove what a crash left: files written in part, and parts of a merge that was finished.

    A part that is not what the merged file says stays: that was no crash of ours.
    """
    for partial in (root / LOG).rglob(f".*{PARTIAL}"):
        partial.unlink()
    found = archive.listing(root)
    for part in found.superseded:
        if is_left_of_merge(root, part, whole_of(part, found.segments)):
            (root / part.file).unlink()
        else:
            log.error("superseded_segment_differs", topic=part.topic, partition=part.partition)


def reached(root: Path) -> dict[Place, Reached]:
    """Return what the archive has, by topic and partition; reads the newest file of each."""
    return {
        place: _reached(root, segments)
        for place, segments in archive.listing(root).by_place().items()
    }


def _reached(root: Path, segments: list[Segment]) -> Reached:
    newest = max(segments, key=lambda one: one.last)
    last = _last_record(root, newest)
    return Reached(
        newest.last + 1,
        sum(_count(root, one) for one in segments),
        last,
        unreadable=last is None,
    )


def _last_record(root: Path, segment: Segment) -> Record | None:
    """Return the record the file's name ends with; None when it cannot be read there."""
    try:
        with pq.ParquetFile(root / segment.file) as file:
            rows = file.read_row_group(file.num_row_groups - 1)
        (last,) = records_of(rows.slice(rows.num_rows - 1))
    except (OSError, ValueError, KeyError, IndexError, pa.ArrowException):
        return None
    return last if last.offset == segment.last else None


def _count(root: Path, segment: Segment) -> int:
    try:
        return int(pq.read_metadata(root / segment.file).num_rows)
    except (OSError, pa.ArrowException):
        log.error("segment_unreadable", topic=segment.topic, partition=segment.partition)
        return 0
