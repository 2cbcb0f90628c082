"""The appointment: when the result is due, and by how much it may move."""

from datetime import date, datetime
from functools import lru_cache
from itertools import dropwhile

import reference
from contracts.events import Due, DueStep
from contracts.model import local_day
from reference import Calendar, Limit, LimitUnit, Reference, StepKind
from routing.domain.case import Case, Pause, RoutingContext
from routing.domain.clock import calendar_for
from routing.domain.dues import as_deadline, due_from, moved, pauses_over
from routing.domain.law import REMEMBERED, decided_on, law_day, procedure_of


def appointment_due(case: Case, received_at: datetime, context: RoutingContext) -> Due | None:
    """Return when the result is due, every pause so far left out; None where no limit is known.

    Counted from the first reception; one that was put off is pushed on by the pauses since then.

    Source: Luật Hộ tịch 2014, Điều 5; NĐ 61/2018/NĐ-CP and NĐ 118/2025/NĐ-CP.
    """
    if case.appointment is not None and (case.apologies or case.verifications):
        return _pushed_on(case, case.appointment, received_at, context)
    return _counted(case, received_at, context)


def _counted(case: Case, received_at: datetime, context: RoutingContext) -> Due | None:
    return _appointment(
        context.reference,
        case.procedure_code,
        law_day(case, context),
        received_at,
        calendar_for(case, context),
        pauses_over(case.pauses, context),
    )


@lru_cache(maxsize=REMEMBERED)
def _appointment(
    known: Reference,
    procedure_code: str,
    on: date,
    received_at: datetime,
    calendar: Calendar,
    pauses: tuple[reference.Pause, ...],
) -> Due | None:
    procedure = known.procedure(procedure_code, on)
    if procedure is None:
        return None
    found = reference.appointment(known, procedure, on, received_at, calendar, pauses)
    if found is None:
        return None
    return due_from(
        found.due,
        found.statutory.due_on if found.statutory else None,
        found.published.due_on if found.published else None,
    )


def _pushed_on(case: Case, due: Due, received_at: datetime, context: RoutingContext) -> Due:
    """Return an appointment that was put off, later by what the pauses since then took of it."""
    calendar = calendar_for(case, context)
    counted = {step.from_at for step in due.steps if step.kind == StepKind.PAUSED}
    for pause in case.pauses:
        if received_at <= pause.from_at < due.due_at and pause.from_at not in counted:
            due = _later_by(pause, due, calendar, context)
    return due


def _later_by(pause: Pause, due: Due, calendar: Calendar, context: RoutingContext) -> Due:
    """Return the due moment later by a pause that began before it: what was left counts on."""
    left = _working_days(local_day(pause.from_at), due.due_on, calendar)
    limit = Limit(left, LimitUnit.WORKING_DAY if left else LimitUnit.SAME_DAY, due.source)
    found = reference.deadline(pause.from_at, limit, calendar, pauses_over((pause,), context))
    steps = tuple(dropwhile(_is_before_the_pause, due_from(found).steps))
    return moved(due, found.due_at, steps) if steps else due


def _is_before_the_pause(step: DueStep) -> bool:
    return step.kind != StepKind.PAUSED


def _working_days(after: date, until: date, calendar: Calendar) -> int:
    """Return how many working days follow one day, up to another and with it."""
    count = 0
    while (after := calendar.next_working_day(after)) <= until:
        count += 1
    return count


def verified_due(case: Case, context: RoutingContext) -> datetime | None:
    """Return the appointment with the time for asking another authority; None if there is none.

    That time comes on top of the old appointment, or is the longest in all since the reception.
    One that is no longer than the limit itself cannot be the longest, so comes on top.

    Source: the procedure's row (Luật Hộ tịch 2014, Điều 18, 25, 28).
    """
    procedure = procedure_of(case, context)
    if procedure is None or case.appointment is None or case.received_at is None:
        return None
    on, calendar = law_day(case, context), calendar_for(case, context)
    limit = reference.verification_limit(context.reference, procedure, on)
    plain = _counted(case, case.received_at, context)
    if limit is None or plain is None:
        return None
    old, pauses = case.appointment.due_at, pauses_over(case.pauses, context)
    longest = reference.deadline(case.received_at, limit, calendar, pauses).due_at
    if procedure.verify_adds or longest <= plain.due_at:
        return reference.deadline(old, limit, calendar).due_at
    return longest if longest > old else None


def overdue(case: Case, now: datetime) -> bool:
    """Return whether the appointment is over and the register has not answered."""
    due = case.appointment
    return case.status == "accepted" and due is not None and now > due.due_at


def near_due(case: Case, now: datetime, calendar: Calendar) -> bool:
    """Return whether the next working day is too late for an apology, or the appointment itself.

    True until the appointment is over; false for a case that is not with the register.

    Source: NĐ 61/2018/NĐ-CP, Điều 19.
    """
    due = case.appointment
    if case.status != "accepted" or due is None or now > due.due_at:
        return False
    return calendar.next_working_day(local_day(now)) >= due.due_on


def apology_in_time(case: Case, context: RoutingContext) -> bool:
    """Return whether today is at least one day before the appointment.

    Source: NĐ 61/2018/NĐ-CP, Điều 19.
    """
    due = case.appointment
    return due is not None and decided_on(context) <= reference.apology_due(as_deadline(due))
