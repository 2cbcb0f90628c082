"""Giving back: a supplement asked once, a resubmission, and what the register sends back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.decision import ParticularsArrived, ParticularsErased
from contracts.events import Accepted, RegistrationInDoubt, Returned, Stopped
from routing.domain import (
    AUTOMATIC,
    REGISTER,
    Accept,
    BookEntry,
    Expire,
    HandOver,
    Pause,
    Resume,
    allowed_acts,
    may_expire,
    missing_papers,
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
    papers = more_papers("2026-10-15 08:59", PAPER, came_at=at("2026-10-15 08:59"))

    decision = done(papers, asked(), by_officer(FRIDAY))

    assert decision.state.pauses == (Pause(at(THURSDAY), at(THURSDAY), 5),)
    due = done(Accept(OFFICER), decision.state, by_officer(FRIDAY)).state.appointment
    assert due is not None
    assert due.due_at == at("2026-10-16 17:00")
    assert decision.state.reception_due is not None
    assert decision.state.reception_due.steps[0].from_at == at(THURSDAY)


@pytest.mark.parametrize("came_at", [None, at("2026-10-22 08:58")])
def test_given_a_portal_that_dates_its_papers_back_then_every_clock_counts_from_the_intake(came_at):
    now = "2026-10-22 09:00"
    papers = more_papers("2026-10-15 09:01", PAPER, came_at=came_at)

    case = after(asked(), (papers, by_officer(now)))

    start = came_at or at(now)
    assert case.pauses == (Pause(at(THURSDAY), start, 5),)
    assert case.reception_due is not None
    assert case.reception_due.steps[0].from_at == start
    assert case.reception_due.due_at == at("2026-10-22 17:00")


#: The last moment for the papers of `asked()`.
LAST = at("2026-10-26 17:00")


@pytest.mark.parametrize("hours", [0, 1, 23, 24, 24 * 30])
def test_given_papers_in_time_when_heard_late_then_they_are_taken(hours: int):
    heard_at = LAST + timedelta(hours=hours)
    case = asked()
    if may_expire(case, heard_at):
        case = after(case, (Expire(), by_officer(heard_at)))
    assert case.status == ("closed" if hours > 24 else "supplement")

    decision = done(more_papers(FRIDAY, PAPER, came_at=LAST), case, by_officer(heard_at))

    assert names(decision) == ["routed"]
    back = decision.state
    assert (back.status, back.papers, back.supplement_due) == ("received", (PAPER,), None)
    assert back.pauses == (Pause(at(THURSDAY), LAST, 5),)
    assert back.reception_due is not None
    assert back.reception_due.steps[0].from_at == LAST


def test_given_papers_in_time_when_a_machine_hears_of_them_after_the_end_then_accepted():
    case = done(a_dossier(attachments=()), None, by_machine()).state
    case = after(case, (Expire(), by_machine("2026-12-15 09:00")))

    decision = done(
        more_papers(FRIDAY, PAPER, came_at=at(FRIDAY)), case, by_machine("2026-12-15 09:01")
    )

    assert names(decision) == ["routed", "accepted"]


def test_given_papers_after_the_time_when_the_sweeper_was_not_here_then_closed_and_noted_only():
    late = LAST + timedelta(microseconds=1)

    # Whatever the portal says.
    papers = more_papers(FRIDAY, PAPER, came_at=late)
    decision = done(papers, asked(), by_officer(late))

    assert decision.events == (
        Stopped(reason="supplement_not_received", final=True, actor=AUTOMATIC),
    )
    case = decision.state
    assert (case.status, case.papers, case.submissions) == ("closed", (), 1)
    assert [entry.event for entry in case.trail[-2:]] == ["resubmitted", "stopped"]
    assert [slip.key for slip in case.issued] == ["supplement", "stop"]


def test_given_papers_after_the_time_when_closed_then_noted_only():
    case = after(asked(), (Expire(), by_officer("2026-12-15 09:00")))

    decision = done(more_papers("2026-12-15 09:00", PAPER), case, by_officer("2026-12-15 09:00"))

    assert decision.events == ()
    assert decision.state == replace(case, trail=decision.state.trail)


def sent_unasked(context=by_officer, *steps):
    """Return an accepted case to which the citizen sent something nobody asked for."""
    case = done(a_dossier(), None, context()).state
    case = case if case.rounds else after(case, (Accept(OFFICER), context()))
    papers = more_papers(THURSDAY, "other_paper")
    return after(case, *((step, context()) for step in (*steps, papers)))


@pytest.mark.parametrize("steps", [(), (STOP,)], ids=["accepted", "stopped"])
def test_given_papers_nobody_asked_for_while_the_register_has_it_then_kept_and_nothing_said(steps):
    case = sent_unasked(by_officer, *steps)

    assert case.papers == (PAPER, "other_paper")
    assert (case.particulars_version, case.submissions, case.submissions_unused) == (2, 2, 1)
    assert (case.stands, case.rounds, case.trail[-1].event) == ("accepted", 1, "resubmitted")


@pytest.mark.parametrize("steps", [(), (STOP,)], ids=["accepted", "stopped"])
def test_given_papers_sent_before_when_the_register_asks_then_on_the_desk_and_not_asked_again(
    steps,
):
    case = sent_unasked(by_officer, *steps)

    decision = done(register_wants(), case, by_officer(FRIDAY))

    assert names(decision) == ["routed"]
    back = decision.state
    assert (back.status, back.supplements, back.submissions_unused) == ("received", 0, 0)
    assert back.reception_due is not None
    assert back.reception_due.steps[0].from_at == at(FRIDAY)
    assert all(pause.to_at == at(FRIDAY) for pause in back.pauses)
    assert {"accept", "supplement"} <= set(allowed_acts(back, by_officer(FRIDAY)))
    again = done(Accept(OFFICER), back, by_officer(FRIDAY)).events[-1]
    assert isinstance(again, Accepted)
    assert (again.round, again.particulars_version) == (2, 2)


def test_given_the_second_round_when_the_officer_asks_for_a_paper_then_that_paper_is_wanted():
    back = after(sent_unasked(), (register_wants(), by_officer(FRIDAY)))
    ask = replace(ASK, papers=("mother_id_card",))

    case = after(
        back, (ask, by_officer(FRIDAY)), (more_papers(FRIDAY, round=3), by_officer(FRIDAY))
    )

    assert missing_papers(case, by_officer(FRIDAY)) == ("mother_id_card",)


def test_given_papers_sent_before_when_a_machine_receives_then_again_and_asked_only_after_that():
    case = sent_unasked(by_machine)

    decision = done(register_wants(), case, by_machine(FRIDAY))

    assert names(decision) == ["routed", "accepted"]
    assert (decision.events[1].round, decision.events[1].particulars_version) == (2, 2)
    asked_now = done(register_wants(round=2), decision.state, by_machine(FRIDAY))
    assert (asked_now.state.status, asked_now.state.supplements) == ("supplement", 1)
    third = after(asked_now.state, (more_papers(FRIDAY, round=3), by_machine(FRIDAY)))
    assert (third.status, third.rounds) == ("accepted", 3)
    assert after(third, (register_wants(round=3), by_machine(FRIDAY))).status == "refused"


def test_given_papers_sent_before_and_a_supplement_asked_when_the_register_asks_then_exhausted():
    case = after(
        asked(),
        (more_papers(FRIDAY, PAPER), by_officer(FRIDAY)),
        (Accept(OFFICER), by_officer(FRIDAY)),
        (more_papers(FRIDAY, "other_paper", round=3), by_officer(FRIDAY)),
    )

    decision = done(register_wants(), case, by_officer(FRIDAY))

    assert decision.events[0].reasons == ("supplement_exhausted",)


@pytest.mark.parametrize(("message", "said"), [(register_wants("refused"), "returned")])
def test_given_papers_sent_before_when_the_register_refuses_then_refused(message, said):
    decision = done(message, sent_unasked(), by_officer(FRIDAY))

    assert (names(decision), decision.state.status) == ([said], "refused")


def test_given_papers_sent_before_and_a_wish_to_withdraw_when_the_register_asks_then_withdrawn():
    case = after(sent_unasked(), (wants_back(FRIDAY), by_officer(FRIDAY)))

    assert names(done(register_wants(), case, by_officer(FRIDAY))) == ["withdrawn"]


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
    "status",
    sorted(STATES.keys() - {"received", "supplement", "accepted", "stopped", "closed", "unseen"}),
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


@pytest.mark.parametrize("status", ["refused", "wrong_authority", "withdrawn"])
def test_given_a_decided_dossier_when_the_register_has_it_then_the_entry_is_kept(status: str):
    case = STATES[status]()

    decision = done(registered(), case, by_officer(FRIDAY))

    assert decision.events == ()
    entry = BookEntry("12", "01/2026", "7", registered().registered_on)
    assert decision.state == replace(case, trail=decision.state.trail, entry=entry)
    assert decision.state.trail[-1].event == "registered"
    assert decision.state.trail[-1].note == "12, 01/2026, 7, 2026-10-16"


@pytest.mark.parametrize("status", ["registered", "handed_over"])
def test_given_a_registration_when_the_register_says_it_again_then_noted_only(status: str):
    case = STATES[status]()
    other = registered().model_copy(update={"number": "13"})

    decision = done(other, case, by_officer(FRIDAY))

    assert decision.state == replace(case, trail=decision.state.trail)


def test_given_a_closed_dossier_when_the_register_has_it_then_that_is_the_truth():
    case = STATES["closed"]()

    decision = done(registered(), case, by_officer("2026-12-16 09:00"))

    assert (decision.state.status, decision.state.entry is not None) == ("registered", True)
    assert allowed_acts(decision.state, by_officer("2026-12-16 09:00")) == ("hand_over",)


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
