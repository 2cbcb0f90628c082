"""One pass over the records of a topic-partition: places, clocks, columns, chain and tree."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.archive import EXACT, Segment, Unreadable, batches_of, listing
from audit.findings import Verdict
from audit.verifying.collecting import Findings, Place
from audit.verifying.rows import Numbers, numbers
from contracts.model import VIETNAM

#: So many records are looked at together: what is made of them still fits the processor's cache.
_ROWS = 4_096


@dataclass(frozen=True)
class Hole:
    """Offsets that are not there, both inclusive; `kind` says what is missing as it seems."""

    kind: str
    first: int
    last: int
    text: str


@dataclass
class Walk:
    """Reads a place file by file, in order; tells of files, offsets and clocks.

    A hole that a later checkpoint stands over was there when it was signed: `holes` are kept
    until `attested` or `tell_holes`.
    """

    root: Path
    place: Place
    segments: list[Segment]
    found: Findings
    expected: int = 0
    clock_ms: int = -1
    damaged: list[Segment] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    records: int = 0
    _again: bool = False

    def batches(self, since: date | None = None) -> Iterator[tuple[pa.RecordBatch, bool]]:
        """Yield the records, and whether they have their derived columns: from that day on."""
        day: date | None = None
        for segment in self._lasting():
            self._between(day, segment)
            day = segment.day
            whole = since is None or segment.day >= since
            begin = self.expected
            seen = begin - 1
            try:
                for batch in batches_of(self.root, segment, None if whole else EXACT, _ROWS):
                    kept = self._placed(segment, batch, begin)
                    if len(kept):
                        seen = max(seen, self.expected - 1)
                        yield kept, whole
            except Unreadable as error:
                self.damaged.append(segment)
                self._add(Verdict.UNREADABLE, "file_unreadable", error.reason, None, segment.file)
            else:
                if seen < segment.last:
                    self._hole("record_missing", seen + 1, segment.last, "at the end of its file")
            self.expected = max(self.expected, seen + 1, segment.last + 1)

    def attested(self, offset: int) -> None:
        """Forget the holes before an offset: a checkpoint that fits was signed over them."""
        self.holes = [hole for hole in self.holes if hole.first > offset]

    def tell_holes(self) -> None:
        """Tell of the holes that no checkpoint stands over."""
        for hole in self.holes:
            many = hole.last - hole.first
            span = f"offset {hole.first}" if not many else f"offsets {hole.first} to {hole.last}"
            self._add(Verdict.INCOMPLETE, hole.kind, f"{span}: {hole.text}", hole.first)

    def _lasting(self) -> Iterator[Segment]:
        """Yield the files; where one was merged away meanwhile, what it was merged into."""
        coming = list(self.segments)
        while coming:
            segment = coming.pop(0)
            if not (self.root / segment.file).exists():
                now = listing(self.root).by_place().get(self.place, [])
                later = [one for one in now if one.last >= segment.first]
                if later and later[0].first <= segment.first:
                    last = coming[-1].last if coming else segment.last
                    coming = [one for one in later[1:] if one.first <= last]
                    segment, self._again = later[0], True
            elif segment.first < self.expected and not self._again:
                text = "it has records that the file before it has, too"
                self._add(Verdict.UNREADABLE, "file_foreign", text, segment.first, segment.file)
            yield segment

    def _between(self, day: date | None, segment: Segment) -> None:
        if segment.first <= self.expected:
            return
        missing = segment.first - self.expected
        kind, text = "file_missing", f"{missing} records between two files"
        if day is not None and segment.day - day > timedelta(days=1):
            kind, text = "day_missing", f"{missing} records between {day} and {segment.day}"
        elif day is None:
            text = f"{missing} records before the first file"
        self._hole(kind, self.expected, segment.first - 1, text)
        self.expected = segment.first

    def _placed(self, segment: Segment, batch: pa.RecordBatch, begin: int) -> pa.RecordBatch:
        """Return the records that belong to the file and were not read yet; tell of the others."""
        if any(batch.column(name).null_count for name in ("partition", "offset", "timestamp")):
            raise Unreadable(segment.file, "a record has no place")
        offsets = numbers(batch.column("offset"))
        partitions = np.frombuffer(batch.column("partition").buffers()[1], np.int32)
        here = partitions[batch.column("partition").offset :][: len(offsets)] == segment.partition
        inside = (offsets >= segment.first) & (offsets <= segment.last)
        if not (here & inside).all():
            at = int(offsets[~(here & inside)][0])
            text = "it has records of another place than its name says"
            self._add(Verdict.UNREADABLE, "file_foreign", text, at, segment.file)
        # A file that was merged meanwhile begins with what was read already.
        if self._again and not (fresh := offsets >= begin).all():
            batch, offsets, inside = batch.filter(pa.array(fresh)), offsets[fresh], inside[fresh]
        if len(batch):
            self._ordered(offsets)
            self._clocked(segment, offsets, numbers(batch.column("timestamp")))
            self.records += len(batch)
            self.expected = max(self.expected, int(offsets[inside].max(initial=-1)) + 1)
        return batch

    def _ordered(self, offsets: Numbers) -> None:
        before = np.concatenate([[self.expected - 1], offsets[:-1]])
        if (offsets == before + 1).all():
            return
        highest = np.maximum.accumulate(before)
        for at in offsets[offsets <= highest]:
            text = "it stands behind a record with a higher offset"
            self._add(Verdict.ALTERED, "swapped", text, int(at))
        known = np.unique(offsets[offsets >= self.expected])
        ends = np.concatenate([[self.expected - 1], known])
        for at in np.flatnonzero(np.diff(ends) > 1):
            self._hole("record_missing", int(ends[at]) + 1, int(ends[at + 1]) - 1, "not there")

    def _clocked(self, segment: Segment, offsets: Numbers, times: Numbers) -> None:
        before = np.concatenate([[self.clock_ms], times[:-1]])
        self._each(
            offsets[times < before],
            Verdict.CLOCK_WENT_BACK,
            "clock_went_back",
            "the broker's time is before that of the record before it",
        )
        self.clock_ms = int(times[-1])
        begin = datetime.combine(segment.day, clock.min, VIETNAM)
        limits = [int(one.timestamp() * 1000) for one in (begin, begin + timedelta(days=1))]
        outside = (times < limits[0]) | (times >= limits[1])
        self._each(
            offsets[outside],
            Verdict.ALTERED,
            "bytes_changed",
            "the broker's time is not of the day its file is of",
        )

    def _each(self, offsets: NDArray[np.int64], verdict: Verdict, kind: str, text: str) -> None:
        for at in offsets:
            self._add(verdict, kind, text, int(at))

    def _hole(self, kind: str, first: int, last: int, text: str) -> None:
        self.holes.append(Hole(kind, first, last, text))

    def _add(
        self, verdict: Verdict, kind: str, text: str, offset: int | None, file: str | None = None
    ) -> None:
        topic, partition = self.place
        where = {"topic": topic, "partition": partition, "offset": offset, "file": file}
        self.found.add(verdict, kind, text, **where)
