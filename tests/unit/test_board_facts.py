"""What the board counts of a dossier: each step once, late by the due moment that held then."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.events import Imported
from routing.domain import Accept, Case, GiveBack, HandOver, Resume, Stop
from routing.domain.board import facts_of, road_of
from tests.unit.routing_kit import (
    OFFICER,
    PAPER,
    THURSDAY,
    a_dossier,
    after,
    at,
    by_machine,
    by_officer,
    done,
    more_papers,
    on_desk,
    registered,
    wants_back,
)

Told = tuple[str, str, int]


def told(case: Case, first: int = 0) -> list[Told]:
    """Return what, reason and lateness of each fact."""
    return [(one.what, one.reason, one.late_minutes) for one in facts_of(case, first)]


def test_given_a_dossier_taken_by_machine_then_its_reception_is_punctual():
    case = done(a_dossier(), None, by_machine()).state

    assert told(case) == [("submitted", "", 0), ("accepted", "", 0), ("reception", "", 0)]
    assert {(f.unit_code, f.road, f.day.isoformat()) for f in facts_of(case)} == {
        ("26737", "national-portal", "2026-10-15")
    }


def test_given_an_officer_the_next_day_then_the_reception_is_late_by_what_is_over_the_due_moment():
    case = on_desk(THURSDAY)
    assert case.reception_due is not None
    assert case.reception_due.due_at == at("2026-10-15 17:00")

    case = after(case, (Accept(OFFICER), by_officer("2026-10-16 08:00")))

    assert ("reception", "", 15 * 60) in told(case)
    assert [f.day.day for f in facts_of(case) if f.what == "reception"] == [16]


def test_given_a_reception_in_the_due_moment_then_it_is_punctual_and_a_second_later_a_minute_late():
    case = on_desk(THURSDAY)

    just = after(case, (Accept(OFFICER), by_officer(at("2026-10-15 17:00"))))
    over = after(case, (Accept(OFFICER), by_officer(at("2026-10-15 17:00").replace(second=1))))

    assert ("reception", "", 0) in told(just)
    assert ("reception", "", 1) in told(over)


def test_given_a_registration_after_the_appointment_then_it_is_late_and_counted_once():
    case = done(a_dossier(), None, by_machine()).state
    assert case.appointment is not None
    due = case.appointment.due_at
    later = by_machine(due.replace(hour=due.hour + 1))

    case = after(case, (registered(), later), (registered(), later))
    case = after(case, (HandOver(OFFICER, "in_person"), later))

    assert told(case)[3:] == [
        ("registered", "", 0),
        ("appointment", "", 60),
        ("handed_over", "", 0),
    ]


def test_given_a_supplement_asked_for_then_each_reason_is_counted_and_the_clock_stands_still():
    asked = GiveBack(OFFICER, "supplement", ("missing_paper", "paper_unreadable"), (PAPER,))
    case = after(on_desk(THURSDAY), (asked, by_officer("2026-10-15 10:00")))

    assert told(case)[1:] == [
        ("returned", "supplement", 0),
        ("return_reason", "supplement missing_paper", 0),
        ("return_reason", "supplement paper_unreadable", 0),
        ("reception", "", 0),
    ]

    back = after(case, (more_papers("2026-10-19 09:00", PAPER), by_officer("2026-10-19 09:00")))
    back = after(back, (Accept(OFFICER), by_officer("2026-10-19 10:00")))

    assert told(back)[5:] == [("accepted", "", 0), ("reception", "", 0)]


def test_given_a_stop_on_the_desk_then_the_time_that_stands_still_is_not_late():
    stop, resume = Stop(OFFICER, "legal_obstacle"), Resume(OFFICER)
    case = after(
        on_desk(THURSDAY),
        (stop, by_officer("2026-10-15 10:00")),
        (resume, by_officer("2026-10-22 10:00")),
        (Accept(OFFICER), by_officer("2026-10-22 11:00")),
    )

    assert told(case)[1:] == [
        ("stopped", "legal_obstacle", 0),
        ("accepted", "", 0),
        ("reception", "", 0),
    ]


def test_given_a_dossier_that_ends_while_it_stands_still_then_the_standing_is_not_late():
    desk = on_desk(THURSDAY)
    stopped = after(desk, (Stop(OFFICER, "legal_obstacle"), by_officer("2026-10-15 10:00")))
    refusal = GiveBack(OFFICER, "refused", ("conditions_not_met",))
    refused = after(stopped, (refusal, by_officer("2026-10-30 10:00")))
    accepted = after(desk, (Accept(OFFICER), by_officer("2026-10-15 10:00")))
    halted = after(accepted, (Stop(OFFICER, "legal_obstacle"), by_officer("2026-10-15 11:00")))
    entered = after(halted, (registered(), by_officer("2026-11-30 10:00")))

    assert ("reception", "", 0) in told(refused)
    assert ("appointment", "", 0) in told(entered)


def test_given_a_dossier_asked_back_then_nothing_is_judged():
    case = after(
        on_desk(THURSDAY), (wants_back("2026-10-30 09:00"), by_officer("2026-10-30 09:00"))
    )

    assert told(case) == [("submitted", "", 0), ("withdrawn", "", 0)]


def test_given_a_dossier_that_ended_when_the_register_has_it_then_no_registration_is_counted():
    case = after(on_desk(THURSDAY), (wants_back(THURSDAY), by_officer(THURSDAY)))
    case = after(case, (registered(), by_officer(THURSDAY)))

    assert [what for what, _, _ in told(case)] == ["submitted", "withdrawn"]


def test_given_a_dossier_taken_over_at_the_register_then_its_road_says_so_and_no_reception_counts():
    imported = Imported(batch="b1", stage="at_register", received_at=at("2026-10-12 09:00"))
    case = done(
        a_dossier("2026-10-12 08:00", imported=imported), None, by_machine("2026-11-20 09:00")
    ).state

    assert road_of(case) == "imported"
    assert told(case) == [("submitted", "", 0), ("accepted", "", 0)]
    days = {f.what: f.day.isoformat() for f in facts_of(case)}
    assert days == {"submitted": "2026-10-12", "accepted": "2026-11-20"}


@pytest.mark.parametrize("wide", [False, True])
def test_the_facts_of_the_parts_are_the_facts_of_the_whole(wide: bool):
    asked = GiveBack(OFFICER, "supplement", ("missing_paper",), (PAPER,))
    steps: tuple[Any, ...] = (
        (asked, by_officer("2026-10-16 10:00")),
        (more_papers("2026-10-19 09:00", PAPER), by_officer("2026-10-19 09:00")),
        (Accept(OFFICER), by_officer("2026-10-21 10:00")),
        (registered(), by_officer("2026-11-20 10:00")),
        (HandOver(OFFICER, "post"), by_officer("2026-11-20 11:00")),
    )
    case, parts, counted = on_desk(THURSDAY), [], 0
    for step in (None, *steps):
        case = case if step is None else after(case, step)
        if not wide or step is None or step is steps[-1]:
            parts += facts_of(case, counted)
            counted = len(case.trail)

    assert parts == facts_of(case)
    assert ("appointment", "", 0) not in told(case)


def test_how_much_is_counted_makes_no_other_case_of_it():
    case = on_desk(THURSDAY)

    assert replace(case, counted=7) == case
