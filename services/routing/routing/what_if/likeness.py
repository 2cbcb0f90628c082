"""Which dossiers no rule tells apart, so that one verdict is that of all."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain, count
from typing import NamedTuple

from contracts.as_written import day
from contracts.model import VIETNAM
from contracts.told import Shape, Told
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
from routing.what_if.reading import declared

#: How many kinds of dossiers are remembered, and how many places and days.
REMEMBERED = 20_000
_ONE_DAY = timedelta(days=1)


#: A number for a day, and the hours a moment lies between or on.
Slot = int


class Ground(NamedTuple):
    """What dossiers share whatever the moment: number them by it.

    `clock` is the number of the hours that tell moments apart for them, `minutes` are those that
    are known to have none of these hours, and the numbers of what lies there.
    """

    number: int
    clock: int
    minutes: dict[bytes, Slot]


class _Clock(NamedTuple):
    province_code: str
    hours: tuple[timedelta, ...]


class Likeness:
    """What dossiers share that were submitted, routed and received, in two sets of data.

    They are alike when their events are the same but for ids, moments and a unit that is
    as competent, when they were submitted while the same rows were in force, and when each moment
    a rule looks at, and what is due by the clock after it, lies between the same two hours at which
    an office opens or closes or the limit of a day begins to count from the next one.
    """

    def __init__(self, own: Reference, asked: Reference) -> None:
        """Take the data the decisions were made with, and those that are asked."""
        self._known = (own,) if own is asked else (own, asked)
        self._eras = Eras(own, asked)
        self._grounds: dict[object, Ground] = {}
        self._numbers = count()
        self._clocks: dict[_Clock, int] = {}
        self._clock_of: list[_Clock] = []
        self._minutes: list[dict[bytes, Slot]] = []
        self._eras_of = lru_cache(maxsize=REMEMBERED)(self._eras_on)
        self._thresholds = lru_cache(maxsize=REMEMBERED)(self._thresholds_of)
        self._unit = lru_cache(maxsize=REMEMBERED)(self._unit_of)
        self._slot = lru_cache(maxsize=REMEMBERED)(self._slot_of)
        self._hours = lru_cache(maxsize=REMEMBERED)(self._hours_of)
        self._competent = lru_cache(maxsize=REMEMBERED)(self._competent_of)
        self._ground = lru_cache(maxsize=3 * REMEMBERED)(self._ground_of)

    def ground(self, submission: Told, routed: bytes, accepted: bytes) -> Ground | None:
        """Return what no rule tells apart but by moments and the events' words; None if alone.

        Raises ValueError and OverflowError for a day that is none, or the last there is.
        """
        eras = self._eras_of(submission.moment[:10], routed[:10], accepted[:10])
        return self._ground(submission.shape, submission.unit_code, submission.other, eras)

    def slot(self, ground: Ground, at: bytes) -> Slot:
        """Return a number for the day, and the hours a moment of that ground lies between or on."""
        minute = at[:16]
        found = ground.minutes.get(minute)
        if found is not None:
            return found
        hours = self._thresholds(ground.clock, at[:10])
        before = bisect_left(hours, at)
        is_on = before < len(hours) and hours[before] == at
        slot = self._slot(ground.clock, at[:10], before, is_on)
        if bisect_left(hours, minute) == bisect_left(hours, minute + b":60"):
            # No hour is in this minute, so all of it is alike.
            if len(ground.minutes) >= REMEMBERED:
                ground.minutes.clear()
            ground.minutes[minute] = slot
        return slot

    def _slot_of(self, clock: int, on: bytes, before: int, is_on: bool) -> Slot:
        return next(self._numbers)

    def _eras_on(self, *days: bytes) -> tuple[date, ...]:
        return tuple(self._eras.first_of(day(on)) for on in days)

    def _ground_of(
        self, written: Shape, unit: bytes, residence: bytes, eras: tuple[date, ...]
    ) -> Ground | None:
        procedure_code, kinds = declared(written)
        unit_code, submitted = unit.decode(), eras[0]
        # Any day of an era stands for all of it.
        units = {self._unit(unit_code, on) for on in dict.fromkeys(eras)}
        hours = self._hours(procedure_code, submitted)
        (held, *others) = units
        if others or held is None or hours is None:
            return None
        units_competent = self._competent(procedure_code, residence.decode(), submitted)
        competent = tuple(unit_code in units for units in units_competent)
        key = (procedure_code, kinds, held.province_code, competent, submitted)
        found = self._grounds.get(key)
        if found is None:
            if len(self._grounds) >= REMEMBERED:
                self._grounds.clear()
            clock = self._clock(_Clock(held.province_code, hours))
            found = self._grounds[key] = Ground(next(self._numbers), clock, self._minutes[clock])
        return found

    def _clock(self, clock: _Clock) -> int:
        if clock not in self._clocks:
            self._clocks[clock] = len(self._clock_of)
            self._clock_of.append(clock)
            self._minutes.append({})
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

    def _hours_of(self, procedure_code: str, on: date) -> tuple[timedelta, ...] | None:
        """Return the limits that run by the clock: what is due then may lie on either side.

        None where one counts working hours, which no two dossiers have the same of.
        """
        found = set[timedelta]()
        for known in self._known:
            for limit in _limits(known, procedure_code, on):
                if limit.unit is LimitUnit.WORKING_HOUR:
                    return None
                if limit.unit is LimitUnit.HOUR:
                    found.add(timedelta(hours=limit.value))
        return tuple(sorted(found))

    def _marks(self, province_code: str, on: date) -> Iterator[datetime]:
        """Yield the hours of a day that rules look at: sessions and the ends of the same day."""
        for known in self._known:
            yield from chain.from_iterable(known.calendar(province_code).day(on).sessions)
            for row in known.time_limits:
                if row.cut_off is not None:
                    yield datetime.combine(on, row.cut_off, VIETNAM)

    def _unit_of(self, unit_code: str, on: date) -> Unit | None:
        """Return the unit of that day; None where it is not the same in both data."""
        unit, *others = (known.unit(unit_code, on) for known in self._known)
        return unit if all(one == unit for one in others) else None

    def _competent_of(
        self, procedure_code: str, residence: str, on: date
    ) -> tuple[frozenset[str], ...]:
        competent = []
        for known in self._known:
            procedure = known.procedure(procedure_code, on)
            found = () if procedure is None else known.competent_units(procedure, residence, on)
            competent.append(frozenset(found))
        return tuple(competent)


def _limits(known: Reference, procedure_code: str, on: date) -> Iterator[Limit]:
    procedure = known.procedure(procedure_code, on)
    found = [reception_limit(known, procedure_code, on)]
    if procedure is not None:
        found += [limit(known, procedure, on) for limit in (statutory_limit, published_limit)]
    return (limit for limit in found if limit is not None)
