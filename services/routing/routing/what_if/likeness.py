"""Which dossiers no rule tells apart, so that one verdict is that of all."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain, count
from typing import NamedTuple

from contracts.as_written import Submission, day
from contracts.model import VIETNAM
from reference import (
    Limit,
    LimitUnit,
    Reference,
    published_limit,
    reception_limit,
    statutory_limit,
)
from reference.eras import Eras
from reference.rows import Unit
from routing.what_if.reading import Step, papers

#: How many kinds of dossiers are remembered, and how many places and days.
REMEMBERED = 20_000
_ONE_DAY = timedelta(days=1)


class Ground(NamedTuple):
    """What dossiers share whatever the moment: number them by it.

    `clock` is the number of the hours that tell moments apart for them.
    """

    number: int
    clock: int


class _Clock(NamedTuple):
    province_code: str
    hours: tuple[timedelta, ...]


Slot = tuple[bytes, int, bool]


class Likeness:
    """What dossiers share that were submitted, routed and received, in two sets of data.

    They are alike when their events are the same but for ids, moments and a unit that is
    as competent, when they were submitted while the same rows were in force, and when each moment
    a rule looks at, and what is due by the clock after it, lies between the same two hours at which
    an office opens or closes or the limit of a day begins to count from the next one.
    """

    def __init__(self, own: Reference, asked: Reference) -> None:
        """Take the data the decisions were made with, and those that are asked."""
        self._own, self._asked = own, asked
        self._eras = Eras(own, asked)
        self._grounds: dict[object, Ground] = {}
        self._numbers = count()
        self._clocks: dict[_Clock, int] = {}
        self._clock_of: list[_Clock] = []
        self._era = lru_cache(maxsize=REMEMBERED)(self._era_of)
        self._thresholds = lru_cache(maxsize=REMEMBERED)(self._thresholds_of)
        self._ground = lru_cache(maxsize=3 * REMEMBERED)(self._ground_of)

    def ground(self, submission: Submission, desk: Step, reception: Step) -> Ground | None:
        """Return what no rule tells apart but by moments and the events' words; None if alone.

        Raises ValueError and OverflowError for a day that is none, or the last there is.
        """
        if not desk.unit_code == reception.unit_code == submission.unit_code:
            return None
        return self._ground(
            submission.procedure_code,
            submission.unit_code,
            submission.residence_unit_code,
            papers(submission.attachments),
            self._era(submission.submitted_at[:10]),
            self._era(desk.time[:10]),
            self._era(reception.time[:10]),
        )

    def slot(self, ground: Ground, at: bytes) -> Slot:
        """Return the day, and between or on which of its hours a moment of that ground lies."""
        hours = self._thresholds(ground.clock, at[:10])
        before = bisect_left(hours, at)
        return at[:10], before, before < len(hours) and hours[before] == at

    def _era_of(self, on: bytes) -> date:
        return self._eras.first_of(day(on))

    def _ground_of(
        self,
        procedure: bytes,
        unit: bytes,
        residence: bytes,
        kinds: tuple[str, ...],
        submitted: date,
        routed: date,
        accepted: date,
    ) -> Ground | None:
        procedure_code, unit_code = procedure.decode(), unit.decode()
        # Any day of an era stands for all of it.
        units = {self._unit(unit_code, on) for on in (submitted, routed, accepted)}
        hours = self._hours(procedure_code, submitted)
        (held, *others) = units
        if others or held is None or hours is None:
            return None
        competent = self._competent(procedure_code, unit_code, residence.decode(), submitted)
        key = (procedure_code, kinds, held.province_code, competent, submitted)
        found = self._grounds.get(key)
        if found is None:
            if len(self._grounds) >= REMEMBERED:
                self._grounds.clear()
            clock = self._clock(_Clock(held.province_code, hours))
            found = self._grounds[key] = Ground(next(self._numbers), clock)
        return found

    def _clock(self, clock: _Clock) -> int:
        if clock not in self._clocks:
            self._clocks[clock] = len(self._clock_of)
            self._clock_of.append(clock)
        return self._clocks[clock]

    def _thresholds_of(self, clock: int, on: bytes) -> list[bytes]:
        """Return the moments of a day that tell apart what comes before, on and after them."""
        province_code, hours = self._clock_of[clock]
        midnight = datetime.combine(day(on), datetime.min.time(), VIETNAM)
        found = set(self._marks(province_code, midnight.date()))
        for hour in hours:
            first = midnight + hour
            for later in {first.date(), (first + _ONE_DAY).date()}:
                begins = datetime.combine(later, datetime.min.time(), VIETNAM)
                found |= {at - hour for at in (begins, *self._marks(province_code, later))}
        ours = sorted(at for at in found if midnight <= at < midnight + _ONE_DAY)
        return [at.isoformat().removesuffix("+07:00").encode() for at in ours]

    def _hours(self, procedure_code: str, on: date) -> tuple[timedelta, ...] | None:
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

    def _marks(self, province_code: str, on: date) -> Iterator[datetime]:
        """Yield the hours of a day that rules look at: sessions and the ends of the same day."""
        for known in (self._own, self._asked):
            yield from chain.from_iterable(known.calendar(province_code).day(on).sessions)
            for row in known.time_limits:
                if row.cut_off is not None:
                    yield datetime.combine(on, row.cut_off, VIETNAM)

    def _unit(self, unit_code: str, on: date) -> Unit | None:
        """Return the unit of that day; None where it is not the same in both data."""
        own, asked = (known.unit(unit_code, on) for known in (self._own, self._asked))
        return own if own == asked else None

    def _competent(
        self, procedure_code: str, unit_code: str, residence: str, on: date
    ) -> tuple[bool, ...]:
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
