"""What differs between two states of the reference data, and what that alters."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from console.outlook import differences, outlook
from console.sources import tables
from contracts.model import VIETNAM
from reference import Reference, Row

#: A dossier of the morning and one after the cut-off of the same day.
HOURS = (time(9, 0, tzinfo=VIETNAM), time(15, 30, tzinfo=VIETNAM))
CHANNELS = ("national-portal", "provincial-portal", "moj-direct")


@dataclass(frozen=True)
class RowChange:
    """A row that is new, gone, or says something else; rows are told by key and first day."""

    table: str
    key: str
    valid_from: date
    what: str


@dataclass(frozen=True)
class Effect:
    """One thing that is decided otherwise on a day."""

    on: date
    name: str
    fact: str
    before: str
    after: str


def row_changes(old: Reference, new: Reference) -> list[RowChange]:
    """Return every row that differs, by table, key and day."""
    found: list[RowChange] = []
    olds, news = tables(old), tables(new)
    for name in sorted({*olds, *news}):
        before = _rows(olds.get(name))
        after = _rows(news.get(name))
        for place in sorted({*before, *after}, key=lambda one: (one[0], one[1])):
            if what := _what(before.get(place), after.get(place)):
                found.append(RowChange(name, place[0], place[1], what))
    return found


def effects(old: Reference, new: Reference, changes: list[RowChange]) -> Iterator[Effect]:
    """Yield what is decided otherwise around the days on which rows changed.

    Asked are every procedure (appointment of a dossier received at 09:00 and 15:30 at the office
    that decides, authority, papers) and every channel for every province that can move.
    """
    for on in _days(old, new, changes):
        for name, fact, before, after in (*_procedures(old, new, on), *_channels(old, new, on)):
            yield Effect(on, name, fact, before, after)


def _rows(table: Any) -> dict[tuple[str, date], Row]:
    if table is None:
        return {}
    return {(key, row.valid_from): row for key, row in table.keyed()}


def _what(before: Row | None, after: Row | None) -> str:
    if before is None:
        return "new"
    if after is None:
        return "gone"
    one, other = before.model_dump(mode="json"), after.model_dump(mode="json")
    return "; ".join(f"{k}: {one[k]!r} -> {other[k]!r}" for k in one if one[k] != other.get(k))


def _days(old: Reference, new: Reference, changes: list[RowChange]) -> list[date]:
    days: set[date] = set()
    for data in (old, new):
        known = tables(data)
        for change in changes:
            for key, row in known[change.table].keyed() if change.table in known else ():
                if (key, row.valid_from) == (change.key, change.valid_from):
                    days |= {row.valid_from - timedelta(days=1), row.valid_from}
                    if row.valid_to is not None and row.valid_to < date.max:
                        days |= {row.valid_to, row.valid_to + timedelta(days=1)}
    return sorted(days)


def _procedures(old: Reference, new: Reference, on: date) -> Iterator[tuple[str, str, str, str]]:
    codes = {row.code for data in (old, new) for row in data.procedures}
    place = {"province_code": "79", "unit_code": "", "residence_unit_code": ""}
    for code in sorted(codes):
        submission = {**place, "procedure_code": code}
        for hour in HOURS:
            at = datetime.combine(on, hour)
            one = outlook(old, submission, CHANNELS[0], at)
            other = outlook(new, submission, CHANNELS[0], at)
            for change in differences(code, one, other):
                if change.fact != "channel":
                    fact = f"{change.fact} at {hour:%H:%M}"
                    yield code, fact, change.before, change.after


def _channels(old: Reference, new: Reference, on: date) -> Iterator[tuple[str, str, str, str]]:
    provinces = {row.province_code for data in (old, new) for row in data.moves}
    for province in sorted(provinces):
        for channel in CHANNELS:
            one, other = (data.may_submit(channel, province, on) for data in (old, new))
            before, after = (refusal.rule if refusal else "open" for refusal in (one, other))
            if before != after:
                yield province, channel, before, after
