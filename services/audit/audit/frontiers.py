"""How far the Merkle tree of each topic-partition has grown, kept while the archive is written.

What is remembered between two runs is only believed where it fits the archive and its newest
checkpoint; otherwise it is computed from the archive again.
"""

import base64
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import structlog

from audit.archive import Unreadable, write_file
from audit.checkpoints import Checkpoint
from audit.merkle import Frontier
from audit.trees import Tree, leaves_in
from plumbing.logs import describe

log = structlog.get_logger()

STATE = "state"
FILE = f"{STATE}/frontiers.json"
Place = tuple[str, int]


@dataclass(frozen=True)
class Grown:
    """A tree so far: how many records, the root over them, the offset after the last.

    `digests` are those of its complete subtrees.
    """

    size: int
    root: bytes
    offset: int
    digests: tuple[bytes, ...]


@dataclass
class _Growing:
    frontier: Frontier = field(default_factory=Frontier)
    offset: int = 0
    #: The newest checkpoint, until the tree was seen to have its root at its size.
    expected: Checkpoint | None = None
    #: Its records are not those that were signed: nothing of it is signed any more.
    differs: bool = False


class Frontiers:
    """The trees of an archive's topic-partitions; `grow` and `at` may be called by any thread."""

    def __init__(self, root: Path) -> None:
        self._root, self._lock = root, threading.Lock()
        self._places: dict[Place, _Growing] = {}

    def open(self, places: Iterable[tuple[Place, Checkpoint | None]]) -> None:
        """Begin with what the archive has; reads what came since the state was saved."""
        saved = self._saved()
        for place, checkpoint in places:
            try:
                growing = self._begin(place, checkpoint, saved.get(f"{place[0]}/{place[1]}"))
            except Unreadable as error:
                growing = _Growing(differs=True)
                log.error(
                    "tree_not_read", topic=place[0], partition=place[1], error=describe(error)
                )
            with self._lock:
                self._places[place] = growing

    def grow(self, place: Place, records: pa.Table) -> None:
        """Take records that are lasting in the archive, in order; those taken before are left out.

        Of a place that was not opened nothing is taken.
        """
        growing = self._places.get(place)
        if growing is None:
            return
        for batch in records.to_batches():
            offsets = batch.column("offset")
            fresh = sum(offset >= growing.offset for offset in offsets.to_pylist())
            leaves = leaves_in(batch.slice(batch.num_rows - fresh)) if fresh else []
            with self._lock:
                before = growing.differs
                _advance(growing, leaves)
                if fresh:
                    growing.offset = int(offsets[-1].as_py()) + 1
            if growing.differs and not before:
                _tell_differing(place)

    def expect(self, place: Place, checkpoint: Checkpoint) -> None:
        """Let a place be signed only if it has, or gets, what another checkpoint stands over.

        Raises Unreadable.
        """
        tree = Tree(self._root, *place)
        root = tree.root(checkpoint.size) if tree.size >= checkpoint.size else None
        with self._lock:
            growing = self._places.get(place)
            if growing is None or growing.differs:
                return
            if growing.frontier.size < checkpoint.size:
                growing.expected = checkpoint
            elif (root or growing.frontier.root()) != checkpoint.root:
                growing.differs = True
            else:
                growing.expected = None
        if growing.differs:
            _tell_differing(place)

    def at(self, place: Place) -> Grown | None:
        """Return the tree so far; None where it does not have what was signed, or not yet again."""
        with self._lock:
            growing = self._places.get(place)
            if growing is None or growing.differs or growing.expected is not None:
                return None
            frontier = growing.frontier
            return Grown(frontier.size, frontier.root(), growing.offset, tuple(frontier.digests))

    def differing(self) -> list[Place]:
        """Return the places whose records are not those that were signed."""
        with self._lock:
            return sorted(place for place, one in self._places.items() if one.differs)

    def save(self, grown: Mapping[Place, Grown]) -> None:
        """Remember the trees as they were signed, for the next run; raises OSError."""
        kept = {
            f"{topic}/{partition}": {
                "size": one.size,
                "offset": one.offset,
                "digests": [base64.b64encode(part).decode() for part in one.digests],
            }
            for (topic, partition), one in grown.items()
        }
        (self._root / STATE).mkdir(exist_ok=True)
        write_file(self._root / FILE, json.dumps(kept, indent=1).encode() + b"\n")

    def _saved(self) -> dict[str, Any]:
        try:
            found = json.loads((self._root / FILE).read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _begin(self, place: Place, checkpoint: Checkpoint | None, saved: Any) -> _Growing:
        tree = Tree(self._root, *place)
        growing = _remembered(tree, checkpoint, saved)
        if growing is not None:
            _catch_up(tree, growing)
        if growing is None or growing.differs:
            if checkpoint is not None and checkpoint.size:
                log.info("tree_computed_again", topic=place[0], partition=place[1])
            growing = _Growing(expected=checkpoint)
            _catch_up(tree, growing)
        if growing.differs:
            _tell_differing(place)
        elif growing.expected is not None:
            # The archive came from an older copy; the log is read again from there.
            log.warning(
                "archive_behind_checkpoint",
                topic=place[0],
                partition=place[1],
                expected=growing.expected.size,
                found=growing.frontier.size,
            )
        return growing


def _tell_differing(place: Place) -> None:
    log.error("archive_contradicts_checkpoint", topic=place[0], partition=place[1])


def _advance(growing: _Growing, leaves: Sequence[bytes]) -> None:
    expected = growing.expected
    if expected is not None and expected.size <= growing.frontier.size + len(leaves):
        first = expected.size - growing.frontier.size
        growing.frontier.extend(leaves[:first])
        leaves = leaves[first:]
        growing.expected = None
        growing.differs = growing.frontier.root() != expected.root
    growing.frontier.extend(leaves)


def _catch_up(tree: Tree, growing: _Growing) -> None:
    _advance(growing, [])
    for leaves in tree.leaves(growing.frontier.size, tree.size):
        _advance(growing, leaves)
    growing.offset = tree.offset_after(tree.size)


def _remembered(tree: Tree, checkpoint: Checkpoint | None, saved: Any) -> _Growing | None:
    """Return what the last run saved, if it is of the archive and no more than was signed.

    It is right if the signed root comes out at the signed size.
    """
    try:
        digests = [base64.b64decode(part, validate=True) for part in saved["digests"]]
        frontier, offset = Frontier(saved["size"], digests), saved["offset"]
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    if checkpoint is None or frontier.size > min(checkpoint.size, tree.size):
        return None
    if offset != tree.offset_after(frontier.size):
        return None
    return _Growing(frontier, offset, checkpoint)
