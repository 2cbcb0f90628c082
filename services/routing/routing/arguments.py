"""Which argument of a refused act is wrong, when the act itself would be allowed."""

from collections.abc import Sequence

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
)

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


def wrong_arguments(
    command: Command, allowed: Sequence[str], case: Case, context: RoutingContext
) -> tuple[FieldProblem, ...]:
    """Return what is wrong with the arguments; empty when the act is not allowed anyway."""
    if isinstance(command, GiveBack):
        return _wrong_return(command, context) if _RETURNS[command.kind] in allowed else ()
    act = _ACTS.get(type(command))
    if act is None or act not in allowed:
        return ()
    assert isinstance(command, Forward | Stop | Apologise | Verify)
    found = []
    if act_reason(_LISTS.get(act, act), command.reason, case, context) is None:
        found.append(_not_in_the_list("reason"))
    elif isinstance(command, Forward):
        found.append(
            FieldProblem(
                field="to_unit_code",
                rule="no_such_unit",
                detail="There is no such other unit today.",
                source="QĐ 124/2004/QĐ-TTg; QĐ 19/2025/QĐ-TTg",
            )
        )
    elif isinstance(command, Apologise):
        found.append(
            FieldProblem(
                field="new_due_on",
                rule="not_a_later_working_day",
                detail="The new day is a working day after the old one.",
                source=LAW,
            )
        )
    return tuple(found)


def _wrong_return(command: GiveBack, context: RoutingContext) -> tuple[FieldProblem, ...]:
    reasons = [context.reference.return_reason(code) for code in command.reasons]
    return tuple(
        _not_in_the_list(f"reasons.{n}")
        for n, reason in enumerate(reasons)
        if reason is None or reason.kind != command.kind
    )


def _not_in_the_list(field: str) -> FieldProblem:
    detail = "Not in the closed list of reasons for this act."
    return FieldProblem(field=field, rule="not_in_the_list", detail=detail, source=LAW)
