"""Replays an archive: every decision of its dossiers against rules, those of its day or others."""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from audit.archive import Listing, listing, origin_of
from audit.columns import head_of
from audit.freed import keep_freed, keep_read, nothing_in_circles
from audit.replaying.about import is_asked, version_of
from audit.replaying.naming import named
from audit.replaying.reading import Window, is_read, windows
from audit.replaying.recognising import Recognisers
from audit.replaying.results import Asked, Difference, Replay
from audit.replaying.shelf import MOST, Shelf
from audit.replaying.tallying import Kind, Tally, count_into
from contracts.events import EVENTS, Routed, Submitted
from contracts.told import Shape
from contracts.topics import LIFECYCLE
from contracts.what_if import GROUP, Judge, Judged, JudgeMaker
from reference import Reference

_SUBMITTED, _ROUTED = Submitted.event_type(), Routed.event_type()
_MOST_TALLIES = 20_000
#: What is remembered of a dossier: whether it is asked for, whether it differs, whether in a
#: result, then the last sequence of each topic, then each judge's memory.
_ASKED, _DIFFERS, _CHANGED, _FIRST = 0, 1, 2, 3


Progress = Callable[[int], None]


def judges(own: Reference, asked: Reference) -> list[Judge]:
    """Return a judge of every service that announces one, by the services' names."""
    return [make(own, asked) for make in _makers()]


@cache
def _makers() -> list[JudgeMaker]:
    found = sorted(entry_points(group=GROUP), key=lambda one: one.name)
    return [one.load() for one in found]


def replay(
    root: Path,
    own: Reference,
    asked: Reference,
    which: Asked | None = None,
    progress: Progress = lambda _: None,
    most: int = MOST,
) -> Replay:
    """Return what differs when the data `asked` decide; raises NotAnArchive and Unreadable.

    Decisions are judged by the case as the log has it up to then. `own` are the data they were
    made with. Not more than `most` dossiers are in memory at once.
    """
    keep_freed()
    keep_read()
    files = listing(root)
    asking, which = judges(own, asked), which or Asked()
    found = Replay(origin_of(root), records=_left(root, files, _wanted(asking), which.first))
    recognisers = Recognisers()
    with nothing_in_circles():
        for partition in sorted({segment.partition for segment in files.segments}):
            one = _Partition(root, files, partition, asking, which, found, most, recognisers)
            one.run(progress)
    found.differences = named(root, files, _wanted(asking), found.differences)
    found.differences.sort(key=lambda one: (one.code, one.dossier_id))
    return found


class _Partition:
    """One partition of all topics: a dossier is in the same one of each."""

    def __init__(
        self,
        root: Path,
        files: Listing,
        partition: int,
        asking: Sequence[Judge],
        which: Asked,
        found: Replay,
        most: int,
        recognisers: Recognisers,
    ) -> None:
        self._which, self._found, self._asking = which, found, asking
        self._wanted = _wanted(asking)
        self._windows = windows(
            root, files, partition, self._wanted, which.first, recognisers, self._seen
        )
        self._shelf = Shelf(most)
        self._filtered = (which.first, which.last, which.unit_code) != (None, None, None)
        self._first_memory = _FIRST + len(self._wanted)
        self._kinds = [
            Kind(
                _FIRST + topic,
                [
                    (self._first_memory + n, one.hear)
                    for n, one in enumerate(asking)
                    if name in one.hears
                ],
                name,
            )
            for topic, names in enumerate(self._wanted.values())
            for name in names
        ]
        self._tallies: dict[int, Tally] = {}
        self._versions = Counter[Shape | str]()

    def run(self, progress: Progress) -> None:
        try:
            for window in self._windows:
                self._hear(window)
                progress(window.size)
            self._end()
        finally:
            self._shelf.close()
        self._count()

    def _seen(self, count: int) -> None:
        self._found.records += count

    def _hear(self, window: Window) -> None:
        shelf, found, kinds, which = self._shelf, self._found, self._kinds, self._which
        near, limit = shelf.near, which.limit
        blank: list[Any] = [True, *([False] * (_FIRST - 1))]
        blank += [*([0] * len(self._wanted)), *([None] * len(self._asking))]
        tallies, versions, filtered = self._tallies, self._versions, self._filtered
        exact = found.dossiers_differing < limit
        for number, dossier, sequence, value, told in window.rows:
            at, hearers, name = kinds[number]
            memory = near.get(dossier) or shelf.get(dossier)
            if memory is None:
                memory = blank.copy()
                shelf.put(dossier, memory)
            if sequence <= memory[at]:
                found.copies += 1
                continue
            memory[at] = sequence
            if name == _SUBMITTED:
                memory[_ASKED] = not filtered or is_asked(which, value)
                found.dossiers += memory[_ASKED]
            if not memory[_ASKED]:
                continue
            if name == _ROUTED:
                versions[told.shape if told else version_of(value)] += 1
            for place, hear in hearers:
                memory[place], judged = hear(memory[place], name, value, told, exact)
                if judged:
                    tally = tallies.get(id(judged))
                    if tally is not None and not tally.differing:
                        tally.times += 1
                    else:
                        self._tally(judged, memory, value, dossier)
                        exact = found.dossiers_differing < limit
        found.heard += window.size

    def _tally(
        self, judged: tuple[Judged, ...], memory: list[Any], value: bytes | None, dossier: str
    ) -> None:
        tally = self._tallies.get(id(judged))
        if tally is None:
            if len(self._tallies) >= _MOST_TALLIES:
                self._count()
            tally = self._tallies[id(judged)] = Tally(judged)
        tally.times += 1
        if not tally.differing:
            return
        found, limit = self._found, self._which.limit
        if not memory[_DIFFERS]:
            found.dossiers_differing += 1
            memory[_DIFFERS] = "listed" if found.dossiers_differing <= limit else "counted"
        if tally.changes and not memory[_CHANGED]:
            found.dossiers_changed += 1
            memory[_CHANGED] = True
        if memory[_DIFFERS] == "listed":
            head = head_of(value)
            code = head.code.decode() if head else ""
            found.differences += [Difference(code, dossier, one) for one in tally.differing]

    def _end(self) -> None:
        """Judge what is left, and count who was never submitted."""
        judges = list(enumerate(self._asking, self._first_memory))
        for dossier, memory in self._shelf.values():
            if not memory[_ASKED]:
                continue
            if not memory[_FIRST] and not self._filtered:
                self._found.never_submitted += 1
            exact = self._found.dossiers_differing < self._which.limit
            for place, judge in judges:
                if memory[place] is not None and (judged := judge.end(memory[place], exact)):
                    self._tally(judged, memory, None, dossier)

    def _count(self) -> None:
        count_into(self._found, self._tallies.values())
        self._tallies.clear()
        for said, times in self._versions.items():
            version = version_of(said.text) if isinstance(said, Shape) else said
            if version:
                self._found.versions[version] += times
        self._versions.clear()


def _wanted(asking: Sequence[Judge]) -> Mapping[str, Sequence[str]]:
    """Return the types judges hear by topic, the intake's first: it begins every dossier."""
    heard = frozenset[str]().union(*(judge.hears for judge in asking))
    found: dict[str, Sequence[str]] = {}
    for service, topic in LIFECYCLE.items():
        types = {one.event_type() for one in EVENTS if one.service == service}
        if types & heard:
            found[topic.name] = sorted(types & heard)
    return found


def _left(root: Path, files: Listing, wanted: Container[str], since: date | None) -> int:
    """Return how many records are in the files nothing is read of but that."""
    names = {topic.name for topic in LIFECYCLE.values()}
    return sum(
        pq.read_metadata(root / one.file).num_rows
        for one in files.segments
        if one.topic in names and not (one.topic in wanted and is_read(one, since))
    )
