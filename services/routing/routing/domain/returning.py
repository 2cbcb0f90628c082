"""Giving back: a supplement asked for, a refusal, a wrong authority."""

import re
from collections.abc import Mapping

from contracts.decision import Decision, Refused
from contracts.events import Returned
from contracts.model import ReturnKind
from routing.domain import clock
from routing.domain.acts import refusal, why_not
from routing.domain.case import Case, GiveBack, RoutingContext
from routing.domain.law import MISSING_PAPER, return_reasons

#: The act a return of each kind is.
RETURN_ACTS: Mapping[ReturnKind, str] = {
    "supplement": "supplement",
    "refused": "refuse",
    "wrong_authority": "wrong_authority",
}
NO_REASON = "Phải nêu ít nhất một lý do; mỗi lý do thuộc danh mục của hình thức trả hồ sơ đó."
NO_PAPER_CODE = "Giấy tờ phải được ghi bằng mã giấy tờ."
NO_PAPER_NAMED = "Phải chọn giấy tờ cần nộp khi lý do là còn thiếu giấy tờ."
_CODE = re.compile(r"[a-z0-9_]{1,64}")


def give_back(act: GiveBack, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Return by an officer's hand, with reasons of that kind from the closed list.

    Who asks for missing papers says which. Reasons of the register or a machine are not theirs.

    Source: NĐ 61/2018/NĐ-CP, NĐ 118/2025/NĐ-CP (one supplement); Luật Hộ tịch 2014, Điều 5, 9.
    """
    if reason := why_not(RETURN_ACTS[act.kind], case, context):
        return refusal(case, context, reason)
    known = {row.code for row in return_reasons(act.kind, case, context)}
    if not act.reasons or not known.issuperset(act.reasons):
        return refusal(case, context, NO_REASON)
    if MISSING_PAPER in act.reasons and not act.papers:
        return refusal(case, context, NO_PAPER_NAMED)
    if not all(_CODE.fullmatch(paper) for paper in act.papers):
        return refusal(case, context, NO_PAPER_CODE)
    return given_back(case, act.kind, act.reasons, act.papers, act.actor, context)


def given_back(
    case: Case,
    kind: ReturnKind,
    reasons: tuple[str, ...],
    papers: tuple[str, ...],
    actor: str,
    context: RoutingContext,
) -> Decision[Case]:
    """Return the case to the citizen; a supplement stops every clock and says until when."""
    over = case.but(status=kind, pauses=clock.resumed(case, context.now))
    if kind == "supplement":
        over = over.but(
            supplements=case.supplements + 1,
            supplement_due=clock.supplement_due(case, context),
            pauses=clock.paused(over, clock.SUPPLEMENT_ASKED, context),
        )
    returned = Returned(
        kind=kind,
        reasons=reasons,
        papers=papers,
        actor=actor,
        supplement_due=over.supplement_due if kind == "supplement" else None,
    )
    return Decision(over, (returned,))
