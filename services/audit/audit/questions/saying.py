"""Words of the answers, in two languages, and the small forms they have in common."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any

import reference
from audit.questions.records import MOST_NAMED, Told
from contracts.model import VIETNAM
from pages.words import Language, Words
from reference import Reference

KINDS = ("not_an_event", "chain_broken", "conflict", "event_missing", "copy")


@lru_cache(maxsize=1)
def words() -> Words:
    """Return the words of the answers."""
    return Words.load(files("audit.questions") / "words")


@lru_cache(maxsize=1)
def known() -> Reference:
    """Return the reference data the answers name things by."""
    return reference.load()


@lru_cache(maxsize=65536)
def province_of(unit_code: str, on: date) -> str:
    """Return the province of a unit on a day's map, "" for no such unit."""
    unit = known().unit(unit_code, on)
    return "" if unit is None else unit.province_code


@dataclass(frozen=True)
class Saying:
    """Says keys in a language; a key that has no words is said by its last part."""

    language: Language = "vi"
    say_: Callable[..., str] = field(default=words().say, repr=False)

    def say(self, key: str, /, **places: object) -> str:
        """Return the sentence."""
        if key not in words():
            return key.partition(".")[2]
        return self.say_(self.language, key, **places)

    def unit(self, code: str, on: date | None) -> str:
        """Return a unit by name and code, as it was called that day."""
        row = known().unit(code, on) if on else None
        row = row or known().units.last(code)
        return f"{row.name} ({code})" if row else code

    def province(self, code: str) -> str:
        """Return a province by name and code, as it was called last."""
        row = known().provinces.last(code)
        return f"{row.name} ({code})" if row else code or "–"

    def procedure(self, code: str) -> str:
        """Return a procedure by name and code."""
        row = known().procedures.last(code)
        return f"{self._either(row, 'name')} ({code})" if row else code

    def reason(self, code: str, act: str = "") -> str:
        """Return a reason of the closed lists in words, else its code."""
        row: Any = known().act_reason(act, code) if act else None
        row = row or known().return_reason(code)
        return str(self._either(row, "text")).rstrip(".") if row else code

    def paper(self, code: str) -> str:
        """Return a kind of paper in words, else its code."""
        row = known().paper(code)
        return str(self._either(row, "name")) if row else code

    def _either(self, row: Any, what: str) -> str:
        return str(getattr(row, f"{what}_{self.language}"))

    def lasting(self, minutes: int | None) -> str:
        """Return a time in its largest fitting unit, with one digit after the point."""
        if minutes is None:
            return "–"
        for unit, size in (("days", 1440), ("hours", 60)):
            if minutes >= size:
                return self.say(f"unit.{unit}", value=self.number(minutes / size))
        return self.say("unit.minutes" if minutes else "unit.less", value=minutes)

    def number(self, value: float) -> str:
        """Return a number with one digit after the point, or comma."""
        text = f"{value:.1f}"
        return text.replace(".", ",") if self.language == "vi" else text

    def told(self, told: Told) -> list[str]:
        """Return what an answer does not stand on, as lines; none if it stands on all."""
        lines = []
        for kind in KINDS:
            if count := told.counts[kind]:
                lines.append(self.say(f"told.{kind}", count=count))
                if kind != "copy":
                    lines.append(self._places(told, kind, count))
        return lines

    def _places(self, told: Told, kind: str, count: int) -> str:
        places = ", ".join(str(one) for one in sorted(told.places[kind]))
        if count > MOST_NAMED:
            places = self.say("told.more", places=places)
        return self.say("told.places", places=places)


def told_document(told: Told) -> list[dict[str, Any]]:
    """Return what an answer does not stand on, for a JSON document."""
    return [
        {
            "kind": kind,
            "count": told.counts[kind],
            "places": [str(one) for one in sorted(told.places.get(kind, []))],
        }
        for kind in KINDS
        if told.counts[kind]
    ]


def moment(at: datetime) -> str:
    """Return a moment of Vietnam to the second: `08:00:01 24/11/2026`; one it has not, in ISO 8601.

    Vietnam is ahead: the last hours of the year 9999 are none there.
    """
    here = _here(at)
    return at.isoformat() if here is None else f"{here:%H:%M:%S %d/%m/%Y}"


def day(on: date) -> str:
    """Return a day: `24/11/2026`."""
    return f"{on:%d/%m/%Y}"


def iso(at: datetime | None) -> str | None:
    """Return a moment of Vietnam as documents have it, None for None; one it has not as it is."""
    return None if at is None else (_here(at) or at).isoformat()


def _here(at: datetime) -> datetime | None:
    try:
        return at.astimezone(VIETNAM)
    except OverflowError:
        return None


def percent(part: int, rest: int) -> str:
    """Return the share of a part beside the rest in whole percent, rounded down; `–` of nothing."""
    return str(100 * part // (part + rest)) if part + rest else "–"


def minutes_of(time: timedelta) -> int:
    """Return whole minutes of a time, begun ones left out."""
    return time // timedelta(minutes=1)
