"""The trail and the slips: every event of the dossier leaves its line, and nothing personal."""

from datetime import timedelta
from pathlib import Path

import pytest

import contracts
from contracts.envelope import decode
from contracts.events import EVENTS, DueStep
from reference import Limit, LimitUnit, deadline
from routing.domain import RULES, Accept, Case, Expire, HandOver, Issued, Merge, TrailEntry
from routing.domain.dues import MOST_STEPS, due_from, fitting
from routing.domain.trail import entry_of
from routing.slips import trail as control
from tests.unit.builders import A_DOSSIER
from tests.unit.routing_kit import (
    ACTS,
    ASK,
    KNOWN,
    LONG_AFTER,
    OFFICER,
    PAPER,
    REFUSE,
    STOP,
    THURSDAY,
    a_dossier,
    after,
    at,
    by_machine,
    by_officer,
    certificate,
    done,
    heard,
    more_papers,
    on_desk,
    register_wants,
    registered,
    wants_back,
)

SAMPLES = Path(contracts.__file__).parent / "samples"
ON_THE_TRAIL = [one for one in EVENTS if one.service in ("intake", "routing", "registry-sync")]
NOT_ON_IT = [one for one in EVENTS if one not in ON_THE_TRAIL]


def sample(data: type):
    return decode((SAMPLES / f"{data.event_type()}.json").read_bytes())


@pytest.mark.parametrize("data", ON_THE_TRAIL)
def test_every_event_of_a_dossier_has_its_entry_and_the_control_sheet_knows_it(data):
    event = sample(data)

    entry = entry_of(event.data, event.time)

    assert (entry.at, entry.service, entry.event) == (event.time, data.service, data.name)
    assert entry == control.entry_of(event)


@pytest.mark.parametrize("data", NOT_ON_IT)
def test_what_the_citizen_was_told_is_not_on_the_trail(data):
    event = sample(data)

    with pytest.raises(KeyError):
        entry_of(event.data, event.time)


@pytest.mark.parametrize("data", [one for one in ON_THE_TRAIL if one.service != "routing"])
def test_every_event_that_is_heard_has_a_rule(data):
    assert data in RULES


def test_given_a_submission_when_received_at_once_then_three_lines_in_order():
    event = heard(a_dossier(), at("2026-10-15 09:01"))
    now = at("2026-10-15 09:02")

    case = done(event, None, by_machine(now)).state

    assert case.appointment is not None
    assert case.reception_due is not None
    assert case.trail == (
        TrailEntry(event.time, "intake", "submitted", "", "26737", None, "national-portal"),
        TrailEntry(now, "routing", "routed", "", "26737", case.reception_due.due_at, ""),
        TrailEntry(now, "routing", "accepted", "automatic", "26737", case.appointment.due_at, ""),
    )


@pytest.mark.parametrize(
    ("case", "message", "event", "actor", "note"),
    [
        (on_desk, ASK, "returned", OFFICER, f"supplement missing_paper {PAPER}"),
        (on_desk, REFUSE, "returned", OFFICER, "refused conditions_not_met"),
        (certificate, STOP, "stopped", OFFICER, "legal_obstacle"),
        (certificate, ACTS["apologise"], "rescheduled", OFFICER, "apology system_outage"),
        (certificate, ACTS["verify"], "rescheduled", OFFICER, "verification verify_information"),
        (on_desk, ACTS["forward"], "forwarded", OFFICER, "applicant_moved"),
        (on_desk, wants_back(THURSDAY), "withdrawn", "automatic", "on_request"),
        (certificate, registered(), "registered", "", "12, 01/2026, 7, 2026-10-16"),
        (
            certificate,
            register_wants("refused"),
            "returned",
            "register",
            "refused register_refused",
        ),
    ],
)
def test_the_last_line_says_who_did_what(case, message, event, actor, note):
    last = done(message, case(), by_officer()).state.trail[-1]

    assert (last.event, last.actor, last.note) == (event, actor, note)


@pytest.mark.parametrize(
    ("case", "message", "key"),
    [
        (on_desk, Accept(OFFICER), "acceptance"),
        (on_desk, ASK, "supplement"),
        (on_desk, REFUSE, "refusal"),
        (on_desk, ACTS["wrong_authority"], "refusal"),
        (certificate, ACTS["apologise"], "apology"),
        (certificate, ACTS["verify"], "apology"),
        (certificate, STOP, "stop"),
    ],
)
def test_what_goes_on_paper_is_issued_with_its_event(case, message, key):
    before = case()

    decision = done(message, before, by_officer())

    (event,) = decision.events
    assert decision.state.issued == (
        *before.issued,
        Issued(key, at(THURSDAY), event, before.papers),
    )


def test_given_papers_that_come_later_then_the_earlier_slip_keeps_what_was_there():
    case = after(
        on_desk(),
        (Accept(OFFICER), by_officer()),
        (register_wants(), by_officer()),
        (more_papers(THURSDAY, "other_paper"), by_officer()),
        (Accept(OFFICER), by_officer()),
    )

    assert [(slip.key, slip.papers) for slip in case.issued] == [
        ("acceptance", (PAPER,)),
        ("supplement", (PAPER,)),
        ("acceptance", (PAPER, "other_paper")),
    ]


def test_given_the_time_is_over_then_a_stop_is_issued():
    case = after(on_desk(), (ASK, by_officer()), (Expire(), by_officer(LONG_AFTER)))

    assert [slip.key for slip in case.issued] == ["supplement", "stop"]


@pytest.mark.parametrize("message", [registered(), wants_back(THURSDAY)])
def test_what_changes_nothing_issues_nothing(message):
    case = certificate()

    assert done(message, case, by_officer()).state.issued == case.issued


def test_given_a_hand_over_then_nothing_is_issued():
    case = after(certificate(), (registered(), by_officer()))

    assert done(HandOver(OFFICER, "post"), case, by_officer()).state.issued == case.issued


def test_given_no_field_of_that_name_when_a_case_is_changed_then_refused():
    with pytest.raises(TypeError, match="stauts"):
        Case(A_DOSSIER, "").but(stauts="accepted")


def test_the_changed_case_is_another_and_the_old_one_stays():
    old = Case(A_DOSSIER, "")

    new = old.but(status="received")

    assert (old.status, new) == ("unseen", Case(A_DOSSIER, "", "received"))
    assert hash(new) != hash(old)


def test_given_more_steps_than_an_event_has_room_for_then_the_first_and_the_last_are_kept():
    start = at("2026-01-05 09:00")
    long = deadline(start, Limit(100, LimitUnit.WORKING_DAY, "a law"), KNOWN.calendar("79"))
    assert len(long.steps) > MOST_STEPS

    due = due_from(long)

    assert len(due.steps) == MOST_STEPS
    assert (due.steps[0].kind, due.steps[-1].kind) == ("received", "due")
    assert due.due_on - start.date() > timedelta(days=100)


def test_given_room_then_every_step_is_kept():
    moment = at(THURSDAY)
    step = DueStep(kind="due", from_at=moment, to_at=moment, note_vi="", note_en="", source="a law")

    assert fitting([step] * MOST_STEPS) == (step,) * MOST_STEPS


def test_commands_are_decided_without_an_event_of_their_own_on_the_trail():
    case = certificate()

    assert len(done(STOP, case, by_officer()).state.trail) == len(case.trail) + 1
    assert Merge in RULES
