"""Sentences of the page before they are put into words, and what the reference data say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from contracts.model import local_day
from pages.formats import moment
from pages.words import Language
from reference import Reference


@dataclass(frozen=True)
class Said:
    """A sentence by its key in the words, and what stands in its places."""

    key: str
    places: Mapping[str, str] = field(default_factory=dict)


def seconds_of(wait: timedelta) -> int:
    """Return a wait in whole seconds, at least one; whoever waits so long is heard."""
    return max(1, ceil(wait.total_seconds()))


def told_to_wait(wait: timedelta) -> Said:
    """Return when to try again: in seconds up to a minute, in whole minutes beyond."""
    seconds = seconds_of(wait)
    if seconds <= 60:
        return Said("tracking.form.later_seconds", {"seconds": str(seconds)})
    return Said("tracking.form.later", {"minutes": str(ceil(seconds / 60))})


@dataclass(frozen=True)
class Speaker:
    """Says what the reference data and the clock say, in one language."""

    language: Language
    known: Reference

    def moment(self, at: datetime) -> str:
        """Return the moment in Vietnam."""
        return moment(at, self.language)

    def reasons(self, codes: Iterable[str]) -> tuple[str, ...]:
        """Return the reasons of a return in words; codes that are none are left out."""
        rows = (self.known.return_reason(code) for code in codes)
        return tuple(self._text(row.text_vi, row.text_en) for row in rows if row)

    def act_reasons(self, act: str, codes: Iterable[str]) -> tuple[str, ...]:
        """Return the reasons of an act in words; codes that are none are left out."""
        rows = (self.known.act_reason(act, code) for code in codes)
        return tuple(self._text(row.text_vi, row.text_en) for row in rows if row)

    def papers(self, kinds: Iterable[str]) -> tuple[str, ...]:
        """Return the papers by name, each once; kinds that are none are left out."""
        rows = (self.known.paper(kind) for kind in kinds)
        names = (self._text(row.name_vi, row.name_en) for row in rows if row)
        return tuple(dict.fromkeys(names))

    def procedure(self, code: str, at: datetime) -> str:
        """Return what the procedure was called that day; its code if it has no name."""
        on = local_day(at)
        row = self.known.procedure(code, on) or self.known.procedures.last(code)
        return self._text(row.name_vi, row.name_en) if row else code

    def _text(self, vi: str, en: str) -> str:
        return vi if self.language == "vi" or not en else en
