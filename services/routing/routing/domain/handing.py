"""Handing the result over to the citizen."""

from contracts.decision import Decision, Refused
from contracts.events import HandedOver
from reference import Presence
from routing.domain.acts import refusal, why_not
from routing.domain.case import Case, HandOver, RoutingContext
from routing.domain.law import procedure_of

IN_PERSON = "Các bên phải có mặt trực tiếp (Luật Hộ tịch 2014, Điều 6 khoản 2)."


def hand_over(act: HandOver, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Hand the result over; in person where the parties must sign together.

    Source: NĐ 87/2020/NĐ-CP, Điều 12 khoản 4; Luật Hộ tịch 2014, Điều 6 khoản 2.
    """
    if why := why_not("hand_over", case, context):
        return refusal(case, context, why)
    procedure = procedure_of(case, context)
    together = procedure is not None and procedure.presence is Presence.PARTIES
    if together and act.method != "in_person":
        return refusal(case, context, IN_PERSON)
    return Decision(
        case.but(status="handed_over"), (HandedOver(actor=act.actor, method=act.method),)
    )
