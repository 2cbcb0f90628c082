"""Puts the board together: counters of a range, what is under way now, the move of a day."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from contracts.board import (
    OLD_ROADS,
    BoardView,
    By,
    OldRoadView,
    PeriodView,
    ProvinceView,
    PunctualityView,
    ReasonView,
    UnitView,
)
from contracts.model import local_day
from reference import Province, Reference
from routing.board_counting import provinces_of
from routing.board_move import move_view, moved_views
from routing.board_store import Figures, Key, OpenCases

#: Facts that are shown by themselves and not among the totals.
_APART = ("reception", "appointment", "return_reason")
#: The first and the last day of a period, both inclusive.
_Span = tuple[date, date]


@dataclass(frozen=True)
class Question:
    """What is asked: the days, first and last inclusive, the parts, and whose board.

    `seen` are the provinces the reader may see, None for all.
    """

    now: datetime
    first: date
    last: date
    by: By
    seen: Collection[str] | None


@dataclass
class _Province:
    counters: list[tuple[Key, Figures]] = field(default_factory=list)
    open: list[OpenCases] = field(default_factory=list)


def board_of(
    known: Reference,
    asked: Question,
    counters: Mapping[Key, Figures],
    under_way: Iterable[OpenCases],
) -> BoardView:
    """Return the board of what is asked.

    On it are the provinces that move or go on for one, if they exist on a day asked for, and all
    others in which something happened or is under way.
    """
    found: dict[str, _Province] = defaultdict(_Province)
    province_of = provinces_of(known)
    for key, figures in counters.items():
        found[key[0]].counters.append((key, figures))
    for one in under_way:
        found[province_of(one.unit_code, one.unit_on)].open.append(one)
    for code in {row.province_code for row in known.moves}:
        if known.province(code, asked.first):
            found[code]
        for heir in known.province_heirs(code, asked.last):
            found[heir]
    shown = [code for code in found if asked.seen is None or code in asked.seen]
    spans = periods(asked.first, asked.last, asked.by)
    return BoardView(
        as_of=asked.now,
        from_on=asked.first,
        to_on=asked.last,
        by=asked.by,
        provinces=tuple(_view(known, code, found[code], asked, spans) for code in sorted(shown)),
    )


def _view(
    known: Reference, code: str, found: _Province, asked: Question, spans: Sequence[_Span]
) -> ProvinceView:
    named = known.province(code, asked.last) or known.provinces.last(code)
    submitted = _submitted(found.counters, spans)
    roads: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for sums in submitted.values():
        roads.update(sums)
    for (_, _, _, what, _), figures in found.counters:
        if what not in _APART:
            totals[what] += figures.count
    return ProvinceView(
        province_code=code,
        name=named.name if named else "",
        successor=_successor(known, named, asked.last),
        move=move_view(known, code, min(asked.last, local_day(asked.now))),
        moved=moved_views(known, code, asked.last),
        roads=_sorted(roads),
        periods=tuple(
            PeriodView(first_on=first, last_on=last, roads=_sorted(submitted[first]))
            for first, last in spans
        ),
        totals=dict(sorted(totals.items())),
        returns=_returns(known, found.counters),
        reception=_punctuality(found, "reception", "received", "late_reception"),
        appointment=_punctuality(found, "appointment", "accepted", "late_appointment"),
        old_road=_old_road(found.open, asked.now),
    )


def _successor(known: Reference, named: Province | None, on: date) -> str | None:
    if named is None or named.is_valid(on) or named.successor is None:
        return None
    heir = known.province(named.successor, on)
    return None if heir is None else heir.name


def _submitted(
    counters: Sequence[tuple[Key, Figures]], spans: Sequence[_Span]
) -> dict[date, Counter[str]]:
    """Return how much was submitted by road, of every period by its first day."""
    sums: dict[date, Counter[str]] = {first: Counter() for first, _ in spans}
    begins = list(sums)
    for (_, day, road, what, _), figures in counters:
        if what == "submitted" and spans[0][0] <= day <= spans[-1][1]:
            sums[begins[bisect_right(begins, day) - 1]][road] += figures.count
    return sums


def _sorted(roads: Counter[str]) -> dict[str, int]:
    return dict(sorted(roads.items()))


def _returns(known: Reference, counters: Sequence[tuple[Key, Figures]]) -> tuple[ReasonView, ...]:
    sums: Counter[str] = Counter()
    for (_, _, _, what, reason), figures in counters:
        if what == "return_reason":
            sums[reason] += figures.count
    rows = []
    for said, count in sorted(sums.items(), key=lambda one: (-one[1], one[0])):
        kind, _, code = said.partition(" ")
        words = known.return_reason(code)
        rows.append(
            ReasonView(
                kind=kind,
                reason=code,
                text_vi=words.text_vi if words else code,
                text_en=words.text_en if words else code,
                count=count,
            )
        )
    return tuple(rows)


def _punctuality(found: _Province, what: str, status: str, late: str) -> PunctualityView:
    ended = sum((f for (_, _, _, w, _), f in found.counters if w == what), Figures())
    waiting = [one for one in found.open if one.status == status]
    return PunctualityView(
        on_time=ended.count - ended.late,
        late=ended.late,
        late_minutes=ended.late_minutes,
        open=sum(one.count for one in waiting),
        open_late=sum(getattr(one, late) for one in waiting),
    )


def _old_road(under_way: Sequence[OpenCases], now: datetime) -> OldRoadView:
    old = [one for one in under_way if one.road in OLD_ROADS]
    by_road: Counter[str] = Counter()
    for one in old:
        by_road[one.road] += one.count
    oldest = min((one.oldest for one in old if one.oldest), default=None)
    return OldRoadView(
        open=by_road.total(),
        by_road=dict(sorted(by_road.items())),
        oldest_submitted_at=oldest,
        oldest_days=None if oldest is None else (local_day(now) - local_day(oldest)).days,
    )


def units_of(
    known: Reference, province_code: str, under_way: Iterable[OpenCases]
) -> tuple[UnitView, ...]:
    """Return what is under way in a province, by unit, where most is late first."""
    found: dict[str, list[OpenCases]] = defaultdict(list)
    province_of = provinces_of(known)
    for one in under_way:
        if province_of(one.unit_code, one.unit_on) == province_code:
            found[one.unit_code].append(one)
    rows = [_unit(known, code, cases) for code, cases in found.items()]
    return tuple(
        sorted(rows, key=lambda u: (-u.late_reception - u.late_appointment, -u.open, u.unit_code))
    )


def _unit(known: Reference, unit_code: str, cases: Sequence[OpenCases]) -> UnitView:
    statuses: Counter[str] = Counter()
    for one in cases:
        statuses[one.status] += one.count
    named = known.unit(unit_code, max(one.unit_on for one in cases))
    return UnitView(
        unit_code=unit_code,
        name=named.name if named else "",
        open=statuses.total(),
        statuses=dict(sorted(statuses.items())),
        old_road=sum(one.count for one in cases if one.road in OLD_ROADS),
        late_reception=sum(one.late_reception for one in cases),
        late_appointment=sum(one.late_appointment for one in cases),
        oldest_submitted_at=min((one.oldest for one in cases if one.oldest), default=None),
    )


def periods(first: date, last: date, by: By) -> list[_Span]:
    """Return the periods that cover the days, first and last inclusive; the ends may be cut."""
    found = []
    while first <= last:
        end = min(_end(first, by), last)
        found.append((first, end))
        first = end + timedelta(days=1)
    return found


def _end(day: date, by: By) -> date:
    if by == "day":
        return day
    if by == "week":
        return day + timedelta(days=6 - day.weekday())
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
