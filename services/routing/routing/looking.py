"""Looks at a dossier put together as people read them: by who looked, hour by hour."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Generic, Protocol, TypeVar

from contracts.model import VIETNAM
from pages.formats import day, moment
from pages.words import Language


class Timed(Protocol):
    """What happened at a moment."""

    @property
    def at(self) -> datetime:
        """Return when, aware."""


L = TypeVar("L", bound=Timed)


@dataclass(frozen=True)
class Hour(Generic[L]):
    """Looks one after the other of the same person within one hour of the clock."""

    looks: Sequence[L]

    @property
    def count(self) -> int:
        """Return how many looks these are."""
        return len(self.looks)

    def when(self, language: Language) -> str:
        """Return the moment of a single look, of several their hour and day."""
        at = self.looks[0].at
        if self.count == 1:
            return moment(at, language)
        begin = _hour_of(self.looks[0])
        return f"{begin:%H:%M}–{begin + timedelta(hours=1):%H:%M} {day(at, language)}"


def by_hour(looks: Sequence[L], who: Callable[[L], Hashable]) -> list[Hour[L]]:
    """Return the looks in their order, those of the same person and hour that follow as one."""
    groups = groupby(looks, lambda one: (who(one), _hour_of(one)))
    return [Hour(tuple(group)) for _, group in groups]


def _hour_of(one: Timed) -> datetime:
    return one.at.astimezone(VIETNAM).replace(minute=0, second=0, microsecond=0)
