"""Figures over the archive: the board's counters again, and what only the whole log can tell."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from audit.questions.facts import Fact, facts_of
from audit.questions.reading import Source
from audit.questions.saying import known, minutes_of, province_of

By = Literal["all", "unit", "province", "procedure", "channel", "month"]
#: The direct form, and what was taken over from it.
OLD_ROADS = frozenset({"moj-direct", "imported"})


@dataclass
class Punctuality:
    """What ended on time and late, and by how many begun minutes in all."""

    on_time: int = 0
    late: int = 0
    late_minutes: int = 0

    def add(self, late_minutes: int) -> None:
        """Count one more."""
        self.on_time += not late_minutes
        self.late += bool(late_minutes)
        self.late_minutes += late_minutes

    def document(self) -> dict[str, int]:
        """Return it for a JSON document."""
        return {"on_time": self.on_time, "late": self.late, "late_minutes": self.late_minutes}


@dataclass
class Figures:
    """The figures of a part: `counts` by what and reason, durations in whole minutes."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    reception: Punctuality = field(default_factory=Punctuality)
    appointment: Punctuality = field(default_factory=Punctuality)
    by_first: Punctuality = field(default_factory=Punctuality)
    apologised: int = 0
    lasted: Counter[int] = field(default_factory=Counter)
    worked: Counter[int] = field(default_factory=Counter)

    def add(self, fact: Fact) -> None:
        """Count a fact."""
        if fact.what == "reception":
            self.reception.add(fact.late_minutes)
        elif fact.what == "appointment":
            self.appointment.add(fact.late_minutes)
            self.by_first.add(fact.late_by_first or 0)
            self.apologised += fact.apologised
        else:
            self.counts[fact.what, fact.reason] += 1
        if fact.since is not None and fact.at is not None and fact.at >= fact.since:
            calendar = known().calendar(province_of(fact.unit_code, fact.unit_on))
            self.lasted[minutes_of(fact.at - fact.since)] += 1
            self.worked[minutes_of(calendar.working_time(fact.since, fact.at))] += 1

    def total(self, what: str) -> int:
        """Return how often something happened, for whatever reason."""
        return sum(count for (one, _), count in self.counts.items() if one == what)

    def reasons(self, what: str) -> list[tuple[str, int]]:
        """Return its reasons, the most frequent first."""
        found = [(why, n) for (one, why), n in self.counts.items() if one == what and why]
        return sorted(found, key=lambda one: (-one[1], one[0]))


@dataclass
class Statistics:
    """The answer: figures by part, and submissions by province and road."""

    by: By
    first: date | None
    last: date | None
    parts: dict[str, Figures]
    roads: dict[str, Counter[str]]


def statistics_of(
    source: Source, by: By, first: date | None = None, last: date | None = None
) -> Statistics:
    """Return the figures of what happened on those days in Vietnam, both inclusive; None is open.

    A fact belongs to the unit, and the province, that had the dossier then.
    """
    parts: dict[str, Figures] = defaultdict(Figures)
    roads: dict[str, Counter[str]] = defaultdict(Counter)
    for dossier in source.dossiers():
        for fact in facts_of(dossier.events):
            if (first and fact.day < first) or (last and fact.day > last):
                continue
            parts[part_of(fact, by)].add(fact)
            if fact.what == "submitted":
                roads[province_of(fact.unit_code, fact.unit_on)][fact.road] += 1
    return Statistics(by, first, last, dict(sorted(parts.items())), dict(sorted(roads.items())))


def part_of(fact: Fact, by: By) -> str:
    """Return which part a fact belongs to."""
    match by:
        case "unit":
            return fact.unit_code
        case "province":
            return province_of(fact.unit_code, fact.unit_on)
        case "procedure":
            return fact.procedure_code
        case "channel":
            return fact.road
        case "month":
            return f"{fact.day:%Y-%m}"
        case "all":
            return "all"


def quantile(values: Counter[int], share: float) -> int | None:
    """Return the least value that this share of them does not exceed; None of none.

    0.5 gives the lower median.
    """
    wanted, seen = share * values.total(), 0
    for value in sorted(values):
        seen += values[value]
        if seen >= wanted:
            return value
    return None


def old_and_new(roads: Counter[str]) -> tuple[int, int]:
    """Return how many came by the old road, and how many by portals."""
    old = sum(count for road, count in roads.items() if road in OLD_ROADS)
    return old, roads.total() - old


def statistics_rows(found: Statistics) -> Iterator[tuple[str, str, str, int | None]]:
    """Yield part, figure, reason and value: every figure as a row, for CSV."""
    for part, figures in found.parts.items():
        for (what, reason), count in sorted(figures.counts.items()):
            yield part, what, reason, count
        for name, judged in _judged(figures):
            for what, value in judged.document().items():
                yield part, name, what, value
        yield part, "appointment", "apologised", figures.apologised
        for name, minutes in _durations(figures).items():
            yield part, "duration_minutes", name, minutes
    for province, roads in found.roads.items():
        for road, count in sorted(roads.items()):
            yield province, "road", road, count


def _judged(figures: Figures) -> tuple[tuple[str, Punctuality], ...]:
    return (
        ("reception", figures.reception),
        ("appointment", figures.appointment),
        ("appointment_first_promised", figures.by_first),
    )


def _durations(figures: Figures) -> dict[str, int | None]:
    return {
        "median": quantile(figures.lasted, 0.5),
        "p90": quantile(figures.lasted, 0.9),
        "working_median": quantile(figures.worked, 0.5),
        "working_p90": quantile(figures.worked, 0.9),
    }


def statistics_document(found: Statistics) -> dict[str, Any]:
    """Return the figures for a JSON document."""
    return {
        "by": found.by,
        "from": found.first and found.first.isoformat(),
        "to": found.last and found.last.isoformat(),
        "parts": {part: _figures(figures) for part, figures in found.parts.items()},
        "roads": {province: dict(sorted(roads.items())) for province, roads in found.roads.items()},
    }


def _figures(figures: Figures) -> dict[str, Any]:
    whats = sorted({what for what, _ in figures.counts})
    totals = {what: figures.total(what) for what in whats if what != "return_reason"}
    reasons = {what: dict(sorted(figures.reasons(what))) for what in whats}
    return {
        "totals": totals,
        "reasons": {what: found for what, found in reasons.items() if found},
        **{name: judged.document() for name, judged in _judged(figures)},
        "apologised": figures.apologised,
        "duration_minutes": _durations(figures),
    }
