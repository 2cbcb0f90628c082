"""When something is due, and every step that makes it so."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from reference import explanations
from reference.calendar import NOTHING, ONE_DAY, Calendar, Day
from reference.limits import Limit
from reference.rows import Clock, LimitUnit, Status
from reference.steps import VIETNAM, Step

#: How many deadlines are remembered (about 10 MB); an answer depends on its arguments alone.
REMEMBERED = 4096


class NaiveTime(ValueError):
    """A moment without a time zone: nobody can say which moment it is."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the clock stood still, from a moment until just before another.

    Raises NaiveTime, and ValueError if it ends before it begins or the status does not pause.

    Source: statuses 5, 6 and 8 of the National Portal.
    """

    from_at: datetime
    to_at: datetime
    status: Status

    def __post_init__(self) -> None:
        """Refuse what is no pause."""
        if _local(self.to_at) < _local(self.from_at):
            raise ValueError("a pause ends after it begins")
        if self.status.clock is not Clock.PAUSED:
            raise ValueError(f"the clock does not pause in status {self.status.code}")


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment something is due in Vietnamese time, its day, and why, step by step."""

    due_at: datetime
    due_on: date
    unit: LimitUnit
    limit_value: int
    steps: tuple[Step, ...]
    calendar_version: str
    source: str

    @property
    def assumed(self) -> bool:
        """Return whether any step rests on something that was not confirmed."""
        return any(step.assumed for step in self.steps)


def deadline(
    received_at: datetime, limit: Limit, calendar: Calendar, pauses: Iterable[Pause] = ()
) -> Deadline:
    """Return when something received then is due, by that limit and calendar.

    The same day and days end when the offices close on the last day, hours at their minute.
    Of days, the one of reception is not counted, whatever the hour. After a pause what was left
    of the limit counts on: working time for `SAME_DAY`, `WORKING_DAY` and `WORKING_HOUR`, and for
    the first two on to the closing, once and not for each pause; the clock for `HOUR`; for `DAY`
    whole days, a day counts unless the clock stands still as it begins. Time before the
    reception, under an earlier pause or after the due moment is no pause. Raises NaiveTime.

    Source: BLDS 2015, Điều 147, 148; Luật Hộ tịch 2014, Điều 5.
    """
    return _deadline(_local(received_at), limit, calendar, tuple(pauses))


@lru_cache(maxsize=REMEMBERED)
def _deadline(
    start: datetime, limit: Limit, calendar: Calendar, pauses: tuple[Pause, ...]
) -> Deadline:
    steps = [explanations.received(start, limit)]
    end = _first_end(start, limit, calendar, steps)
    due = _due_after(end, limit, calendar, steps)
    for pause in _apart(pauses, start):
        if pause.from_at >= due:
            break
        # What followed the pause in the first reckoning did not happen.
        steps = [step for step in steps if step.from_at < pause.from_at or step.from_at <= start]
        end = _resumed_end(pause, end, limit, calendar, steps)
        due = _due_after(end, limit, calendar, steps)
    if not (calendar.is_known(start) and calendar.is_known(due)):
        unknown = due if calendar.is_known(start) else start
        steps.append(explanations.calendar_unknown(unknown, calendar))
    steps.append(explanations.due(due, limit))
    return Deadline(
        due, due.date(), limit.unit, limit.value, tuple(steps), calendar.version, limit.source
    )


def _first_end(start: datetime, limit: Limit, calendar: Calendar, steps: list[Step]) -> datetime:
    """Return the end of the limit without pauses; of `DAY`, the beginning of the last day."""
    match limit.unit:
        case LimitUnit.SAME_DAY:
            return _same_day(start, limit, calendar, steps)
        case LimitUnit.WORKING_DAY:
            steps.append(explanations.first_day(start))
            day = calendar.day(start.date())
            for _ in range(limit.value):
                day = _next_working(day, calendar, steps)
            return day.closing
        case LimitUnit.DAY:
            steps.append(explanations.first_day(start))
            return _midnight(start) + limit.value * ONE_DAY
        case LimitUnit.WORKING_HOUR:
            return _advance(start, timedelta(hours=limit.value), limit, calendar, steps)
        case LimitUnit.HOUR:
            return start + timedelta(hours=limit.value)


def _due_after(end: datetime, limit: Limit, calendar: Calendar, steps: list[Step]) -> datetime:
    """Return the moment something is due whose limit ends then."""
    match limit.unit:
        case LimitUnit.SAME_DAY | LimitUnit.WORKING_DAY:
            return calendar.day(end.date()).closing
        case LimitUnit.DAY:
            return _next_closing(end, calendar, steps)
        case LimitUnit.WORKING_HOUR | LimitUnit.HOUR:
            return end


def _same_day(start: datetime, limit: Limit, calendar: Calendar, steps: list[Step]) -> datetime:
    day = calendar.day(start.date())
    if day.note is not None:
        steps.append(day.note)
    in_time = limit.cut_off is None or start.time() <= limit.cut_off
    if day.sessions and in_time and start < day.closing:
        return day.closing
    why = explanations.cut_off if day.sessions and not in_time else explanations.closed
    steps.append(why(start, limit))
    return _next_working(day, calendar, steps).closing


def _resumed_end(
    pause: Pause,
    end: datetime,
    limit: Limit,
    calendar: Calendar,
    steps: list[Step],
) -> datetime:
    """Return the new end of the limit after a pause that began before it was due."""
    new_end: datetime | None = None
    match limit.unit:
        case LimitUnit.HOUR:
            remaining = end - pause.from_at
            new_end = pause.to_at + remaining
        case LimitUnit.DAY:
            remaining = max(_midnight(end) - _midnight(pause.from_at), NOTHING)
            new_end = max(_midnight(pause.to_at) + remaining, pause.to_at)
        case _:
            remaining = calendar.working_time(pause.from_at, end)
    steps.append(explanations.paused(pause.from_at, pause.to_at, pause.status, remaining, limit))
    return new_end or _advance(pause.to_at, remaining, limit, calendar, steps)


def _advance(
    at: datetime, remaining: timedelta, limit: Limit, calendar: Calendar, steps: list[Step]
) -> datetime:
    """Return the first moment by which the offices are open again and have been for that long."""
    day = calendar.day(at.date())
    if day.note is not None and day.note not in steps:
        steps.append(day.note)
    while True:
        for begin, end in day.sessions:
            if at >= end:
                continue
            if at < begin:
                if limit.unit is LimitUnit.WORKING_HOUR:
                    steps.append(explanations.carried_over(at, begin, limit))
                at = begin
            if remaining <= end - at:
                return at + remaining
            remaining -= end - at
            at = end
        day = _next_working(day, calendar, steps)


def _next_closing(at: datetime, calendar: Calendar, steps: list[Step]) -> datetime:
    """Return when the offices close that day or, if they are closed for it, the next one."""
    day = calendar.day(at.date())
    if day.note is not None and day.note not in steps:
        steps.append(day.note)
    if day.sessions and at < day.closing:
        return day.closing
    closing = _next_working(day, calendar, steps).closing
    steps.append(explanations.moved(at, closing))
    return closing


def _next_working(day: Day, calendar: Calendar, steps: list[Step]) -> Day:
    """Return the first working day after a day; adds why the days on the way are unusual."""
    while True:
        day = calendar.day(day.on + ONE_DAY)
        if day.note is not None:
            steps.append(day.note)
        if day.sessions:
            return day


def _apart(pauses: Iterable[Pause], start: datetime) -> Iterator[Pause]:
    """Yield the pauses in order of time, cut where they are early or overlap; empty ones not."""
    end = start
    for pause in sorted(pauses, key=lambda one: one.from_at):
        begin, until = max(_local(pause.from_at), end), _local(pause.to_at)
        if begin < until:
            yield Pause(begin, until, pause.status)
            end = until


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _local(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise NaiveTime("a moment needs a time zone")
    return at.astimezone(VIETNAM)
