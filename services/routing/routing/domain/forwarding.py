"""Sending on: to the competent authority, and to the successor of a unit that is no more."""

from datetime import datetime

from contracts.decision import Decision, Refused
from contracts.events import Forwarded
from reference import Reach, RedirectionAct, Succession
from routing.domain import clock
from routing.domain.acts import NOT_IN_THIS_STATUS, refusal, why_not
from routing.domain.case import AUTOMATIC, OPEN, Case, Forward, Merge, RoutingContext
from routing.domain.desk import on_the_desk
from routing.domain.law import act_reason, decided_on, law_day

NO_SUCH_UNIT = "There is no such other unit today."
NO_REASON = "The reason is not in the closed list for sending a dossier on."
UNIT_STANDS = "The unit that holds the dossier stands."


def redirected(
    case: Case, competent: frozenset[str], submitted_at: datetime, context: RoutingContext
) -> Decision[Case] | None:
    """Send the case on to the only competent unit, where the law of the day lets it; else None.

    Source: Luật Hộ tịch 2014, Điều 9(3); from 2025-07-01 NĐ 118/2025/NĐ-CP, NĐ 120/2025/NĐ-CP.
    """
    on = law_day(case, context)
    rule = context.reference.redirection(on)
    if rule.act is not RedirectionAct.FORWARD or len(competent) != 1:
        return None
    (to,) = competent
    here, there = context.reference.unit(case.unit_code, on), context.reference.unit(to, on)
    if here is None or there is None:
        return None
    if rule.reach is not Reach.NATION and here.province_code != there.province_code:
        return None
    sent = case.but(unit_code=to, unit_on=on)
    sent = sent.but(reception_due=clock.reception_due(sent, submitted_at, context))
    return Decision(
        sent, (_forwarded(case, sent, "not_competent", rule.source, AUTOMATIC, context),)
    )


def _forwarded(
    case: Case, sent: Case, reason: str, source: str, actor: str, context: RoutingContext
) -> Forwarded:
    return Forwarded(
        from_unit_code=case.unit_code,
        to_unit_code=sent.unit_code,
        reason=reason,
        source=source,
        actor=actor,
        reference_version=context.reference.version,
        reception_due=sent.reception_due if sent.status == "received" else None,
    )


def forward(act: Forward, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Send the case on by an officer's hand; the other unit's reception counts from now.

    Source: Luật Hộ tịch 2014, Điều 9(3); NĐ 118/2025/NĐ-CP.
    """
    if why := why_not("forward", case, context):
        return refusal(case, context, why)
    reason = act_reason("forward", act.reason, case, context)
    if reason is None:
        return refusal(case, context, NO_REASON)
    on = decided_on(context)
    if act.to_unit_code == case.unit_code or context.reference.unit(act.to_unit_code, on) is None:
        return refusal(case, context, NO_SUCH_UNIT)
    sent = case.but(unit_code=act.to_unit_code, unit_on=on)
    sent = sent.but(reception_due=clock.reception_due(sent, context.now, context))
    event = _forwarded(case, sent, act.reason, reason.source, act.actor, context)
    return on_the_desk(sent, (event,), context)


def merge(act: Merge, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Give the case to the successor of its unit; every date stays.

    Source: QĐ 19/2025/QĐ-TTg; NQ 202/2025/QH15; NĐ 120/2025/NĐ-CP, Điều 4.
    """
    if case.status not in OPEN and case.status != "registered":
        return refusal(case, context, NOT_IN_THIS_STATUS)
    heir = _heir(case, context)
    if heir is None:
        return refusal(case, context, UNIT_STANDS)
    sent = case.but(unit_code=heir.unit_code, unit_on=decided_on(context))
    event = _forwarded(case, sent, "merger", heir.source, AUTOMATIC, context)
    event = event.model_copy(update={"certain": heir.certain})
    if sent.status != "received":
        return Decision(sent, (event,))
    return on_the_desk(sent, (event,), context)


def may_merge(case: Case, context: RoutingContext) -> bool:
    """Return whether the case is under way at a unit that is no more."""
    under_way = case.status in OPEN or case.status == "registered"
    return under_way and _heir(case, context) is not None


def _heir(case: Case, context: RoutingContext) -> Succession | None:
    """Return who goes on for the unit that holds the case; None if it stands under its code."""
    on, written_on = decided_on(context), case.unit_on or law_day(case, context)
    heir = context.reference.successor(case.unit_code, case.residence_unit_code, on, written_on)
    return None if heir is None or heir.unit_code == case.unit_code else heir
