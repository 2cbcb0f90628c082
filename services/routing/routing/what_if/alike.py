"""Verdicts that were given, for dossiers that are like one that was judged."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from contracts.what_if import Judged
from routing.what_if.reading import Marks, template

REMEMBERED = 20_000
MOST_ALIKE = 8


class Like(NamedTuple):
    """The verdict of decisions whose events are written so, and whether their own rules agree.

    `texts` have places for the moments.
    """

    texts: tuple[bytes, ...]
    judged: tuple[Judged, ...]
    agrees: bool
    differs: bool


class Question(NamedTuple):
    """Decisions whose verdict is asked: of what kind, how their events are written, and when."""

    kind: Hashable
    texts: tuple[bytes, ...]
    told: tuple[Marks, ...]


class Alike:
    """What is remembered of decisions of a kind, and of those only."""

    def __init__(self) -> None:
        """Know nothing."""
        self._known: dict[Hashable, list[Like]] = {}
        # With the two of them, so that their ids stay theirs.
        self._both: dict[tuple[int, int], tuple[Like, Like, Like]] = {}

    def find_all(self, asked: Sequence[Question]) -> Like | None:
        """Return the verdict on decisions of one dossier, the same value for the same verdicts."""
        first = self.find(asked[0])
        if len(asked) == 1 or first is None:
            return first
        second = self.find(asked[1])
        if second is None:
            return None
        key = id(first), id(second)
        known = self._both.get(key)
        if known is None:
            if len(self._both) >= REMEMBERED:
                self._both.clear()
            known = self._both[key] = first, second, _joined(first, second)
        return known[2]

    def find(self, asked: Question) -> Like | None:
        """Return the verdict of that kind whose texts, with these moments put in, are the same."""
        for one in self._known.get(asked.kind, ()):
            for known, marks, text in zip(one.texts, asked.told, asked.texts, strict=True):
                if known % marks != text:
                    break
            else:
                return one
        return None

    def remember(self, asked: Question, judged: tuple[Judged, ...], agrees: bool) -> None:
        """Keep a verdict if none is kept for these; what is written in many ways is like nothing.

        Of that the oldest go.
        """
        if self.find(asked) is not None:
            return
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        texts = tuple(map(template, asked.texts, asked.told))
        kinds = self._known.setdefault(asked.kind, [])
        kinds[MOST_ALIKE:] = []
        kinds.insert(0, Like(texts, judged, agrees, any(one.differs for one in judged)))


def _joined(first: Like, second: Like) -> Like:
    return Like(
        (*first.texts, *second.texts),
        (*first.judged, *second.judged),
        first.agrees and second.agrees,
        first.differs or second.differs,
    )
