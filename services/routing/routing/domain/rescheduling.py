"""Moving an appointment: an apology, a check with another authority, an apology made ready."""

from datetime import date, datetime, timedelta

import reference
from contracts.decision import Decision, Refused
from contracts.events import Due, DueStep, Rescheduled
from contracts.model import local_day
from reference import ActReason, Limit, LimitUnit
from reference.limits import apology_limit
from reference.steps import day_en, day_vi
from routing.domain.acts import refusal, why_not
from routing.domain.appointments import near_due, verified_due
from routing.domain.case import AUTOMATIC, Apologise, Case, RoutingContext, Verify
from routing.domain.clock import calendar_for
from routing.domain.dues import as_deadline, moved
from routing.domain.law import act_reason, decided_on, law_day, procedure_of

APOLOGY_SOURCE = "NĐ 61/2018/NĐ-CP, Điều 19"
NO_REASON = "Lý do không thuộc danh mục lý do hẹn lại ngày trả kết quả."
NOT_AFTER = "Ngày hẹn mới phải là ngày làm việc sau ngày hẹn cũ."
TOO_FAR = "Ngày hẹn mới quá xa ngày hẹn cũ, hoặc thuộc năm chưa có lịch làm việc."


def apologise(act: Apologise, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Set a new day, once, with the reason and at least one day before the old one.

    The new one is a working day after the old one, no further off than the bound in the reference
    data and in a year whose days off are known; the office has until it closes.

    Source: NĐ 61/2018/NĐ-CP, Điều 19.
    """
    if why := why_not("apologise", case, context):
        return refusal(case, context, why)
    reason = act_reason("apology", act.reason, case, context)
    if reason is None:
        return refusal(case, context, NO_REASON)
    old, day = case.appointment, calendar_for(case, context).day(act.new_due_on)
    assert old is not None
    if why := _why_not_that_day(case, old, act.new_due_on, context):
        return refusal(case, context, why)
    due = _put_off(old, day.closing, "apology", reason, APOLOGY_SOURCE)
    event = Rescheduled(
        kind="apology", reason=act.reason, old_due_on=old.due_on, due=due, actor=act.actor
    )
    return Decision(case.but(apologies=case.apologies + 1, appointment=due), (event,))


def _why_not_that_day(
    case: Case, old: Due, new_due_on: date, context: RoutingContext
) -> str | None:
    """Return why an apology may not set that day, or None if it may."""
    calendar = calendar_for(case, context)
    why = reference.why_no_reappointment(
        as_deadline(old), decided_on(context), new_due_on, case.apologies
    )
    if why is not None or not calendar.is_working_day(new_due_on):
        return NOT_AFTER
    if not calendar.is_known(new_due_on) or new_due_on > _last_day(case, old, context):
        return TOO_FAR
    return None


def _last_day(case: Case, old: Due, context: RoutingContext) -> date:
    """Return the last day an apology may set; the last of all where the data have no bound."""
    on = law_day(case, context)
    limit = apology_limit(context.reference, case.procedure_code, on)
    return date.max if limit is None else old.due_on + timedelta(days=limit.value)


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

    It gives the procedure's own limit once more from the old appointment, as far as an apology may
    go, and as the reason the check that was asked for or else the register, which has not answered.

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
    new = min(new, calendar.last_working_day(_last_day(case, old, context)))
    if _why_not_that_day(case, old, new, context):
        return None
    reason = "verification_late" if case.verifications else "other_authority_late"
    return Apologise(AUTOMATIC, reason, new)
