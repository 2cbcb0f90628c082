"""Which reasons an officer may give: what the register or a machine says is theirs alone."""

import pytest

from contracts.decision import Refused
from contracts.portal import FieldProblem
from routing.arguments import Command, wrong_arguments
from routing.domain import Case, GiveBack, Stop, act_reasons, allowed_acts, return_reasons
from routing.domain.law import NOT_AN_OFFICERS
from routing.domain.returning import NO_PAPER_NAMED, NO_REASON
from routing.domain.stopping import NO_REASON as NO_STOP_REASON
from tests.unit.routing_kit import OFFICER, PAPER, by_officer, done, on_desk, refused


def wrong(command: Command, case: Case) -> list[tuple[str, str]]:
    """Return field and rule of what is wrong with a command that is refused."""
    no = refused(command, case, by_officer())
    problems: tuple[FieldProblem, ...] = wrong_arguments(command, no, case, by_officer())
    assert all(one.source and one.detail for one in problems)
    return [(one.field, one.rule) for one in problems]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("supplement", "register_needs_supplement"),
        ("refused", "register_refused"),
        ("refused", "particulars_erased"),
        ("refused", "supplement_exhausted"),
    ],
)
def test_given_a_reason_of_the_register_or_a_machine_when_returned_then_the_field_is_named(
    kind, reason
):
    act, case = GiveBack(OFFICER, kind, ("conditions_not_met", reason), (PAPER,)), on_desk()

    assert refused(act, case, by_officer()) == Refused(allowed_acts(case, by_officer()), NO_REASON)
    assert ("reasons.1", "not_in_the_list") in wrong(act, case)


def test_given_the_reason_of_an_expiry_when_an_officer_stops_then_the_field_is_named():
    act, case = Stop(OFFICER, "supplement_not_received"), on_desk()

    assert refused(act, case, by_officer()).reason == NO_STOP_REASON
    assert wrong(act, case) == [("reason", "not_in_the_list")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"erased": True}, "particulars_erased"), ({"supplements": 1}, "supplement_exhausted")],
)
def test_given_data_erased_or_a_supplement_used_then_an_officer_may_refuse_for_it(changes, reason):
    case = on_desk().but(**changes)

    assert done(GiveBack(OFFICER, "refused", (reason,)), case, by_officer()).state.status == (
        "refused"
    )


def test_given_papers_are_missing_but_none_is_named_then_papers_is_the_wrong_field():
    act, case = GiveBack(OFFICER, "supplement", ("paper_unreadable", "missing_paper")), on_desk()

    assert refused(act, case, by_officer()) == Refused(
        allowed_acts(case, by_officer()), NO_PAPER_NAMED
    )
    assert wrong(act, case) == [("papers", "papers_not_named")]


def test_given_another_reason_then_a_supplement_needs_no_paper():
    act = GiveBack(OFFICER, "supplement", ("paper_unreadable",))

    assert done(act, on_desk(), by_officer()).state.status == "supplement"


@pytest.mark.parametrize("act", ["stop", "apology", "verification", "forward"])
def test_no_list_of_an_officer_has_a_reason_of_a_machine(act: str):
    case, context = on_desk().but(erased=True, supplements=1), by_officer()
    returns = [
        row.code
        for kind in ("supplement", "refused", "wrong_authority")
        for row in return_reasons(kind, case, context)
    ]
    acts = [row.code for row in act_reasons(act, case, context)]

    assert returns
    assert acts
    assert NOT_AN_OFFICERS.isdisjoint([*returns, *acts])
