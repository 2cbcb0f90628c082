"""The Merkle tree of a topic-partition, read from the archive's files: any range of it, its proofs.

Whole blocks of leaves are folded once and remembered; of the rest one block at a time is in memory.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.archive import EXACT, Segment, Unreadable, batches_of, listing
from audit.leaves import headers_digest, leaves_of, value_digest
from audit.merkle import EMPTY, node_hash, root_of

#: Leaves in a block; a power of two.
BLOCK = 16_384

Range = tuple[int, int]


def leaves_in(batch: pa.RecordBatch) -> list[bytes]:
    """Return the leaf hashes of records, in order; the exact columns must be there."""
    values = batch.column("value").to_pylist()
    return leaves_of(
        batch.column("offset").to_pylist(),
        batch.column("timestamp").cast(pa.int64()).to_pylist(),
        batch.column("key").to_pylist(),
        _headers_digests(batch.column("headers")),
        [value_digest(value) for value in values],
    )


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the leaves each digest of an audit path is over, in its order (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    first, end, ranges = 0, size, list[Range]()
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((first, middle))
            first = middle
    return ranges[::-1]


def consistency_ranges(size: int, later: int) -> list[Range]:
    """Return the leaves each digest of a consistency proof is over (RFC 6962, 2.1.2)."""
    if not 0 <= size <= later:
        raise ValueError(f"no earlier tree of {size} in one of {later}")
    if size in (0, later):
        return []
    first, end, whole, ranges = 0, later, True, list[Range]()
    while size != end:
        middle = first + _split(end - first)
        if size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((first, middle))
            first, whole = middle, False
    return ranges[::-1] if whole else [(first, end), *ranges[::-1]]


class Tree:
    """The tree over all records the archive has of a topic-partition, or over the first of them.

    Raises Unreadable where a file cannot be read.
    """

    def __init__(self, root: Path, topic: str, partition: int) -> None:
        self._root, self._place = root, (topic, partition)
        self._segments: list[Segment] = []
        self._starts = [0]
        self._blocks: list[bytes] = []
        self._last: tuple[int, list[bytes]] = (-1, [])
        self.refresh()

    @property
    def size(self) -> int:
        """Return how many records there are."""
        return self._starts[-1]

    def refresh(self) -> None:
        """Look again which files there are; what is in them already is taken not to change."""
        self._segments = listing(self._root).by_place().get(self._place, [])
        counts = (_rows(self._root, segment) for segment in self._segments)
        self._starts = list(accumulate(counts, initial=0))
        self._last = (-1, [])

    def root(self, size: int) -> bytes:
        """Return the root of the tree of the first so many records."""
        return self.digest(0, size)

    def digest(self, first: int, end: int) -> bytes:
        """Return the root over the leaves `first` to `end` (not inclusive), aligned as in a tree.

        Raises ValueError when there are not so many.
        """
        if not 0 <= first <= end <= self.size:
            raise ValueError(f"no leaves {first} to {end} in a tree of {self.size}")
        if first == end:
            return EMPTY
        self._fold_until(end)
        return self._digest(first, end)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the audit path of a leaf in the tree of the first so many."""
        return [self.digest(*each) for each in inclusion_ranges(index, size)]

    def consistency(self, size: int, later: int) -> list[bytes]:
        """Return the proof that the tree of the first `size` was that of the first `later`."""
        return [self.digest(*each) for each in consistency_ranges(size, later)]

    def index_of(self, offset: int) -> int | None:
        """Return which leaf the record with that offset is."""
        for segment, start in zip(self._segments, self._starts, strict=False):
            if segment.first <= offset <= segment.last:
                for batch in batches_of(self._root, segment, ["offset"]):
                    found = pc.index(batch.column(0), pa.scalar(offset, pa.int64())).as_py()
                    if found >= 0:
                        return start + int(found)
                    start += batch.num_rows
        return None

    def record(self, index: int) -> dict[str, Any]:
        """Return the exact columns of the record that is that leaf."""
        for batch in self._batches(index, index + 1):
            return dict(batch.to_pylist()[0])
        raise ValueError(f"no leaf {index} in a tree of {self.size}")

    def offset_after(self, size: int) -> int:
        """Return the offset after that of the last of the first so many records; 0 for none."""
        return int(self.record(size - 1)["offset"]) + 1 if size else 0

    def leaves(self, first: int, end: int) -> Iterator[list[bytes]]:
        """Yield the leaf hashes from `first` to `end` (not inclusive), some at a time."""
        for batch in self._batches(first, end):
            yield leaves_in(batch)

    def _fold_until(self, end: int) -> None:
        wanted = end // BLOCK * BLOCK
        waiting: list[bytes] = []
        for leaves in self.leaves(len(self._blocks) * BLOCK, wanted):
            waiting += leaves
            while len(waiting) >= BLOCK:
                self._blocks.append(root_of(waiting[:BLOCK]))
                waiting = waiting[BLOCK:]

    def _digest(self, first: int, end: int) -> bytes:
        if end - first == BLOCK:
            return self._blocks[first // BLOCK]
        if end - first > BLOCK:
            middle = first + _split(end - first)
            return node_hash(self._digest(first, middle), self._digest(middle, end))
        block = first // BLOCK
        if self._last[0] != block:
            till = min(self.size, (block + 1) * BLOCK)
            parts = self.leaves(block * BLOCK, till)
            self._last = block, [leaf for part in parts for leaf in part]
        start = block * BLOCK
        return root_of(self._last[1][first - start : end - start])

    def _batches(self, first: int, end: int) -> Iterator[pa.RecordBatch]:
        at = max(bisect_right(self._starts, first) - 1, 0)
        for segment, start in zip(self._segments[at:], self._starts[at:], strict=False):
            if start >= end:
                return
            reached = start
            for batch in batches_of(self._root, segment, EXACT):
                low, high = max(first - reached, 0), min(end - reached, batch.num_rows)
                reached += batch.num_rows
                if low < high:
                    yield batch.slice(low, high - low)
                if reached >= end:
                    return


def _rows(root: Path, segment: Segment) -> int:
    try:
        return int(pq.read_metadata(root / segment.file).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise Unreadable(segment.file, f"it cannot be read ({type(error).__name__})") from None


def _split(size: int) -> int:
    """Return the largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


def _headers_digests(column: pa.Array) -> Sequence[bytes]:
    count = len(column)
    flat = column.flatten()
    lengths = pc.list_value_length(column)
    if count and len(flat) == count and pc.all(pc.equal(lengths, 1)).as_py():
        names, values = flat.field("name").unique(), flat.field("value").unique()
        if len(names) == len(values) == 1 and flat.null_count == 0:
            # All alike, as ours are.
            return [headers_digest([(names[0].as_py(), values[0].as_py())])] * count
    return [
        headers_digest((one["name"], one["value"]) for one in headers or ())
        for headers in column.to_pylist()
    ]
