"""Which limit applies on which day, and the apology when it will not be kept."""

from datetime import date, time, timedelta

import pytest

from reference import (
    Limit,
    LimitUnit,
    NoReappointment,
    apology_due,
    deadline,
    published_limit,
    reception_limit,
    statutory_limit,
    why_no_reappointment,
)
from tests.unit.deadline_kit import CALENDAR, REF, at, limit

BIRTH, MARRIAGE, FOREIGN_MARRIAGE, LINKED = "1.001193", "1.000894", "2.000806", "3.000722"
LAST_OLD, FIRST_NEW = date(2027, 2, 28), date(2027, 3, 1)


def counted(found: Limit | None) -> tuple[int, LimitUnit, time | None] | None:
    return None if found is None else (found.value, found.unit, found.cut_off)


def statutory(code: str, on: date) -> Limit | None:
    procedure = REF.procedure(code, on)
    assert procedure is not None
    return statutory_limit(REF, procedure, on)


def published(code: str, on: date) -> Limit | None:
    procedure = REF.procedure(code, on)
    assert procedure is not None
    return published_limit(REF, procedure, on)


@pytest.mark.parametrize(
    ("code", "on", "expected"),
    [
        (BIRTH, date(2018, 6, 20), None),
        (BIRTH, date(2018, 6, 21), (8, LimitUnit.WORKING_HOUR, None)),
        (BIRTH, date(2020, 9, 14), (8, LimitUnit.WORKING_HOUR, None)),
        (BIRTH, date(2020, 9, 15), (0, LimitUnit.SAME_DAY, None)),
        (BIRTH, date(2026, 11, 24), (0, LimitUnit.SAME_DAY, None)),
        (LINKED, date(2026, 11, 24), (8, LimitUnit.WORKING_HOUR, None)),
        (BIRTH, FIRST_NEW, (0, LimitUnit.SAME_DAY, None)),
    ],
)
def test_reception_has_8_working_hours_and_for_civil_status_the_same_day(
    code: str, on: date, expected: tuple[int, LimitUnit, time | None] | None
) -> None:
    assert counted(reception_limit(REF, code, on)) == expected


@pytest.mark.parametrize(
    ("on", "assumed"),
    [(date(2020, 9, 14), True), (date(2020, 9, 15), False), (LAST_OLD, False), (FIRST_NEW, True)],
)
def test_a_reception_limit_that_was_not_confirmed_says_so(on: date, assumed: bool) -> None:
    found = reception_limit(REF, BIRTH, on)

    assert found is not None
    assert (found.assumption_vi is not None, found.assumption_en is not None) == (assumed, assumed)


@pytest.mark.parametrize(
    ("code", "on", "expected"),
    [
        (BIRTH, date(2021, 10, 12), (0, LimitUnit.SAME_DAY, time(15))),
        (BIRTH, date(2025, 6, 30), (0, LimitUnit.SAME_DAY, time(15))),
        (BIRTH, date(2025, 7, 1), (0, LimitUnit.SAME_DAY, time(15))),
        (BIRTH, LAST_OLD, (0, LimitUnit.SAME_DAY, time(15))),
        (BIRTH, FIRST_NEW, (24, LimitUnit.HOUR, None)),
        (FOREIGN_MARRIAGE, LAST_OLD, (15, LimitUnit.DAY, None)),
        (FOREIGN_MARRIAGE, FIRST_NEW, (15, LimitUnit.DAY, None)),
        ("1.000689", date(2026, 11, 24), (3, LimitUnit.WORKING_DAY, None)),
        (LINKED, date(2026, 11, 24), None),
    ],
)
def test_what_the_law_sets_no_number_for_is_the_same_day_and_from_2027_24_hours(
    code: str, on: date, expected: tuple[int, LimitUnit, time | None] | None
) -> None:
    assert counted(statutory(code, on)) == expected


def test_the_24_hours_are_marked_as_assumed_in_the_first_step() -> None:
    found = statutory(BIRTH, FIRST_NEW)
    assert found is not None

    due = deadline(at("2027-03-01 09:00"), found, CALENDAR)

    assert due.due_at == at("2027-03-02 09:00")
    assert due.steps[0].assumed
    assert "giả định: 24 giờ được tính liên tục" in due.steps[0].note_vi


def test_the_same_day_names_the_article_of_the_procedure_and_that_of_15_00() -> None:
    found = statutory(BIRTH, LAST_OLD)

    assert found is not None
    assert found.source == "Luật Hộ tịch 2014, Điều 16; Luật Hộ tịch 2014, Điều 5 khoản 3"


@pytest.mark.parametrize(("code", "assumed"), [("1.003583", True), ("1.000689", False)])
def test_a_limit_from_memory_is_marked_as_not_checked(code: str, assumed: bool) -> None:
    found = statutory(code, date(2026, 11, 24))

    assert found is not None
    assert (found.assumption_vi is not None) is assumed


def test_the_published_limit_is_apart_from_the_statutory_one() -> None:
    on = date(2026, 11, 24)

    assert counted(published(FOREIGN_MARRIAGE, on)) == (5, LimitUnit.DAY, None)
    assert counted(published(MARRIAGE, on)) == (1, LimitUnit.DAY, None)
    assert published(BIRTH, on) is None
    assert published(FOREIGN_MARRIAGE, date(2025, 6, 30)) is None


def test_every_procedure_has_a_deadline_on_every_regime_date_where_it_has_a_limit() -> None:
    for on in (date(2021, 10, 12), date(2025, 6, 30), date(2025, 7, 1), LAST_OLD, FIRST_NEW):
        for procedure in (row for row in REF.procedures if row.is_valid(on)):
            found = statutory_limit(REF, procedure, on)
            assert (found is None) is (procedure.limit_value is None)
            if found is not None:
                received = at(f"{on} 10:00")
                assert deadline(received, found, CALENDAR).due_at > received


# Apologies


DUE = deadline(at("2026-11-16 09:00"), limit(5, LimitUnit.WORKING_DAY), CALENDAR)
DAY_BEFORE = date(2026, 11, 22)


def test_the_apology_is_in_time_one_day_before_the_due_date() -> None:
    assert DUE.due_on == date(2026, 11, 23)
    assert apology_due(DUE) == DAY_BEFORE
    assert CALENDAR.last_working_day(apology_due(DUE)) == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("apologised_on", "new_due_on", "apologies", "expected"),
    [
        (DAY_BEFORE, date(2026, 11, 25), 0, None),
        (DAY_BEFORE, date(2026, 11, 25), 1, NoReappointment.ALREADY_DONE),
        (DUE.due_on, date(2026, 11, 25), 0, NoReappointment.TOO_LATE),
        (DAY_BEFORE, DUE.due_on + timedelta(days=1), 0, None),
        (DAY_BEFORE, DUE.due_on, 0, NoReappointment.NOT_AFTER),
    ],
)
def test_a_new_date_is_set_once_in_time_and_after_the_old_one(
    apologised_on: date, new_due_on: date, apologies: int, expected: NoReappointment | None
) -> None:
    assert why_no_reappointment(DUE, apologised_on, new_due_on, apologies) is expected
