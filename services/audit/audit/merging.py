"""Makes one file of the many a day was written in, once the day is over; changes no record."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from audit import archive
from audit.archive import ROWS_PER_GROUP, SCHEMA, Segment, SegmentWriter, Unreadable
from contracts.model import VIETNAM

log = structlog.get_logger()

MOST_ROWS = 1_000_000
#: So long after its end a day counts as over.
AFTER = timedelta(hours=1)


class Stopped(Exception):
    """The process is told to end; the file that was being made is given up."""


def merge(
    root: Path, now: datetime, stop: threading.Event | None = None, most_rows: int = MOST_ROWS
) -> int:
    """Merge the files of every day that is over; return how many files went into larger ones.

    Only files that follow one another in a topic-partition become one, of at most so many rows.
    A file that cannot be read, or is not what its name says, is left as it is and told.
    """
    merged = 0
    for segments in archive.listing(root).by_place().values():
        for run in _runs(root, segments, now, most_rows):
            try:
                _merge(root, run, stop or threading.Event())
            except Stopped:
                return merged
            except Unreadable:
                log.error("segments_not_merged", topic=run[0].topic, partition=run[0].partition)
            else:
                merged += len(run)
    return merged


def is_over(day: date, now: datetime) -> bool:
    """Return whether the Vietnamese day ended at least an hour ago."""
    return datetime.combine(day + timedelta(days=1), time(), VIETNAM) + AFTER <= now


def _runs(
    root: Path, segments: list[Segment], now: datetime, most_rows: int
) -> Iterator[list[Segment]]:
    """Yield two or more files in a row, of a day that is over, that fit into one."""
    run: list[Segment] = []
    rows = 0
    for segment in sorted(segments, key=lambda one: one.first):
        count = _rows(root, segment) if is_over(segment.day, now) else most_rows + 1
        if not run or segment.day != run[-1].day or rows + count > most_rows:
            if len(run) > 1:
                yield run
            run, rows = [], 0
        run, rows = [*run, segment], rows + count
    if len(run) > 1:
        yield run


def _rows(root: Path, segment: Segment) -> int:
    """Return how many rows the file has; one that cannot be read fits nowhere."""
    try:
        return int(pq.read_metadata(root / segment.file).num_rows)
    except (OSError, pa.ArrowException):
        return MOST_ROWS + 1


def _merge(root: Path, run: list[Segment], stop: threading.Event) -> None:
    whole = replace(run[0], last=run[-1].last)
    with contextlib.closing(SegmentWriter(root, whole)) as writer:
        for group in _groups(_checked(root, run, stop)):
            writer.write(group)
        writer.commit()
    for part in run:
        (root / part.file).unlink()


def _checked(root: Path, run: list[Segment], stop: threading.Event) -> Iterator[pa.RecordBatch]:
    """Yield the records of the files, which must be those their names say, in order."""
    reached = -1
    for segment in run:
        began = False
        for batch in archive.batches_of(root, segment):
            if stop.is_set():
                raise Stopped
            if not batch.num_rows or batch.column("offset").null_count:
                raise Unreadable(segment.file, "a record has no place, or there is none")
            offsets = batch.column("offset").to_numpy()
            first = int(offsets[0])
            in_order = first > reached and bool((offsets[1:] > offsets[:-1]).all())
            if not in_order or (not began and first != segment.first):
                raise Unreadable(segment.file, "its records are not in order")
            began, reached = True, int(offsets[-1])
            yield batch
        if reached != segment.last:
            raise Unreadable(segment.file, "its last record is not the one its name says")


def _groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the same records, so many together as a file's group of rows has."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        while batch.num_rows:
            part = batch.slice(0, ROWS_PER_GROUP - rows)
            batch = batch.slice(part.num_rows)
            waiting, rows = [*waiting, part], rows + part.num_rows
            if rows == ROWS_PER_GROUP:
                yield pa.Table.from_batches(waiting, schema=SCHEMA)
                waiting, rows = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting, schema=SCHEMA)
