"""Two archives of one log, record by record: where they first differ, place by place."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from uuid import UUID

import pyarrow as pa

from audit.archive import (
    EXACT,
    NotAnArchive,
    Segment,
    Unreadable,
    batches_of,
    listing,
    origin_of,
)
from audit.findings import Verdict
from audit.verifying.collecting import Findings, Place
from audit.verifying.rows import rows_of

_READ = (*EXACT, "dossier_id")
Chunk = tuple[list[int], list[bytes], pa.Array]


def compare_archives(
    root: Path, other: Path, places: list[Place], found: Findings
) -> dict[Place, int]:
    """Tell where the other archive first differs; return how many records one is behind, by place.

    A number below zero is what the other has more. Raises NotAnArchive.
    """
    ours, theirs = origin_of(root), _origin_of_other(other)
    if ours != theirs:
        found.add(Verdict.DIVERGED, "archives_differ", f"the other is the archive of {theirs}")
        return {}
    mine, its = (_Archive(folder) for folder in (root, other))
    behind = {}
    for place in sorted(set(places)):
        left = _compare(place, mine.records(place), its.records(place), found)
        if left:
            behind[place] = left
    return behind


def _origin_of_other(other: Path) -> str:
    try:
        return origin_of(other)
    except NotAnArchive as error:
        raise NotAnArchive(f"the other folder, {other.name}: {error}") from None


class _Archive:
    def __init__(self, root: Path) -> None:
        self.root = root
        self._files = listing(root).by_place()

    def records(self, place: Place) -> Iterator[Chunk]:
        for segment in self._files.get(place, ()):
            yield from self._of(segment)

    def _of(self, segment: Segment) -> Iterator[Chunk]:
        try:
            for batch in batches_of(self.root, segment, _READ):
                rows = rows_of(batch)
                yield rows.offsets.tolist(), rows.leaves, batch.column("dossier_id")
        except Unreadable:
            # What it holds is missing from here on; the check of that archive names the file.
            return


def _compare(place: Place, mine: Iterator[Chunk], its: Iterator[Chunk], found: Findings) -> int:
    """Return how many records the one has after the last of the other; below zero, the other."""
    here = there = None
    while True:
        here, there = here or next(mine, None), there or next(its, None)
        if here is None or there is None:
            break
        count = min(len(here[0]), len(there[0]))
        if here[1][:count] != there[1][:count]:
            at = next(n for n in range(count) if here[1][n] != there[1][n])
            _tell(place, (here, there), at, found)
            return 0
        here, there = _rest(here, count), _rest(there, count)
    return _count(here, mine) - _count(there, its)


def _rest(chunk: Chunk, count: int) -> Chunk | None:
    offsets, leaves, dossiers = chunk
    if count == len(offsets):
        return None
    return offsets[count:], leaves[count:], dossiers[count:]


def _count(first: Chunk | None, rest: Iterator[Chunk]) -> int:
    return sum(len(chunk[0]) for chunk in chain([first] if first else [], rest))


def _tell(place: Place, chunks: tuple[Chunk, Chunk], at: int, found: Findings) -> None:
    offset, other = (chunk[0][at] for chunk in chunks)
    text = "here and there the record has other bytes"
    if offset != other:
        text = f"the other has offset {other} here"
    chunk = chunks[0] if offset <= other else chunks[1]
    topic, partition = place
    where = {"topic": topic, "partition": partition, "offset": min(offset, other)}
    dossier = _uuid(chunk[2][at].as_py())
    found.add(Verdict.DIVERGED, "archives_differ", text, dossier_id=dossier, **where)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
