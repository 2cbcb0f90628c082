"""Giving back: a supplement asked once, a resubmission, and what the register sends back."""

from dataclasses import replace

import pytest

from contracts.decision import ParticularsArrived, ParticularsErased
from contracts.events import Accepted, RegistrationInDoubt, Returned
from routing.domain import (
    AUTOMATIC,
    REGISTER,
    Accept,
    BookEntry,
    HandOver,
    Pause,
    Resume,
    allowed_acts,
)
from tests.unit.builders import A_DOSSIER, SOME_HASH, some_particulars
from tests.unit.routing_kit import (
    ASK,
    OFFICER,
    PAPER,
    REFUSE,
    STATES,
    STOP,
    THURSDAY,
    a_dossier,
    accepted,
    after,
    at,
    by_machine,
    by_officer,
    certificate,
    decide,
    done,
    heard,
    more_papers,
    names,
    on_desk,
    register_wants,
    registered,
    wants_back,
)

FRIDAY = "2026-10-16 08:00"


def asked(**changes):
    return after(on_desk(attachments=(), **changes), (ASK, by_officer()))


def test_given_a_reason_of_the_list_when_a_supplement_is_asked_then_until_when_and_paused():
    decision = done(ASK, on_desk(attachments=()), by_officer())

    case = decision.state
    assert decision.events == (
        Returned(
            kind="supplement",
            reasons=("missing_paper",),
            papers=(PAPER,),
            actor=OFFICER,
            supplement_due=case.supplement_due,
        ),
    )
    assert (case.status, case.supplements) == ("supplement", 1)
    assert case.pauses == (Pause(at(THURSDAY), None, 5),)
    assert case.supplement_due is not None
    assert case.supplement_due.due_at == at("2026-10-26 17:00")


def test_given_a_supplement_when_the_paper_comes_then_back_on_the_desk_with_a_new_due_moment():
    decision = done(more_papers(FRIDAY, PAPER), asked(), by_officer(FRIDAY))

    case = decision.state
    assert names(decision) == ["routed"]
    assert decision.events[0].reception_due == case.reception_due
    assert case.reception_due is not None
    assert case.reception_due.due_at == at("2026-10-16 17:00")
    assert case.reception_due.steps[0].from_at == at(FRIDAY)
    assert (case.status, case.papers, case.submissions, case.particulars_version) == (
        "received",
        (PAPER,),
        2,
        2,
    )
    assert case.pauses == (Pause(at(THURSDAY), at(FRIDAY), 5),)
    assert case.supplement_due is None
    assert "accept" in allowed_acts(case, by_officer(FRIDAY))


def test_given_a_supplement_when_it_is_still_incomplete_then_the_officer_may_not_accept():
    case = after(asked(), (more_papers(FRIDAY), by_officer(FRIDAY)))

    assert allowed_acts(case, by_officer(FRIDAY)) == (
        "refuse",
        "wrong_authority",
        "forward",
        "withdraw",
        "stop",
    )


def test_given_a_machine_when_the_paper_comes_then_accepted_again_with_the_new_version():
    case = done(a_dossier(attachments=()), None, by_machine()).state

    decision = done(more_papers(FRIDAY, PAPER), case, by_machine(FRIDAY))

    assert names(decision) == ["routed", "accepted"]
    event = decision.events[1]
    assert isinstance(event, Accepted)
    assert (event.round, event.particulars_version, event.received_at) == (1, 2, at(FRIDAY))


def test_given_a_machine_when_it_is_still_incomplete_then_refused_as_exhausted():
    case = done(a_dossier(attachments=()), None, by_machine()).state

    decision = done(more_papers(FRIDAY), case, by_machine(FRIDAY))

    assert names(decision) == ["routed", "returned"]
    assert decision.events[1] == Returned(
        kind="refused", reasons=("supplement_exhausted",), papers=(PAPER,), actor=AUTOMATIC
    )
    assert decision.state.status == "refused"


def test_given_a_resubmission_before_the_question_by_the_portals_clock_then_the_pause_is_empty():
    decision = done(more_papers("2026-10-15 08:59", PAPER), asked(), by_officer(FRIDAY))

    assert decision.state.pauses == (Pause(at(THURSDAY), at(THURSDAY), 5),)
    due = done(Accept(OFFICER), decision.state, by_officer(FRIDAY)).state.appointment
    assert due is not None
    assert due.due_at == at("2026-10-16 17:00")


def test_given_a_dossier_on_the_desk_when_papers_come_then_they_are_added():
    decision = done(more_papers(FRIDAY, PAPER), on_desk(attachments=()), by_officer(FRIDAY))

    assert decision.events == ()
    case = decision.state
    assert (case.status, case.papers, case.submissions, case.particulars_version) == (
        "received",
        (PAPER,),
        2,
        2,
    )


def test_given_a_dossier_stopped_on_the_desk_when_papers_come_then_they_are_not_lost():
    case = after(on_desk(attachments=()), (STOP, by_officer()))

    case = after(case, (more_papers(FRIDAY, PAPER), by_officer(FRIDAY)))

    assert (case.status, case.papers) == ("stopped", (PAPER,))
    again = after(case, (Resume(OFFICER), by_officer(FRIDAY)))
    assert "accept" in allowed_acts(again, by_officer(FRIDAY))


@pytest.mark.parametrize(
    "status", sorted(STATES.keys() - {"received", "supplement", "stopped", "unseen"})
)
def test_given_any_other_status_when_papers_come_then_noted_only(status: str):
    case = STATES[status]()

    decision = done(more_papers(FRIDAY, PAPER), case, by_officer(FRIDAY))

    assert decision.events == ()
    assert decision.state == replace(case, trail=decision.state.trail)
    assert decision.state.trail[-1].event == "resubmitted"


@pytest.mark.parametrize("kind", ["supplement", "refused"])
def test_given_the_register_sends_it_back_then_the_one_stop_returns_it(kind):
    decision = done(register_wants(kind), certificate(), by_officer())

    case = decision.state
    assert decision.events == (
        Returned(
            kind=kind,
            reasons=register_wants(kind).reasons,
            actor=REGISTER,
            supplement_due=case.supplement_due,
        ),
    )
    assert case.status == kind
    assert (case.supplement_due is not None) is (kind == "supplement")


def test_given_a_supplement_was_asked_when_the_register_wants_one_then_refused_as_exhausted():
    case = after(
        asked(),
        (more_papers(FRIDAY, PAPER), by_officer(FRIDAY)),
        (Accept(OFFICER), by_officer(FRIDAY)),
    )

    decision = done(register_wants(), case, by_officer(FRIDAY))

    assert decision.events == (
        Returned(kind="refused", reasons=("supplement_exhausted",), actor=REGISTER),
    )


def second_round():
    """Return a case the register wanted completed and that was handed in again."""
    return after(
        certificate(),  # Thursday 15 October, due Tuesday 20
        (register_wants(), by_officer(FRIDAY)),
        (more_papers("2026-10-20 08:00"), by_officer("2026-10-20 08:00")),
    )


def test_given_a_supplement_for_the_register_when_accepted_again_then_the_pause_is_left_out():
    case = second_round()
    assert case.appointment is not None
    assert case.appointment.due_at == at("2026-10-20 17:00")

    decision = done(Accept(OFFICER), case, by_officer("2026-10-20 10:00"))

    (event,) = decision.events
    assert isinstance(event, Accepted)
    assert (event.round, event.particulars_version, event.received_at) == (2, 2, at(THURSDAY))
    assert event.due is not None
    # Two working days less an hour were used; what was left counts on from Tuesday 08:00.
    assert event.due.due_at == at("2026-10-22 17:00")
    assert "paused" in [step.kind for step in event.due.steps]


def test_given_a_late_answer_to_the_first_round_then_noted_only():
    case = after(second_round(), (Accept(OFFICER), by_officer("2026-10-20 10:00")))

    decision = done(register_wants("refused", round=1), case, by_officer("2026-10-20 11:00"))

    assert decision.events == ()
    assert decision.state.status == "accepted"


@pytest.mark.parametrize("status", sorted(STATES.keys() - {"accepted", "unseen"}))
def test_given_a_dossier_that_is_not_with_the_register_when_it_gives_back_then_noted(status: str):
    case = STATES[status]()

    decision = done(register_wants("refused", round=case.rounds or 1), case, by_officer(FRIDAY))

    assert decision.events == ()
    assert decision.state == replace(case, trail=decision.state.trail)


def test_given_a_stop_when_the_register_gives_back_then_its_answer_wins():
    case = after(certificate(), (STOP, by_officer()))

    decision = done(register_wants("refused"), case, by_officer(FRIDAY))

    assert names(decision) == ["returned"]
    assert decision.state.pauses == (Pause(at(THURSDAY), at(FRIDAY), 8),)


@pytest.mark.parametrize("status", ["received", "supplement", "accepted", "stopped"])
def test_given_an_open_case_when_the_register_has_it_then_that_is_the_truth(status: str):
    decision = done(registered(), STATES[status](), by_officer(FRIDAY))

    assert decision.events == ()
    assert decision.state.status == "registered"
    assert decision.state.entry == BookEntry("12", "01/2026", "7", registered().registered_on)
    assert all(pause.to_at is not None for pause in decision.state.pauses)


@pytest.mark.parametrize("status", ["refused", "wrong_authority", "withdrawn", "closed"])
def test_given_a_final_status_when_the_register_has_it_then_noted_only(status: str):
    case = STATES[status]()

    decision = done(registered(), case, by_officer(FRIDAY))

    assert decision.state == replace(case, trail=decision.state.trail)


@pytest.mark.parametrize("kind", ["supplement", "refused"])
def test_given_a_wish_to_withdraw_when_the_register_gives_back_then_withdrawn(kind):
    case = after(certificate(), (wants_back(FRIDAY), by_officer(FRIDAY)))
    assert (case.status, case.withdrawal_requested_at) == ("accepted", at(FRIDAY))

    decision = done(register_wants(kind), case, by_officer(FRIDAY))

    assert names(decision) == ["withdrawn"]
    assert decision.events[0].on_request is True
    assert decision.state.status == "withdrawn"


def test_given_a_wish_to_withdraw_when_the_register_has_it_then_the_registration_stands():
    case = after(certificate(), (wants_back(FRIDAY), by_officer(FRIDAY)))

    assert done(registered(), case, by_officer(FRIDAY)).state.status == "registered"


def test_given_doubt_at_the_register_then_noted_only():
    case = certificate()
    doubt = RegistrationInDoubt(attempt=1, since=at(THURSDAY))

    decision = done(doubt, case, by_officer())

    assert decision.events == ()
    assert decision.state == replace(case, trail=decision.state.trail)


def arrived(version: int = 1) -> ParticularsArrived:
    return ParticularsArrived(
        A_DOSSIER, version, SOME_HASH, some_particulars(note=f"version {version}")
    )


@pytest.mark.parametrize("status", STATES)
def test_given_particulars_when_they_arrive_then_kept_unless_all_is_done(status: str):
    decision = done(arrived(), STATES[status](), by_officer())

    kept = status not in ("handed_over", "withdrawn")
    assert (decision.state.particulars is not None) is kept
    assert decision.events == ()


def test_given_two_versions_then_the_newest_is_kept():
    case = after(certificate(), (arrived(1), by_officer()), (arrived(2), by_officer()))

    assert case.particulars == arrived(2).particulars


@pytest.mark.parametrize("status", STATES)
def test_given_erasure_then_nothing_is_ever_kept_again(status: str):
    case = after(STATES[status](), (arrived(), by_officer()))

    case = after(case, (ParticularsErased(A_DOSSIER), by_officer()), (arrived(2), by_officer()))

    assert (case.particulars, case.erased) == (None, True)


def test_given_particulars_when_the_result_is_handed_over_then_they_are_dropped():
    case = after(accepted(), (arrived(), by_officer()), (registered(), by_officer()))
    assert case.particulars is not None

    assert done(HandOver(OFFICER, "post"), case, by_officer()).state.particulars is None


def test_given_a_refusal_then_the_particulars_stay_for_its_slip():
    case = after(on_desk(), (arrived(), by_officer()), (REFUSE, by_officer()))

    assert case.particulars is not None


def test_given_the_same_event_when_decided_twice_then_the_same_decision():
    event = heard(register_wants(), at(FRIDAY))

    assert decide(event, certificate(), by_officer(FRIDAY)) == decide(
        event, certificate(), by_officer(FRIDAY)
    )
