"""Moving an appointment: an apology, a check with another authority, an apology made ready."""

from datetime import date, datetime

import reference
from contracts.decision import Decision, Refused
from contracts.events import Due, DueStep, Rescheduled
from reference import ActReason, Limit, LimitUnit
from reference.steps import day_en, day_vi
from routing.domain.acts import refusal, why_not
from routing.domain.appointments import near_due, verified_due
from routing.domain.case import AUTOMATIC, Apologise, Case, RoutingContext, Verify
from routing.domain.clock import calendar_for
from routing.domain.dues import as_deadline, moved
from routing.domain.law import act_reason, decided_on, local_day, procedure_of

APOLOGY_SOURCE = "NĐ 61/2018/NĐ-CP, Điều 19"
NO_REASON = "The reason is not in the closed list for moving an appointment."
NOT_AFTER = "The new day is a working day after the old one."


def apologise(act: Apologise, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Set a new day, once, with the reason and at least one day before the old one.

    The new one is a working day after the old one, and the office has until it closes.

    Source: NĐ 61/2018/NĐ-CP, Điều 19.
    """
    if why := why_not("apologise", case, context):
        return refusal(case, context, why)
    reason = act_reason("apology", act.reason, case, context)
    if reason is None:
        return refusal(case, context, NO_REASON)
    old, day = case.appointment, calendar_for(case, context).day(act.new_due_on)
    assert old is not None
    if not day.sessions or _may_not_be(case, old, act.new_due_on, context):
        return refusal(case, context, NOT_AFTER)
    due = _put_off(old, day.closing, "apology", reason, APOLOGY_SOURCE)
    event = Rescheduled(
        kind="apology", reason=act.reason, old_due_on=old.due_on, due=due, actor=act.actor
    )
    return Decision(case.but(apologies=case.apologies + 1, appointment=due), (event,))


def _may_not_be(case: Case, old: Due, new_due_on: date, context: RoutingContext) -> bool:
    why = reference.why_no_reappointment(
        as_deadline(old), decided_on(context), new_due_on, case.apologies
    )
    return why is not None


def verify(act: Verify, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Ask another authority, once; the appointment moves by what the procedure allows for it.

    Source: Luật Hộ tịch 2014, Điều 18, 25, 28; the procedure's row in the reference data.
    """
    if why := why_not("verify", case, context):
        return refusal(case, context, why)
    reason = act_reason("verification", act.reason, case, context)
    if reason is None:
        return refusal(case, context, NO_REASON)
    old, procedure = case.appointment, procedure_of(case, context)
    due_at = verified_due(case, context)
    assert old is not None
    assert procedure is not None
    assert due_at is not None
    source = procedure.verify_source or procedure.source
    due = _put_off(old, due_at, "verification", reason, source)
    event = Rescheduled(
        kind="verification", reason=act.reason, old_due_on=old.due_on, due=due, actor=act.actor
    )
    return Decision(case.but(verifications=case.verifications + 1, appointment=due), (event,))


def _put_off(old: Due, due_at: datetime, kind: str, reason: ActReason, source: str) -> Due:
    """Return the appointment moved to a later moment, with one step more that says why."""
    on, new = old.due_on, local_day(due_at)
    step = DueStep(
        kind=kind,
        from_at=old.due_at,
        to_at=due_at,
        note_vi=f"Hẹn lại từ {day_vi(on)} sang {day_vi(new)}: {reason.text_vi.rstrip('.')}",
        note_en=f"Moved from {day_en(on)} to {day_en(new)}: {reason.text_en.rstrip('.')}",
        source=source,
    )
    return moved(old, due_at, (step,))


def prepared_apology(case: Case, context: RoutingContext) -> Apologise | None:
    """Return an apology an officer only has to sign; None if none is due or allowed.

    It gives the procedure's own limit once more from the old appointment, and as the reason the
    check that was asked for or else the register, which has not answered.

    Source: NĐ 61/2018/NĐ-CP, Điều 19.
    """
    calendar, old = calendar_for(case, context), case.appointment
    if old is None or not near_due(case, context.now, calendar):
        return None
    if why_not("apologise", case, context):
        return None
    limit = Limit(old.value, LimitUnit(old.unit), old.source)
    new = reference.deadline(old.due_at, limit, calendar).due_on
    if new <= old.due_on or not calendar.is_working_day(new):
        new = calendar.next_working_day(max(new, old.due_on))
    reason = "verification_late" if case.verifications else "other_authority_late"
    return Apologise(AUTOMATIC, reason, new)
