"""Every act in every status: what is allowed, what is refused, and with which words."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from contracts.decision import Decision, Refused
from routing.domain import ACTS as EVERY_ACT
from routing.domain import (
    GiveBack,
    HandOver,
    Status,
    acts,
    allowed_acts,
    forwarding,
    handing,
    rescheduling,
    returning,
    stopping,
    why_not,
)
from routing.domain.acts import NOT_IN_THIS_STATUS, ONE_SUPPLEMENT, PAPERS_MISSING
from routing.domain.handing import IN_PERSON
from routing.domain.returning import NO_PAPER_CODE
from routing.domain.returning import NO_REASON as NO_RETURN_REASON
from tests.unit.builders import MARRIAGE
from tests.unit.routing_kit import (
    ACTS,
    ASK,
    OFFICER,
    STATES,
    accepted,
    after,
    by_officer,
    decide,
    done,
    more_papers,
    names,
    on_desk,
    refused,
    registered,
)

ALLOWED = {
    "received": (
        "accept",
        "supplement",
        "refuse",
        "wrong_authority",
        "forward",
        "withdraw",
        "stop",
    ),
    "supplement": ("withdraw",),
    "accepted": ("stop", "apologise", "verify"),
    "stopped": ("refuse", "withdraw", "resume"),
    "registered": ("hand_over",),
}


def test_there_is_a_case_in_every_status():
    assert {name: make().status for name, make in STATES.items()} == {
        status: status for status in get_args(Status)
    }


@pytest.mark.parametrize("status", STATES)
def test_given_a_status_then_exactly_its_acts_are_allowed(status: str):
    assert allowed_acts(STATES[status](), by_officer()) == ALLOWED.get(status, ())


@pytest.mark.parametrize(("status", "act"), list(product(STATES, ACTS)))
def test_an_act_is_refused_exactly_when_it_is_not_allowed(status: str, act: str):
    case = STATES[status]()

    decision = decide(ACTS[act], case, by_officer())

    if act in ALLOWED.get(status, ()):
        assert isinstance(decision, Decision)
    else:
        assert decision == Refused(ALLOWED.get(status, ()), NOT_IN_THIS_STATUS)


def test_the_acts_are_those_of_the_table_and_each_has_its_reason_why_not():
    assert tuple(EVERY_ACT) == tuple(ACTS)
    assert [why_not(act, STATES["refused"](), by_officer()) for act in EVERY_ACT] == (
        [NOT_IN_THIS_STATUS] * len(EVERY_ACT)
    )


def test_given_missing_papers_when_the_officer_accepts_then_refused_and_the_rest_is_allowed():
    case = on_desk(attachments=())

    assert refused(ACTS["accept"], case, by_officer()) == Refused(
        ALLOWED["received"][1:], PAPERS_MISSING
    )


def test_given_a_supplement_came_when_a_second_is_asked_then_refused_by_the_rule_of_once():
    case = after(
        on_desk(attachments=()),
        (ASK, by_officer()),
        (more_papers("2026-10-16 08:00"), by_officer("2026-10-16 08:00")),
    )

    assert refused(ASK, case, by_officer("2026-10-16 09:00")) == Refused(
        ("refuse", "wrong_authority", "forward", "withdraw", "stop"), ONE_SUPPLEMENT
    )


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        ("supplement", ("because",)),
        ("supplement", ()),
        ("refused", ("missing_paper",)),
        ("refused", ("conditions_not_met", "missing_paper")),
        ("wrong_authority", ("conditions_not_met",)),
    ],
)
def test_given_a_reason_outside_the_list_of_its_kind_when_returned_then_refused(kind, reasons):
    act = GiveBack(OFFICER, kind, reasons)

    assert refused(act, on_desk(), by_officer()) == Refused(ALLOWED["received"], NO_RETURN_REASON)


def test_given_a_paper_that_is_no_code_when_returned_then_refused():
    act = GiveBack(OFFICER, "supplement", ("missing_paper",), ("Giấy chứng sinh!",))

    assert refused(act, on_desk(), by_officer()).reason == NO_PAPER_CODE


@pytest.mark.parametrize("act", ["stop", "apologise", "verify", "forward"])
def test_given_a_reason_outside_the_list_of_the_act_then_refused_and_the_acts_stay(act: str):
    status = "received" if act == "forward" else "accepted"
    wrong = replace(ACTS[act], reason="because")

    assert refused(wrong, STATES[status](), by_officer()).allowed == ALLOWED[status]


@pytest.mark.parametrize(
    "module", [acts, forwarding, handing, rescheduling, returning, stopping], ids=str
)
def test_every_no_is_said_in_the_officers_language(module):
    said = [text for name, text in vars(module).items() if name.isupper() and str(text)[-1] == "."]

    assert said
    assert all(set(text.lower()) & set("ạảấầẩậắặẹếềểệỉịọốồổộớờởợụủứừửữựỳýđăâêôơư") for text in said)
    assert not any({"the", "is", "not", "a"} & set(text.lower().split()) for text in said)


@pytest.mark.parametrize("method", ["in_person", "post", "electronic"])
def test_given_a_marriage_when_handed_over_then_only_in_person(method):
    case = after(accepted(procedure_code=MARRIAGE, attachments=()), (registered(), by_officer()))

    decision = decide(HandOver(OFFICER, method), case, by_officer())

    if method == "in_person":
        assert isinstance(decision, Decision)
    else:
        assert decision == Refused(("hand_over",), IN_PERSON)


@pytest.mark.parametrize("method", ["in_person", "post", "electronic"])
def test_given_a_birth_when_handed_over_then_by_any_method(method):
    case = after(accepted(), (registered(), by_officer()))

    decision = done(HandOver(OFFICER, method), case, by_officer())

    assert names(decision) == ["handed_over"]
    assert decision.events[0].method == method
    assert decision.state.status == "handed_over"
