"""Which rules are asked: those of each dossier's own day, of another day, or other data."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import reference
from reference import BadReferenceData, Reference, load_from
from reference.law_of_day import law_of


class NoRules(Exception):
    """What was named is neither a day nor a folder of reference data; the message says why."""


@dataclass(frozen=True)
class Rules:
    """The data decisions were made with, those that are asked, and what the latter are.

    `named` is the day or folder somebody named, None for each dossier's own law.
    """

    own: Reference
    asked: Reference
    text: str
    named: str | None = None

    @property
    def same(self) -> bool:
        """Return whether the same rules are asked again."""
        return self.own is self.asked


def rules_of(named: str | None) -> Rules:
    """Return the rules somebody names by a day or a folder, their own for None; raises NoRules."""
    try:
        own = reference.load()
        if named is None:
            return Rules(own, own, f"the law of each dossier's own day, data {own.version}")
        day = _day(named)
        if day is not None:
            return Rules(own, law_of(own, day), f"the law of {day}, data {own.version}", named)
        if not Path(named).is_dir():
            raise NoRules(f"{named} is neither a day like 2026-11-24 nor a folder")
        asked = load_from(Path(named))
    except BadReferenceData as error:
        raise NoRules(str(error)) from None
    return Rules(own, asked, f"the law of each dossier's own day, data {asked.version}", named)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
