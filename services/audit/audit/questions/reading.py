"""Reads an archive dossier by dossier, in memory that does not grow with it."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from audit.archive import Segment, batches_of, listing, origin_of
from audit.lacking import Known
from audit.questions.records import Place, Raw, Said, Told, chosen
from audit.questions.spilling import Sorting
from contracts.topics import LIFECYCLE

#: What the rows of an answer may take in memory; the rest goes to the temporary folder.
MEMORY = "256MB"
#: Of a record in memory beside its file, about.
_GROWS = 8
_LOG = frozenset(topic.name for topic in LIFECYCLE.values())
_COLUMNS = ("partition", "offset", "timestamp", "key", "value", "dossier_id", "code")
_SORTED = pa.schema(
    [
        ("dossier_id", pa.string()),
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("timestamp", pa.int64()),
        ("key", pa.binary()),
        ("value", pa.binary()),
    ]
)
Progress = Callable[[int, int], None]


def quiet(done: int, all_: int) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True)
class Dossier:
    """A dossier's events, each once, as they stand in the log; not in order."""

    dossier_id: str
    code: str
    events: tuple[Said, ...]


@dataclass
class Source:
    """An archive that is asked; `base` is an empty database for the rows of an answer.

    Use it as a context; raises NotAnArchive. `progress` hears of records twice: as they are read,
    and as they are folded. `lacking` are places with fewer records than their checkpoints know.
    """

    root: Path
    progress: Progress = quiet
    told: Told = field(default_factory=Told)

    def __enter__(self) -> Self:
        """Open it; reads names only."""
        self.origin = origin_of(self.root)
        known, files = Known(self.root), listing(self.root)
        self.lacking = known.lacking(files)
        self.segments = [one for one in files.segments if one.topic in _LOG]
        self._folder = tempfile.TemporaryDirectory(prefix="hotich-audit-")
        self.base = duckdb.connect(
            str(Path(self._folder.name) / "answers.duckdb"),
            config={
                "memory_limit": MEMORY,
                "threads": 2,
                "temp_directory": str(Path(self._folder.name) / "spilled"),
            },
        )
        self.base.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop what was set aside."""
        self.base.close()
        self._folder.cleanup()

    def dossiers(self, only: str | None = None) -> Iterator[Dossier]:
        """Yield the dossiers by id; with `only` those of that code or id.

        What is no event, or does not fit, is told. Raises Unreadable.
        """
        expected = sum((self.root / one.file).stat().st_size for one in self.segments) * _GROWS
        with tempfile.TemporaryDirectory(dir=self._folder.name) as folder:
            sorting = Sorting(Path(folder), _SORTED, 0 if only else expected)
            count = self._set_aside(sorting, only)
            done = count
            for dossier_id, group in groupby(sorting.rows(), key=lambda row: str(row[0])):
                records = [_raw(row[1:]) for row in group]
                done += len(records)
                self.progress(done, 2 * count)
                events = chosen(records, self.told)
                if events:
                    code = min(events, key=lambda one: one.event.time).event.subject
                    yield Dossier(dossier_id, code, tuple(events))

    def _set_aside(self, sorting: Sorting, only: str | None) -> int:
        total = sum(one.last - one.first + 1 for one in self.segments)
        done = count = 0
        for segment in self.segments:
            for records in self._records(segment, only):
                count += records.num_rows
                sorting.add(records)
            done += segment.last - segment.first + 1
            self.progress(done, 2 * total)
        return count

    def _records(self, segment: Segment, only: str | None) -> Iterator[pa.Table]:
        if only and not self._has(segment, only):
            return
        for batch in batches_of(self.root, segment, _COLUMNS):
            table = pa.Table.from_batches([batch])
            is_event = pc.is_valid(table["dossier_id"])
            if only is None:
                self._tell_what_is_none(segment, table.filter(pc.invert(is_event)))
            found = table.filter(_is(table, only) if only else is_event)
            if found.num_rows:
                topics = pa.array([segment.topic] * found.num_rows, pa.string())
                yield found.append_column("topic", topics).select(_SORTED.names).cast(_SORTED)

    def _has(self, segment: Segment, only: str) -> bool:
        batches = batches_of(self.root, segment, ("dossier_id", "code"))
        return any(pc.any(_is(pa.Table.from_batches([one]), only)).as_py() for one in batches)

    def _tell_what_is_none(self, segment: Segment, records: pa.Table) -> None:
        for partition, offset in zip(
            records["partition"].to_pylist(), records["offset"].to_pylist(), strict=True
        ):
            self.told.add("not_an_event", Place(segment.topic, partition, offset))


def _is(table: pa.Table, only: str) -> pa.ChunkedArray:
    """Return where the records are of that code or dossier id."""
    return pc.or_(
        pc.fill_null(pc.equal(table["code"], only), False),
        pc.fill_null(pc.equal(table["dossier_id"], only), False),
    )


def _raw(row: tuple[Any, ...]) -> Raw:
    topic, partition, offset, timestamp_ms, key, value = row
    logged_at = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    return Raw(Place(topic, partition, offset), logged_at, key, value)
