"""The records judges hear, in the order they were written, over the topics of one partition."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.archive import Listing, Segment, batches_of
from audit.replaying.recognising import Recognisers
from contracts.told import Told

COLUMNS = ("timestamp", "type", "dossier_id", "sequence", "value")
#: The broker's clock may be behind what a portal says; so many days are read before the first.
LEEWAY = timedelta(days=2)
#: So many records at least are read at once, if there are: more take memory and hardly less time.
AT_ONCE = 2048


class Window(NamedTuple):
    """How many records, and of each in order its kind, dossier, number, bytes and what it tells.

    The kind is a number: that of its type among all that are wanted, of the first topic first. What
    is not usual tells None.
    """

    size: int
    rows: Iterable[tuple[int, str, int, bytes, Told | None]]


class _Stream:
    """One topic-partition's records of some types, some at a time."""

    def __init__(
        self,
        root: Path,
        segments: Sequence[Segment],
        types: Sequence[str],
        first: int,
        recognisers: Recognisers,
        seen: Callable[[int], None],
    ) -> None:
        self._seen = seen
        self._names, self._types, self._first = types, pa.array(types, pa.string()), first
        self._recognisers = recognisers
        self._batches = (
            batch for segment in segments for batch in batches_of(root, segment, COLUMNS, AT_ONCE)
        )
        self._latest = 0
        self._columns: list[list[Any]] = []
        self.moments = np.empty(0, np.int64)
        self.refill()

    @property
    def ended(self) -> bool:
        """Return whether there are no more records."""
        return not len(self.moments)

    def refill(self) -> None:
        """Read on, unless all is read."""
        self.moments = np.empty(0, np.int64)
        while not len(self.moments) and (batches := list(self._some())):
            (records,) = pa.Table.from_batches(batches).combine_chunks().to_batches()
            kinds = pc.index_in(records.column("type"), self._types)
            # What is not wanted has no kind.
            rows = _without_null(kinds, *records.columns)
            kinds = kinds.to_numpy(zero_copy_only=False)[rows].astype(np.int64)
            moments, dossiers, numbers = (
                records.column(name).take(pa.array(rows)).to_numpy(zero_copy_only=False)
                for name in ("timestamp", "dossier_id", "sequence")
            )
            # A clock that went back does not change the order of a topic.
            self.moments = np.maximum.accumulate(np.maximum(moments.view(np.int64), self._latest))
            self._latest = int(self.moments[-1]) if len(self.moments) else self._latest
            read = self._recognisers.read(self._names, kinds, records.column("value"), rows)
            self._columns = [one.tolist() for one in (kinds + self._first, dossiers, numbers)]
            self._columns += read

    def _some(self) -> Iterator[pa.RecordBatch]:
        """Yield what is read at once: of many small files several."""
        count = 0
        while count < AT_ONCE and (batch := next(self._batches, None)) is not None:
            count += batch.num_rows
            self._seen(batch.num_rows)
            yield batch

    def take(self, until: int) -> tuple[list[list[Any]], np.ndarray]:
        """Return the records up to a moment, inclusive, with their moments; read on if all."""
        count = int(np.searchsorted(self.moments, until, "right"))
        taken, moments = [column[:count] for column in self._columns], self.moments[:count]
        if count == len(self.moments):
            self.refill()
        else:
            self._columns = [column[count:] for column in self._columns]
            self.moments = self.moments[count:]
        return taken, moments


def _without_null(*columns: pa.Array) -> np.ndarray:
    """Return the rows in which no column has nothing."""
    there = np.ones(len(columns[0]), bool)
    for column in columns:
        if column.null_count:
            there &= column.is_valid().to_numpy(zero_copy_only=False)
    return np.flatnonzero(there)


def windows(
    root: Path,
    listing: Listing,
    partition: int,
    wanted: Mapping[str, Sequence[str]],
    since: date | None,
    recognisers: Recognisers,
    seen: Callable[[int], None],
) -> Iterator[Window]:
    """Yield the records of a partition by the broker's time; of two at once, by the topics' order.

    `wanted` gives the types by topic; files of days before `since` are left out. `seen` is told how
    many records were read, whatever their type. Raises Unreadable.
    """
    places = listing.by_place()
    streams, first = [], 0
    for topic, types in wanted.items():
        segments = [one for one in places.get((topic, partition), []) if is_read(one, since)]
        streams.append(_Stream(root, segments, types, first, recognisers, seen))
        first += len(types)
    while left := [stream for stream in streams if not stream.ended]:
        horizon = min(int(stream.moments[-1]) for stream in left)
        yield _window([stream.take(horizon) for stream in left])


def _window(taken: Sequence[tuple[list[list[Any]], np.ndarray]]) -> Window:
    columns = [
        list(chain.from_iterable(parts)) for parts in zip(*(c for c, _ in taken), strict=True)
    ]
    order = np.argsort(np.concatenate([moments for _, moments in taken]), kind="stable").tolist()
    return Window(len(order), zip(*(map(one.__getitem__, order) for one in columns), strict=True))


def is_read(segment: Segment, since: date | None) -> bool:
    """Return whether a file of a topic that is wanted is read."""
    return since is None or segment.day >= since - LEEWAY
