"""Stopping: for a time and on again, withdrawn by the citizen, ended by time."""

from datetime import datetime, timedelta

from contracts.decision import Decision, Refused
from contracts.envelope import Envelope
from contracts.events import Resumed, Stopped, WithdrawalRequested, Withdrawn
from routing.domain import clock
from routing.domain.acts import refusal, why_not
from routing.domain.appointments import appointment_due
from routing.domain.case import AUTOMATIC, Case, Expire, Resume, RoutingContext, Stop, Withdraw
from routing.domain.desk import routed
from routing.domain.law import act_reason

NO_REASON = "Lý do không thuộc danh mục lý do tạm dừng giải quyết hồ sơ."
NOT_EXPIRED = "Hồ sơ không chờ bổ sung, hoặc chưa hết thời hạn bổ sung."

#: The intake may have taken a supplement in time whose record is still under way to us: so long
#: after the last moment nobody says it never came. The citizen's time is not longer for it.
UNDER_WAY = timedelta(hours=24)


def stop(act: Stop, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Stop the case for a reason from the closed list; no deadline runs until it is resumed.

    Source: TT 03/2025/TT-VPCP, Mẫu 05; status 8 of the National Portal.
    """
    if why := why_not("stop", case, context):
        return refusal(case, context, why)
    if act_reason("stop", act.reason, case, context) is None:
        return refusal(case, context, NO_REASON)
    stopped = case.but(
        status="stopped",
        resumes_to=case.status,
        pauses=clock.paused(case, clock.STOPPED, context),
    )
    return Decision(stopped, (Stopped(reason=act.reason, final=False, actor=act.actor),))


def resume(act: Resume, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Let the case go on where it stood, its dates moved by the time it stood still.

    Source: statuses 5, 6 and 8 of the National Portal pause every deadline.
    """
    if why := why_not("resume", case, context):
        return refusal(case, context, why)
    case = case.but(
        status=case.resumes_to, resumes_to="unseen", pauses=clock.resumed(case, context.now)
    )
    if case.received_at is not None:
        case = case.but(appointment=appointment_due(case, case.received_at, context))
    event = Resumed(actor=act.actor, due=case.appointment)
    if case.status != "received":
        return Decision(case, (event,))
    again = routed(case, clock.reception_start(case, context), context)
    return Decision(again.state, (event, *again.events))


def withdraw(act: Withdraw, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Give the dossier back because the citizen wants it back."""
    if why := why_not("withdraw", case, context):
        return refusal(case, context, why)
    return withdrawn(case, act.actor, context)


def withdrawn(case: Case, actor: str, context: RoutingContext) -> Decision[Case]:
    """Return the case as withdrawn; the event says whether the portal had asked for it."""
    on_request = case.withdrawal_requested_at is not None
    over = case.but(status="withdrawn", pauses=clock.resumed(case, context.now))
    return Decision(over, (Withdrawn(actor=actor, on_request=on_request),))


def on_withdrawal_requested(
    message: Envelope, case: Case, context: RoutingContext
) -> Decision[Case]:
    """Give the dossier back at once; while the register has it, remember that it was asked for.

    One that was stopped meanwhile is with the register too. A registration stands; a dossier
    where all is decided is not touched.
    """
    data = message.data
    assert isinstance(data, WithdrawalRequested)
    asked = case.but(withdrawal_requested_at=data.requested_at)
    if case.stands in ("received", "supplement"):
        return withdrawn(asked, AUTOMATIC, context)
    return Decision(asked if case.stands == "accepted" else case)


def expire(act: Expire, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Close a case whose supplement did not come in time.

    Source: NĐ 61/2018/NĐ-CP, NĐ 118/2025/NĐ-CP; TT 03/2025/TT-VPCP, Mẫu 05.
    """
    if not may_expire(case, context.now):
        return refusal(case, context, NOT_EXPIRED)
    return expired(case, context)


def expired(case: Case, context: RoutingContext) -> Decision[Case]:
    """Return the case as closed for good: nothing came while the citizen had time."""
    over = case.but(status="closed", pauses=clock.resumed(case, context.now))
    event = Stopped(reason="supplement_not_received", final=True, actor=AUTOMATIC)
    return Decision(over, (event,))


def may_expire(case: Case, now: datetime) -> bool:
    """Return whether no supplement that came in time can be under way any more."""
    return case.status == "supplement" and is_late(case, now - UNDER_WAY)


def is_late(case: Case, came_at: datetime) -> bool:
    """Return whether a supplement that came then is late; the last moment still is in time."""
    due = case.supplement_due
    return due is not None and came_at > due.due_at
