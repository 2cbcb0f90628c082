"""The one-stop's rules: competence, reception, return."""

from dataclasses import replace
from typing import Any

import pytest

import reference
from contracts.decision import Decision, Refused
from contracts.events import (
    Accepted,
    Registered,
    RegisterReturned,
    Returned,
    Routed,
)
from routing.domain import (
    AUTOMATIC,
    REGISTER,
    RULES,
    Accept,
    Case,
    GiveBack,
    RoutingContext,
    accept,
    allowed_acts,
    give_back,
    on_register_returned,
    on_registered,
    on_submitted,
)
from tests.unit.builders import (
    A_CODE,
    A_DOSSIER,
    A_UNIT,
    BIRTH,
    COPY,
    MARRIAGE,
    NEXT_UNIT,
    NOW,
    a_submission,
    an_event,
)

KNOWN = reference.load()
VERSION = KNOWN.version
BY_MACHINE = RoutingContext(NOW, KNOWN, lambda unit: False)
BY_OFFICER = RoutingContext(NOW, KNOWN, lambda unit: True)
NEW = Case(A_DOSSIER, A_CODE)
ON_THE_DESK = Case(A_DOSSIER, A_CODE, "received", A_UNIT, BIRTH, ("birth_notification",), NOW)
ACCEPTED = Accepted(
    unit_code=A_UNIT, procedure_code=BIRTH, actor=AUTOMATIC, reference_version=VERSION
)
ROUTED = Routed(unit_code=A_UNIT, reference_version=VERSION)


def submitted(context: RoutingContext = BY_MACHINE, **changes: Any) -> Decision[Case]:
    return on_submitted(an_event(a_submission(**changes)), NEW, context)


def test_given_a_complete_birth_when_submitted_to_the_commune_of_residence_then_accepted():
    decision = submitted()

    assert decision == Decision(replace(ON_THE_DESK, status="accepted"), (ROUTED, ACCEPTED))


def test_given_an_officers_unit_when_submitted_then_it_waits_on_the_desk():
    decision = submitted(BY_OFFICER)

    assert decision == Decision(ON_THE_DESK, (ROUTED,))


def test_given_a_missing_paper_when_submitted_then_a_supplement_naming_it_is_asked():
    decision = submitted(attachments=())

    assert decision.events == (
        ROUTED,
        Returned(
            kind="supplement",
            reasons=("missing_paper",),
            papers=("birth_notification",),
            actor=AUTOMATIC,
        ),
    )
    assert decision.state.status == "returned"


def test_given_another_commune_than_the_residence_when_submitted_then_wrong_authority():
    decision = submitted(unit_code=NEXT_UNIT)

    assert decision.events == (
        Returned(kind="wrong_authority", reasons=("not_competent",), actor=AUTOMATIC),
    )


def test_given_an_extract_copy_when_submitted_to_another_commune_then_accepted():
    decision = submitted(procedure_code=COPY, unit_code=NEXT_UNIT, attachments=())

    assert [type(event) for event in decision.events] == [Routed, Accepted]


def test_given_a_marriage_without_papers_when_submitted_then_accepted():
    decision = submitted(procedure_code=MARRIAGE, attachments=())

    assert [type(event) for event in decision.events] == [Routed, Accepted]


def test_given_a_dossier_on_the_desk_when_the_officer_accepts_then_it_is_accepted_by_them():
    decision = accept(Accept("officer-26737"), ON_THE_DESK, BY_OFFICER)

    assert decision == Decision(
        replace(ON_THE_DESK, status="accepted"),
        (ACCEPTED.model_copy(update={"actor": "officer-26737"}),),
    )


def test_given_missing_papers_when_the_officer_accepts_then_refused_and_return_is_allowed():
    case = replace(ON_THE_DESK, papers=())

    decision = accept(Accept("officer-26737"), case, BY_OFFICER)

    assert decision == Refused(("return",), "required papers are missing: birth_notification")


@pytest.mark.parametrize("status", ["unseen", "accepted", "returned", "registered"])
def test_given_a_dossier_not_on_the_desk_when_an_officer_acts_then_refused(status: Any):
    case = replace(ON_THE_DESK, status=status)
    act = GiveBack("officer-26737", "supplement", ("missing_paper",))

    assert accept(Accept("officer-26737"), case, BY_OFFICER) == Refused(
        (), f"the dossier is {status}"
    )
    assert give_back(act, case, BY_OFFICER) == Refused((), f"the dossier is {status}")


def test_given_a_reason_of_the_list_when_the_officer_returns_then_returned_with_it():
    act = GiveBack("officer-26737", "supplement", ("paper_unreadable",), ("birth_notification",))

    decision = give_back(act, ON_THE_DESK, BY_OFFICER)

    assert decision == Decision(
        replace(ON_THE_DESK, status="returned"),
        (
            Returned(
                kind="supplement",
                reasons=("paper_unreadable",),
                papers=("birth_notification",),
                actor="officer-26737",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("kind", "reason"), [("supplement", "because"), ("refused", "missing_paper")]
)
def test_given_a_reason_outside_the_list_of_its_kind_when_returned_then_refused(
    kind: Any, reason: str
):
    decision = give_back(GiveBack("officer-1", kind, (reason,)), ON_THE_DESK, BY_OFFICER)

    assert decision == Refused(("accept", "return"), f"{reason} is no reason for {kind}")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("supplement", "register_needs_supplement"), ("refused", "register_refused")],
)
def test_given_the_register_sends_it_back_then_the_one_stop_returns_it(kind: Any, reason: str):
    case = replace(ON_THE_DESK, status="accepted")
    event = an_event(RegisterReturned(kind=kind, reasons=(reason,)))

    decision = on_register_returned(event, case, BY_MACHINE)

    assert decision == Decision(
        replace(case, status="returned"),
        (Returned(kind=kind, reasons=(reason,), actor=REGISTER),),
    )


def test_given_the_register_entered_it_then_the_case_is_registered_and_nothing_is_said():
    event = an_event(
        Registered(unit_code=A_UNIT, number="1", book="01/2026", registered_on=NOW.date())
    )

    decision = on_registered(event, replace(ON_THE_DESK, status="accepted"), BY_MACHINE)

    assert decision == Decision(replace(ON_THE_DESK, status="registered"))


def test_every_act_the_desk_offers_has_a_rule():
    assert allowed_acts(ON_THE_DESK) == ("accept", "return")
    assert {Accept, GiveBack} <= RULES.keys()
