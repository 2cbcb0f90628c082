"""Which argument of a refused act is wrong, when the act itself would be allowed."""

from contracts.decision import Refused
from contracts.portal import FieldProblem
from routing.domain import (
    Accept,
    Apologise,
    Case,
    Forward,
    GiveBack,
    HandOver,
    Resume,
    RoutingContext,
    Stop,
    Verify,
    Withdraw,
    act_reason,
    return_reasons,
)
from routing.domain.law import MISSING_PAPER
from routing.domain.returning import NO_PAPER_NAMED

Command = Accept | GiveBack | Forward | Withdraw | Stop | Resume | Apologise | Verify | HandOver

_RETURNS = {"supplement": "supplement", "refused": "refuse", "wrong_authority": "wrong_authority"}
_ACTS: dict[type, str] = {
    Forward: "forward",
    Stop: "stop",
    Apologise: "apologise",
    Verify: "verify",
}
#: What the closed lists call the act.
_LISTS = {"apologise": "apology", "verify": "verification"}
LAW = "NĐ 61/2018/NĐ-CP, Điều 19"
SUPPLEMENT = "NĐ 87/2020/NĐ-CP, Điều 12; NĐ 118/2025/NĐ-CP"
MAP = "QĐ 124/2004/QĐ-TTg; QĐ 19/2025/QĐ-TTg; NĐ 118/2025/NĐ-CP"


def wrong_arguments(
    command: Command, refused: Refused, case: Case, context: RoutingContext
) -> tuple[FieldProblem, ...]:
    """Return what is wrong with the arguments; empty when the act is not allowed anyway."""
    if isinstance(command, GiveBack):
        allowed = _RETURNS[command.kind] in refused.allowed
        return _wrong_return(command, case, context) if allowed else ()
    act = _ACTS.get(type(command))
    if act is None or act not in refused.allowed:
        return ()
    assert isinstance(command, Forward | Stop | Apologise | Verify)
    if act_reason(_LISTS.get(act, act), command.reason, case, context) is None:
        return (_not_in_the_list("reason"),)
    if isinstance(command, Forward):
        return (_wrong("to_unit_code", refused.reason, "unit_not_possible", MAP),)
    if isinstance(command, Apologise):
        return (_wrong("new_due_on", refused.reason, "day_not_possible", LAW),)
    return ()


def _wrong_return(
    command: GiveBack, case: Case, context: RoutingContext
) -> tuple[FieldProblem, ...]:
    known = {row.code for row in return_reasons(command.kind, case, context)}
    wrong = tuple(
        _not_in_the_list(f"reasons.{n}")
        for n, code in enumerate(command.reasons)
        if code not in known
    )
    if MISSING_PAPER in command.reasons and not command.papers:
        return (*wrong, _wrong("papers", NO_PAPER_NAMED, "papers_not_named", SUPPLEMENT))
    return wrong


def _not_in_the_list(field: str) -> FieldProblem:
    detail = "Lý do không có trong danh mục lý do của thao tác này."
    return _wrong(field, detail, "not_in_the_list", LAW)


def _wrong(field: str, detail: str, rule: str, source: str) -> FieldProblem:
    return FieldProblem(field=field, rule=rule, detail=detail, source=source)
