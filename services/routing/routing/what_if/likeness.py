"""Which dossiers no rule tells apart, so that one verdict is that of all."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from contracts.model import VIETNAM
from reference import (
    Limit,
    LimitUnit,
    Reference,
    published_limit,
    reception_limit,
    statutory_limit,
)
from reference.rows import Unit
from routing.domain import AUTOMATIC
from routing.what_if.reading import Step, Submission

#: How many kinds of dossiers are remembered, and how many places and days.
REMEMBERED = 20_000


_MACHINE = AUTOMATIC.encode()


class Likeness:
    """What dossiers share that were submitted, routed and received, in two sets of data.

    They are alike when their events are the same but for ids, moments and a unit that is
    as competent, and when each moment, and what is due by the clock after it, lies between the
    same two hours at which an office opens or closes or the limit of a day begins to count from
    the next one.
    """

    def __init__(self, own: Reference, asked: Reference) -> None:
        """Take the data the decisions were made with, and those that are asked."""
        self._own, self._asked = own, asked
        self._marks = lru_cache(maxsize=REMEMBERED)(self._marks_of)
        self._hours = lru_cache(maxsize=REMEMBERED)(self._hours_of)
        self._place = lru_cache(maxsize=REMEMBERED)(self._place_of)
        self._unit = lru_cache(maxsize=REMEMBERED)(self._unit_of)
        self._competent = lru_cache(maxsize=REMEMBERED)(self._competent_of)

    def of(self, submission: Submission, desk: Step, reception: Step) -> tuple[Any, ...] | None:
        """Return what no rule tells apart but by the events' words; None if it is alone."""
        if not desk.unit_code == reception.unit_code == submission.unit_code.encode():
            return None
        days = submission.submitted_at.date(), desk.time.date(), reception.time.date()
        place = self._place(submission[:3], *days)
        hours = self._hours(submission.procedure_code, days[0])
        if place is None or hours is None:
            return None
        at_once = desk.written == reception.written
        return (
            submission.procedure_code,
            submission.papers,
            place,
            self._between(place[0], submission.submitted_at),
            self._between(place[0], desk.time),
            None if at_once else self._between(place[0], reception.time),
            desk.cause == reception.cause,
            reception.actor == _MACHINE,
            *(
                self._between(place[0], at + hour)
                for hour in hours
                for at in (submission.submitted_at, reception.time)
            ),
        )

    def _between(self, province_code: str, at: datetime) -> tuple[int, int, bool]:
        """Return the day, and between or on which of its hours the moment lies."""
        day = at.date()
        marks = self._marks(province_code, day)
        before = bisect_left(marks, at)
        return day.toordinal(), before, before < len(marks) and marks[before] == at

    def _hours_of(self, procedure_code: str, on: date) -> tuple[timedelta, ...] | None:
        """Return the limits that run by the clock: what is due then may lie on either side.

        None where one counts working hours, which no two dossiers have the same of.
        """
        found = set[timedelta]()
        for known in (self._own, self._asked):
            for limit in _limits(known, procedure_code, on):
                if limit.unit is LimitUnit.WORKING_HOUR:
                    return None
                if limit.unit is LimitUnit.HOUR:
                    found.add(timedelta(hours=limit.value))
        return tuple(sorted(found))

    def _marks_of(self, province_code: str, day: date) -> list[datetime]:
        """Return the hours of a day that rules look at: sessions and the ends of the same day."""
        found = set[datetime]()
        for known in (self._own, self._asked):
            for session in known.calendar(province_code).day(day).sessions:
                found.update(session)
            for row in known.time_limits:
                if row.cut_off is not None:
                    found.add(datetime.combine(day, row.cut_off, VIETNAM))
        return sorted(found)

    def _place_of(
        self, codes: tuple[str, str, str], submitted: date, routed: date, accepted: date
    ) -> tuple[str, tuple[bool, ...]] | None:
        """Return the province of a unit, and what each law says of its competence.

        None where the unit is another on one of the days, or not the same in both data.
        """
        units = {self._unit(codes[1], day) for day in (submitted, routed, accepted)}
        if len(units) != 1:
            return None
        (unit,) = units
        return None if unit is None else (unit.province_code, self._competent(codes, submitted))

    def _unit_of(self, unit_code: str, day: date) -> Unit | None:
        """Return the unit of that day; None where it is not the same in both data."""
        own, asked = (known.unit(unit_code, day) for known in (self._own, self._asked))
        return own if own == asked else None

    def _competent_of(self, codes: tuple[str, str, str], on: date) -> tuple[bool, ...]:
        procedure_code, unit_code, residence = codes
        competent = []
        for known in (self._own, self._asked):
            procedure = known.procedure(procedure_code, on)
            found = () if procedure is None else known.competent_units(procedure, residence, on)
            competent.append(unit_code in found)
        return tuple(competent)


def _limits(known: Reference, procedure_code: str, on: date) -> Iterator[Limit]:
    procedure = known.procedure(procedure_code, on)
    found = [reception_limit(known, procedure_code, on)]
    if procedure is not None:
        found += [limit(known, procedure, on) for limit in (statutory_limit, published_limit)]
    return (limit for limit in found if limit is not None)
