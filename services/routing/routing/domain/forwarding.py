"""Sending on: to the competent authority, and to the successor of a unit that is no more."""

from datetime import datetime

from contracts.decision import Decision, Refused
from reference import Reach, RedirectionAct
from routing.domain import clock
from routing.domain.acts import NOT_IN_THIS_STATUS, refusal, why_not
from routing.domain.case import AUTOMATIC, OPEN, Case, Forward, Merge, RoutingContext
from routing.domain.desk import on_the_desk
from routing.domain.law import act_reason, competent_units, decided_on, law_day
from routing.domain.merging import forwarded, handed_to, heir_of, moved_on

NO_SUCH_UNIT = "Hôm nay không có đơn vị nào khác mang mã này."
NO_REASON = "Lý do không thuộc danh mục lý do chuyển hồ sơ."
HAD_IT = "Đơn vị này đã chuyển hồ sơ đi; không chuyển hồ sơ trở lại."
OUT_OF_REACH = "Đơn vị nhận ở ngoài phạm vi được chuyển hồ sơ theo quy định tại ngày nộp."
NOT_COMPETENT = "Đơn vị nhận không có thẩm quyền đối với thủ tục và nơi cư trú này."
UNIT_STANDS = "Đơn vị đang giữ hồ sơ vẫn còn."


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
    sent = handed_to(case, to, on, context)
    sent = sent.but(reception_due=clock.reception_due(sent, submitted_at, context))
    event = forwarded(case, sent, "not_competent", rule.source, AUTOMATIC, context)
    return Decision(sent, (event,))


def forward(act: Forward, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Send the case on by an officer's hand; until when it is to be looked at does not change.

    Source: Luật Hộ tịch 2014, Điều 9(3); NĐ 118/2025/NĐ-CP; NĐ 87/2020/NĐ-CP, Điều 12.
    """
    if why := why_not("forward", case, context):
        return refusal(case, context, why)
    reason = act_reason("forward", act.reason, case, context)
    if reason is None:
        return refusal(case, context, NO_REASON)
    if why := _why_not_there(act, case, context):
        return refusal(case, context, why)
    sent = handed_to(case, act.to_unit_code, decided_on(context), context).but(by_officer=True)
    event = forwarded(case, sent, act.reason, reason.source, act.actor, context)
    return on_the_desk(sent, (event,), context)


def _why_not_there(act: Forward, case: Case, context: RoutingContext) -> str | None:
    """Return why the case may not go to that unit, or None if it may.

    Before July 2025 only a merger is a reason to send on, and a merger stays in the province.
    """
    on, known, to = decided_on(context), context.reference, act.to_unit_code
    there = known.unit(to, on)
    if to == case.unit_code or there is None:
        return NO_SUCH_UNIT
    if to in handed_to(case, to, on, context).units_before:
        return HAD_IT
    ((standing, _), rule) = moved_on(case, (), context), known.redirection(law_day(case, context))
    here = clock.province_of(standing, context)
    if rule.reach is not Reach.NATION and here != there.province_code:
        return OUT_OF_REACH
    if act.reason == "not_competent" and to not in competent_units(case, context):
        return NOT_COMPETENT
    return None


def merge(act: Merge, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Give the case to the successor of its unit; every date stays, and who decides.

    Source: QĐ 19/2025/QĐ-TTg; NQ 202/2025/QH15; NĐ 120/2025/NĐ-CP, Điều 4.
    """
    if case.status not in OPEN and case.status != "registered":
        return refusal(case, context, NOT_IN_THIS_STATUS)
    if heir_of(case, context) is None:
        return refusal(case, context, UNIT_STANDS)
    # Whatever waits on a desk an officer holds, also what did before that was remembered.
    held = case.by_officer or case.status == "received"
    sent, events = moved_on(case.but(by_officer=held), (), context)
    return Decision(sent, events)


def may_merge(case: Case, context: RoutingContext) -> bool:
    """Return whether the case is under way at a unit that is no more."""
    under_way = case.status in OPEN or case.status == "registered"
    return under_way and heir_of(case, context) is not None
