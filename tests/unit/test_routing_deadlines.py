"""Appointments through acceptance: the worked cases, the earlier of two limits, near and over."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from contracts.events import Due
from reference.loading import DATA
from routing.domain import Accept, Case, calendar_for, near_due, overdue
from routing.domain.appointments import appointment_due
from routing.domain.clock import reception_due, supplement_due
from tests.unit.builders import A_DOSSIER, A_UNIT, MARRIAGE, a_paper
from tests.unit.deadline_kit import changed_reference
from tests.unit.routing_kit import (
    ASKED_BACK,
    KNOWN,
    MARRIAGE_FOREIGN,
    OFFICER,
    STATES,
    STATUS_CERTIFICATE,
    accepted,
    at,
    by_officer,
    certificate,
    done,
    on_desk,
)

#: Procedures of five working days.
AGAIN = {"procedure_code": "1.004746", "attachments": (a_paper("earlier_papers"),)}
FOREIGN_PAPERS = tuple(
    map(a_paper, ("medical_certificate", "marital_status_paper", "passport_copy"))
)


def due_of(case):
    assert case.appointment is not None
    return case.appointment


@pytest.fixture(scope="module")
def other_limits(tmp_path_factory: pytest.TempPathFactory):
    """Return reference data whose certificate takes one day and second marriage eight."""
    folder: Path = tmp_path_factory.mktemp("limits")
    changes = []
    for code, old, new in ((STATUS_CERTIFICATE, "3", "1"), (AGAIN["procedure_code"], "5", "8")):
        changes += [("procedures.csv", *pair) for pair in _limits(code, old, new)]
    return changed_reference(folder, changes)


def _limits(code: str, old: str, new: str):
    text = (DATA / "procedures.csv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith(code):
            yield line, line.replace(f",{old},working_day,", f",{new},working_day,", 1)


def test_case_a_given_half_past_three_on_a_monday_before_a_day_off_then_wednesday():
    due = due_of(accepted("2026-11-23 15:30"))

    assert (due.due_at, due.due_on) == (at("2026-11-25 17:00"), date(2026, 11, 25))
    assert [step.kind for step in due.steps] == ["received", "cut_off", "day_off", "due"]
    assert any(step.assumed for step in due.steps)


def test_case_a_given_the_day_is_no_day_off_then_tuesday(tmp_path: Path):
    text = _calendar_row("2026-11-24")
    known = changed_reference(
        tmp_path, [("calendar_days.csv", text, text.replace(",assumed,", ",no,"))]
    )
    now = by_officer("2026-11-23 15:30", known)

    case = done(Accept(OFFICER), on_desk("2026-11-23 15:30"), now).state

    assert due_of(case).due_at == at("2026-11-24 17:00")


def _calendar_row(day: str) -> str:
    text = (DATA / "calendar_days.csv").read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith(day))


def test_case_b_given_three_working_days_before_tet_then_after_it():
    assert due_of(certificate("2026-02-12 09:00")).due_at == at("2026-02-24 17:00")


def test_case_c_given_one_working_day_on_the_last_of_december_then_the_official_swap_counts(
    other_limits,
):
    now = "2025-12-31 09:00"

    case = done(Accept(OFFICER), on_desk(now, **ASKED_BACK), by_officer(now, other_limits)).state

    assert due_of(case).due_at == at("2026-01-05 17:00")


def test_case_d_given_five_working_days_and_a_saturday_that_is_worked_then_thursday():
    assert due_of(accepted("2026-08-21 09:00", **AGAIN)).due_at == at("2026-08-27 17:00")


def test_case_d_given_eight_working_days_then_after_the_national_day(other_limits):
    now = "2026-08-21 09:00"

    case = done(Accept(OFFICER), on_desk(now, **AGAIN), by_officer(now, other_limits)).state

    assert due_of(case).due_at == at("2026-09-04 17:00")


def test_given_two_limits_then_the_appointment_is_the_earlier_and_both_days_are_carried():
    due = due_of(
        accepted(
            "2026-10-15 09:00",
            procedure_code=MARRIAGE_FOREIGN,
            attachments=FOREIGN_PAPERS,
        )
    )

    assert (due.due_on, due.published_due_on, due.statutory_due_on) == (
        date(2026, 10, 20),
        date(2026, 10, 20),
        date(2026, 10, 30),
    )


def test_given_a_published_limit_that_is_longer_then_the_laws_counts():
    due = due_of(accepted("2026-10-15 09:00", procedure_code=MARRIAGE, attachments=()))

    assert (due.due_on, due.published_due_on, due.statutory_due_on) == (
        date(2026, 10, 15),
        date(2026, 10, 16),
        date(2026, 10, 15),
    )


def test_every_appointment_says_its_calendar_and_its_steps():
    due = due_of(certificate())

    assert due.calendar_version == KNOWN.calendar("79").version
    assert [step.kind for step in due.steps] == [
        "received", "first_day", "day_off", "day_off", "due",
    ]  # fmt: skip
    assert all(step.note_vi and step.note_en and step.source for step in due.steps)


@pytest.mark.parametrize(
    ("now", "near", "over"),
    [
        # Due on Tuesday 20 October at 17:00: Monday is the last day an apology is in time.
        ("2026-10-16 09:00", False, False),
        ("2026-10-18 23:59", False, False),
        ("2026-10-19 00:00", True, False),
        ("2026-10-20 17:00", True, False),
        ("2026-10-20 17:01", False, True),
    ],
)
def test_near_due_and_overdue_at_both_sides_of_every_boundary(now, near, over):
    case, context = certificate(), by_officer(now)

    assert near_due(case, context.now, calendar_for(case, context)) is near
    assert overdue(case, context.now) is over


def test_given_a_weekend_before_the_appointment_then_friday_is_near():
    case = certificate("2026-10-14 09:00")  # due on Monday the 19th
    calendar = calendar_for(case, by_officer())

    assert due_of(case).due_on == date(2026, 10, 19)
    assert not near_due(case, at("2026-10-15 09:00"), calendar)
    assert near_due(case, at("2026-10-16 09:00"), calendar)
    assert near_due(case, at("2026-10-17 09:00"), calendar)


@pytest.mark.parametrize("status", ["received", "supplement", "stopped", "registered", "refused"])
def test_given_a_case_that_is_not_with_the_register_then_neither_near_nor_over(status):
    case = STATES[status]()
    late = at("2027-01-05 09:00")

    assert not overdue(case, late)
    assert not near_due(case, late - timedelta(days=1), calendar_for(case, by_officer()))


@pytest.mark.parametrize("code", sorted({row.code for row in KNOWN.procedures}))
def test_every_procedures_due_moment_is_a_valid_document_whatever_the_day(code: str):
    for day in ("2021-11-15 16:00", "2025-07-01 06:00", "2026-02-12 09:00", "2027-03-01 12:00"):
        case = Case(A_DOSSIER, "", "received", A_UNIT, A_UNIT, code, submitted_at=at(day))
        context = by_officer(day)
        for due in (
            appointment_due(case, at(day), context),
            reception_due(case, at(day), context),
            supplement_due(case, context),
        ):
            if due is not None:
                again = Due.model_validate_json(due.model_dump_json())
                assert again == due
                assert again.model_fields_set == due.model_fields_set
                assert due.model_copy(update={"value": due.value}) == due
