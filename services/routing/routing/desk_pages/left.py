"""How much time is left until something is due, as an officer counts it: in working days."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from contracts.model import VIETNAM, local_day
from reference import Calendar
from routing.domain import Case

Mark = Literal["overdue", "today", "near", "later", "paused", "over", "unknown"]
#: Beyond it nobody counts days.
MOST_DAYS = 250
#: Marks of what has a moment, and those that say something else when no working day is between.
_RUNNING = frozenset({"overdue", "today", "near", "later"})
_SAID_ALONE = frozenset({"overdue", "near"})


@dataclass(frozen=True)
class Left:
    """How near a due moment is: working days left, or of an overdue one gone since its day.

    `paused`: nothing runs, `over`: all is decided, `unknown`: no limit is known; none has days.
    `reception` is whether it is the moment to receive the dossier by, not the appointment.
    """

    mark: Mark
    days: int = 0
    reception: bool = False

    @property
    def key(self) -> str:
        """Return the key of the sentence that says it, which takes the days."""
        of = "reception." if self.reception and self.mark in _RUNNING else ""
        return (
            f"desk.left.{of}{self.mark}{'_0' if self.mark in _SAID_ALONE and not self.days else ''}"
        )


def left_until(due_at: datetime | None, now: datetime, calendar: Calendar) -> Left:
    """Return how near the moment is; `near` is the next working day, or days off before it."""
    if due_at is None:
        return Left("unknown")
    today, due_on = local_day(now), local_day(due_at)
    if now > due_at:
        return Left("overdue", _working_days(due_on, today, calendar))
    if due_on == today:
        return Left("today")
    days = _working_days(today, due_on, calendar)
    return Left("near" if days <= 1 else "later", days)


def left_of(case: Case, now: datetime, calendar: Calendar) -> Left:
    """Return how near is what the case waits for now."""
    match case.status:
        case "stopped":
            return Left("paused")
        case "received":
            return replace(left_until(due_of(case), now, calendar), reception=True)
        case "supplement" | "accepted":
            return left_until(due_of(case), now, calendar)
        case "registered" if case.appointment is not None:
            return left_until(due_of(case), now, calendar)
    return Left("over")


def due_of(case: Case) -> datetime | None:
    """Return the moment the case is to be dealt with by, as its list is ordered; None if none."""
    due = {"received": case.reception_due, "supplement": case.supplement_due}.get(
        case.status, case.appointment
    )
    return None if due is None else due.due_at


def near_until(now: datetime, calendar: Calendar) -> datetime:
    """Return the end of the next working day: what is due before it is near.

    Source: NĐ 61/2018/NĐ-CP, Điều 19.
    """
    after = calendar.next_working_day(local_day(now)) + timedelta(days=1)
    return datetime.combine(after, time.min, VIETNAM)


def _working_days(after: date, until: date, calendar: Calendar) -> int:
    """Return how many working days follow one day, up to another and with it; MOST_DAYS at most."""
    count, day = 0, calendar.next_working_day(after)
    while day <= until and count < MOST_DAYS:
        count, day = count + 1, calendar.next_working_day(day)
    return count
