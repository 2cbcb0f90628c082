"""Verdicts that were given, for dossiers that are like one that was judged."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from contracts.what_if import Judged

REMEMBERED = 20_000


class Like(NamedTuple):
    """The verdict of decisions that are alike, and whether their own rules agree."""

    judged: tuple[Judged, ...]
    agrees: bool
    differs: bool


class Alike:
    """What is remembered of decisions by all that could tell them apart."""

    def __init__(self) -> None:
        """Know nothing."""
        self._known: dict[Hashable, Like] = {}
        # With the two of them, so that their ids stay theirs.
        self._both: dict[tuple[int, int], tuple[Like, Like, Like]] = {}

    def find_all(self, asked: Sequence[Hashable]) -> Like | None:
        """Return the verdict on decisions of one dossier, the same value for the same verdicts."""
        first = self._known.get(asked[0])
        if len(asked) == 1 or first is None:
            return first
        second = self._known.get(asked[1])
        if second is None:
            return None
        key = id(first), id(second)
        known = self._both.get(key)
        if known is None:
            if len(self._both) >= REMEMBERED:
                self._both.clear()
            known = self._both[key] = first, second, _joined(first, second)
        return known[2]

    def remember(self, asked: Hashable, judged: tuple[Judged, ...], agrees: bool) -> None:
        """Keep a verdict if none is kept for these; when there are too many, forget all others."""
        if asked in self._known:
            return
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[asked] = Like(judged, agrees, any(one.differs for one in judged))


def _joined(first: Like, second: Like) -> Like:
    return Like(
        (*first.judged, *second.judged),
        first.agrees and second.agrees,
        first.differs or second.differs,
    )
