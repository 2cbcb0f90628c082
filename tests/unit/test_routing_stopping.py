"""Stopping and resuming, withdrawal, and the end that time brings."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from contracts.decision import Refused
from contracts.events import Resumed, Stopped, Withdrawn
from routing.domain import (
    AUTOMATIC,
    Accept,
    Apologise,
    Expire,
    Pause,
    Resume,
    Stop,
    Withdraw,
    allowed_acts,
    may_expire,
)
from routing.domain.acts import AT_REGISTER
from routing.domain.stopping import NO_REASON, NOT_EXPIRED, UNDER_WAY
from tests.unit.routing_kit import (
    ACTS,
    ASK,
    ASKED_BACK,
    LONG_AFTER,
    OFFICER,
    REFUSE,
    STATES,
    STOP,
    THURSDAY,
    a_dossier,
    after,
    at,
    by_machine,
    by_officer,
    certificate,
    done,
    names,
    on_desk,
    refused,
    register_wants,
    registered,
    wants_back,
)

FRIDAY, NEXT_WEEK = "2026-10-16 09:00", "2026-10-22 09:00"


def stopped(now: str = FRIDAY):
    """Return an accepted case, due Tuesday 20 October, stopped after a day."""
    return after(certificate(), (STOP, by_officer(now)))


def test_given_a_reason_of_the_list_when_stopped_then_the_clock_stands_still():
    decision = done(STOP, certificate(), by_officer(FRIDAY))

    assert decision.events == (Stopped(reason="legal_obstacle", final=False, actor=OFFICER),)
    case = decision.state
    assert (case.status, case.resumes_to) == ("stopped", "accepted")
    assert case.pauses == (Pause(at(FRIDAY), None, 8),)
    assert case.appointment == certificate().appointment


@pytest.mark.parametrize("reason", ["because", "on_request", "system_outage"])
def test_given_a_reason_outside_the_list_when_stopped_then_refused(reason: str):
    act = Stop(OFFICER, reason)

    assert refused(act, certificate(), by_officer(FRIDAY)) == Refused(
        ("stop", "apologise", "verify"), NO_REASON
    )


def test_given_a_stop_when_resumed_then_the_appointment_is_later_by_the_pause():
    decision = done(Resume(OFFICER), stopped(), by_officer(NEXT_WEEK))

    case = decision.state
    assert decision.events == (Resumed(actor=OFFICER, due=case.appointment),)
    assert (case.status, case.pauses) == (
        "accepted",
        (Pause(at(FRIDAY), at(NEXT_WEEK), 8),),
    )
    assert case.appointment is not None
    assert case.appointment.due_at == at("2026-10-26 17:00")
    assert [s.kind for s in case.appointment.steps if s.kind == "paused"] == ["paused"]


def test_given_clocks_that_disagree_when_resumed_before_the_stop_then_the_pause_is_empty():
    decision = done(Resume(OFFICER), stopped(), by_officer("2026-10-16 08:59"))

    assert decision.state.pauses == (Pause(at(FRIDAY), at(FRIDAY), 8),)
    assert decision.state.appointment == certificate().appointment


def test_given_two_stops_when_resumed_then_both_pauses_count():
    case = after(
        stopped(),
        (Resume(OFFICER), by_officer("2026-10-19 09:00")),
        (STOP, by_officer("2026-10-20 09:00")),
        (Resume(OFFICER), by_officer("2026-10-21 09:00")),
    )

    assert case.appointment is not None
    assert case.appointment.due_at == at("2026-10-22 17:00")


def test_given_a_missed_appointment_when_stopped_and_resumed_then_it_stays_missed():
    case = after(
        certificate(),
        (STOP, by_officer("2026-10-21 09:00")),
        (Resume(OFFICER), by_officer("2026-10-28 09:00")),
    )

    assert case.appointment == certificate().appointment


def test_given_a_stop_on_the_desk_when_resumed_then_the_reception_goes_on_where_it_stood():
    case = after(on_desk("2026-10-15 14:00"), (STOP, by_officer("2026-10-15 15:00")))
    assert case.resumes_to == "received"

    decision = done(Resume(OFFICER), case, by_officer("2026-10-19 10:00"))

    assert names(decision) == ["resumed", "routed"]
    resumed, routed = decision.events
    assert resumed.due is None
    assert routed.reception_due == decision.state.reception_due
    assert routed.reception_due is not None
    assert routed.reception_due.due_at == at("2026-10-19 17:00")
    assert routed.reception_due.steps[0].from_at == at("2026-10-15 14:00")
    assert decision.state.status == "received"


def test_given_a_unit_without_officers_when_resumed_to_the_desk_then_the_officers_keep_it():
    case = after(on_desk(), (STOP, by_officer()))

    decision = done(Resume(OFFICER), case, by_machine(FRIDAY))

    assert names(decision) == ["resumed", "routed"]


def test_given_a_stop_on_the_desk_when_refused_then_refused_for_good_and_the_pause_is_over():
    case = after(on_desk(), (STOP, by_officer(FRIDAY)))

    decision = done(REFUSE, case, by_officer(NEXT_WEEK))

    assert names(decision) == ["returned"]
    assert decision.state.status == "refused"
    assert decision.state.pauses == (Pause(at(FRIDAY), at(NEXT_WEEK), 8),)


@pytest.mark.parametrize("status", ["received", "supplement", "stopped"])
def test_given_the_register_does_not_have_it_when_the_citizen_wants_it_back_then_at_once(
    status: str,
):
    decision = done(wants_back(FRIDAY), STATES[status](), by_officer(FRIDAY))

    assert decision.events == (Withdrawn(actor=AUTOMATIC, on_request=True),)
    assert decision.state.status == "withdrawn"
    assert all(pause.to_at is not None for pause in decision.state.pauses)


def test_given_the_register_has_it_when_the_citizen_wants_it_back_then_remembered():
    decision = done(wants_back(FRIDAY), certificate(), by_officer(FRIDAY))

    assert decision.events == ()
    assert decision.state.status == "accepted"
    assert decision.state.withdrawal_requested_at == at(FRIDAY)


@pytest.mark.parametrize(
    "status",
    ["registered", "handed_over", "refused", "wrong_authority", "withdrawn", "closed"],
)
def test_given_all_is_decided_when_the_citizen_wants_it_back_then_noted_only(status: str):
    case = STATES[status]()

    decision = done(wants_back(FRIDAY), case, by_officer(FRIDAY))

    assert decision.events == ()
    assert decision.state == replace(case, trail=decision.state.trail)
    assert decision.state.trail[-1].event == "withdrawal_requested"


@pytest.mark.parametrize("status", ["received", "supplement", "stopped"])
def test_given_an_officer_when_withdrawn_then_not_on_the_portals_request(status: str):
    decision = done(Withdraw(OFFICER), STATES[status](), by_officer(FRIDAY))

    assert decision.events == (Withdrawn(actor=OFFICER, on_request=False),)


@pytest.mark.parametrize("act", [REFUSE, Withdraw(OFFICER)])
def test_given_a_stop_while_the_register_has_it_when_ended_by_an_officer_then_refused(act):
    assert refused(act, stopped(), by_officer(NEXT_WEEK)) == Refused(("resume",), AT_REGISTER)


def test_given_a_stop_while_the_register_has_it_when_the_citizen_wants_it_back_then_remembered():
    decision = done(wants_back(NEXT_WEEK), stopped(), by_officer(NEXT_WEEK))

    case = decision.state
    assert decision.events == ()
    assert (case.status, case.withdrawal_requested_at) == ("stopped", at(NEXT_WEEK))
    asked = done(register_wants(), case, by_officer(NEXT_WEEK))
    assert asked.events == (Withdrawn(actor="register", on_request=True),)
    assert after(case, (registered(), by_officer(NEXT_WEEK))).status == "registered"


def waiting_for_papers():
    """Return a case whose supplement is due on Monday 26 October at 17:00."""
    return after(on_desk(**ASKED_BACK), (ASK, by_officer()))


def test_given_the_time_for_the_supplement_is_over_when_expired_then_closed_for_good():
    decision = done(Expire(), waiting_for_papers(), by_officer(LONG_AFTER))

    assert decision.events == (
        Stopped(reason="supplement_not_received", final=True, actor=AUTOMATIC),
    )
    case = decision.state
    assert (case.status, allowed_acts(case, by_officer(LONG_AFTER))) == ("closed", ())
    assert case.pauses == (Pause(at(THURSDAY), at(LONG_AFTER), 5),)


def test_given_a_record_may_be_under_way_when_expired_then_refused_and_after_that_not():
    case, due_at = waiting_for_papers(), at("2026-10-26 17:00")
    end = due_at + UNDER_WAY
    assert end == at("2026-10-27 17:00")

    no = refused(Expire(), case, by_officer(end))

    assert no == Refused(("withdraw",), NOT_EXPIRED)
    assert not may_expire(case, end)
    assert may_expire(case, end + timedelta(microseconds=1))
    done(Expire(), case, by_officer(end + timedelta(microseconds=1)))


@pytest.mark.parametrize("status", sorted(STATES.keys() - {"supplement"}))
def test_given_no_supplement_is_waited_for_when_expired_then_refused(status: str):
    no = refused(Expire(), STATES[status](), by_officer(LONG_AFTER))

    assert no.reason == NOT_EXPIRED


def test_given_a_supplement_of_a_machine_when_time_is_over_then_closed_too():
    case = done(a_dossier(attachments=()), None, by_machine()).state

    assert names(done(Expire(), case, by_machine(LONG_AFTER))) == ["stopped"]


def test_given_a_stop_and_the_registers_answers_then_they_win():
    assert done(registered(), stopped(), by_officer(FRIDAY)).state.status == "registered"
    assert done(register_wants(), stopped(), by_officer(FRIDAY)).state.status == "supplement"


def test_given_a_life_with_everything_in_it_then_it_ends_handed_over():
    later = Apologise(OFFICER, "system_outage", date(2026, 10, 30))

    case = after(
        on_desk(**ASKED_BACK),
        (STOP, by_officer()),
        (Resume(OFFICER), by_officer("2026-10-15 10:00")),
        (Accept(OFFICER), by_officer("2026-10-15 11:00")),
        (ACTS["verify"], by_officer("2026-10-16 09:00")),
        (STOP, by_officer("2026-10-16 10:00")),
        (Resume(OFFICER), by_officer("2026-10-19 10:00")),
        (later, by_officer("2026-10-19 11:00")),
        (registered(), by_officer("2026-10-23 09:00")),
        (ACTS["hand_over"], by_officer("2026-10-26 09:00")),
    )

    assert case.status == "handed_over"
    assert [entry.event for entry in case.trail] == [
        "submitted", "routed", "stopped", "resumed", "routed", "accepted", "rescheduled",
        "stopped", "resumed", "rescheduled", "registered", "handed_over",
    ]  # fmt: skip
