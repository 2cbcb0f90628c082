"""The records judges hear, in the order they were written, over the topics of one partition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.archive import Listing, Segment, batches_of

COLUMNS = ("timestamp", "type", "dossier_id", "sequence", "value")
#: The broker's clock may be behind what a portal says; so many days are read before the first.
LEEWAY = timedelta(days=2)


@dataclass(frozen=True)
class Window:
    """Records in order: whose they are (an index of the topics), and what judges are told."""

    topics: list[int]
    types: list[str]
    dossiers: list[str]
    sequences: list[int]
    values: list[bytes]


class _Stream:
    """One topic-partition's records of some types, some at a time."""

    def __init__(self, root: Path, segments: Sequence[Segment], types: frozenset[str]) -> None:
        self._wanted = pa.array(sorted(types), pa.string())
        self._batches = (
            batch for segment in segments for batch in batches_of(root, segment, COLUMNS)
        )
        self._latest = 0
        self.records: pa.Table | None = None
        self.moments = np.empty(0, np.int64)
        self.refill()

    def refill(self) -> None:
        """Read on; `records` is None when there are no more."""
        self.records = None
        for batch in self._batches:
            kept = batch.filter(pc.is_in(batch.column("type"), self._wanted))
            if not kept.num_rows:
                continue
            self.records = pa.Table.from_batches([kept])
            moments = self.records.column("timestamp").cast(pa.int64()).to_numpy()
            # A clock that went back does not change the order of a topic.
            self.moments = np.maximum.accumulate(np.maximum(moments, self._latest))
            self._latest = int(self.moments[-1])
            return

    def take(self, until: int) -> tuple[pa.Table, np.ndarray]:
        """Return the records up to a moment, inclusive, with their moments; read on if all."""
        assert self.records is not None
        count = int(np.searchsorted(self.moments, until, "right"))
        taken, moments = self.records.slice(0, count), self.moments[:count]
        if count == len(self.moments):
            self.refill()
        else:
            self.records, self.moments = self.records.slice(count), self.moments[count:]
        return taken, moments


def windows(
    root: Path,
    listing: Listing,
    partition: int,
    wanted: Mapping[str, frozenset[str]],
    since: date | None,
) -> Iterator[Window]:
    """Yield the records of a partition by the broker's time; of two at once, by the topics' order.

    `wanted` gives the types by topic; files of days before `since` are left out. Raises
    Unreadable.
    """
    places = listing.by_place()
    first = None if since is None else since - LEEWAY
    streams = [
        _Stream(root, [one for one in places.get((topic, partition), []) if _is_in(one, first)], t)
        for topic, t in wanted.items()
    ]
    while any(stream.records is not None for stream in streams):
        left = [(n, stream) for n, stream in enumerate(streams) if stream.records is not None]
        horizon = min(int(stream.moments[-1]) for _, stream in left)
        taken = [(n, *stream.take(horizon)) for n, stream in left]
        yield _window(taken)


def _window(taken: Sequence[tuple[int, pa.Table, np.ndarray]]) -> Window:
    table = pa.concat_tables([records for _, records, _ in taken])
    ranks = np.concatenate([np.full(records.num_rows, n) for n, records, _ in taken])
    order = np.argsort(np.concatenate([moments for *_, moments in taken]), kind="stable")
    if len(taken) > 1:
        table = table.take(pa.array(order))
    return Window(
        ranks[order].tolist(),
        table.column("type").to_pylist(),
        table.column("dossier_id").to_pylist(),
        table.column("sequence").to_pylist(),
        table.column("value").to_pylist(),
    )


def _is_in(segment: Segment, first: date | None) -> bool:
    return first is None or segment.day >= first
