"""The clock of a case: whose calendar, until when it must be looked at, completed; its pauses."""

from datetime import date, datetime
from functools import lru_cache

import reference
from contracts.events import Due
from reference import Calendar, Reference
from routing.domain.case import Case, Pause, RoutingContext
from routing.domain.dues import due_after, pauses_over
from routing.domain.law import REMEMBERED, law_day

#: The statuses of the National Portal in which no deadline runs (TrangThaiHoSo).
SUPPLEMENT_ASKED, STOPPED = 5, 8


def calendar_for(case: Case, context: RoutingContext) -> Calendar:
    """Return the working calendar of the province of the unit that holds the case."""
    return context.reference.calendar(province_of(case, context) or "")


def province_of(case: Case, context: RoutingContext) -> str | None:
    """Return the province of the unit that holds the case, on the map its code is of."""
    on = case.unit_on or law_day(case, context)
    return _province(context.reference, case.unit_code, on)


@lru_cache(maxsize=REMEMBERED)
def _province(known: Reference, unit_code: str, on: date) -> str | None:
    unit = known.unit(unit_code, on)
    return None if unit is None else unit.province_code


def reception_due(case: Case, start: datetime, context: RoutingContext) -> Due | None:
    """Return until when the dossier must be looked at, from `start`, stops since then left out.

    None where no rule was found. Source: NĐ 87/2020/NĐ-CP, Điều 12.
    """
    on = law_day(case, context)
    limit = reference.reception_limit(context.reference, case.procedure_code, on)
    if limit is None:
        return None
    pauses = pauses_over(case.pauses, context)
    return due_after(start, limit, calendar_for(case, context), pauses)


def reception_start(case: Case, context: RoutingContext) -> datetime:
    """Return the moment the reception counts from."""
    if case.reception_due is not None:
        return case.reception_due.steps[0].from_at
    return case.submitted_at or context.now


def supplement_due(case: Case, context: RoutingContext) -> Due | None:
    """Return until when the citizen may complete the dossier, counted from now; None if no rule."""
    on = law_day(case, context)
    limit = reference.supplement_limit(context.reference, case.procedure_code, on)
    if limit is None:
        return None
    return due_after(context.now, limit, calendar_for(case, context))


def paused(case: Case, status: int, context: RoutingContext) -> tuple[Pause, ...]:
    """Return the case's pauses and one that begins now."""
    return (*case.pauses, Pause(context.now, None, status))


def resumed(case: Case, at: datetime) -> tuple[Pause, ...]:
    """Return the case's pauses, the one that was open ended then, or empty if it began later."""
    return tuple(
        Pause(one.from_at, max(at, one.from_at), one.status) if one.to_at is None else one
        for one in case.pauses
    )


def reopened(pauses: tuple[Pause, ...]) -> tuple[Pause, ...]:
    """Return the pauses with the last one open, as it was before time ended it."""
    *before, last = pauses
    return (*before, Pause(last.from_at, None, last.status))
