"""What is heard by whom, and how often each verdict was given."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from audit.replaying.results import Replay
from contracts.told import Told
from contracts.what_if import Judged

#: What a judge is told by.
Hear = Callable[[Any, str, bytes, Told | None, bool], tuple[Any, tuple[Judged, ...]]]


class Kind(NamedTuple):
    """A type of events: where its topic's last sequence is remembered, and who hears it.

    Of a hearer also where its memory is.
    """

    at: int
    hearers: list[tuple[int, Hear]]
    name: str


class Tally:
    """How many times a verdict was given; it is held, so that its id stays its own."""

    __slots__ = ("changes", "differing", "judged", "times")

    def __init__(self, judged: tuple[Judged, ...]) -> None:
        """Begin to count."""
        self.times, self.judged = 0, judged
        self.differing = tuple(one for one in judged if one.differs)
        self.changes = any(one.changes_result for one in judged)


def count_into(found: Replay, tallies: Iterable[Tally]) -> None:
    """Add what the verdicts say, as often as they were given."""
    for tally in tallies:
        for one in tally.judged:
            found.judged[one.kind] += tally.times
            if one.differs:
                found.differing[one.kind, " ".join(one.differs)] += tally.times
