"""The appointment: the earlier of the law's deadline and the published one, and how fast."""

import time
from datetime import date, datetime, timedelta

import pytest

import reference
from reference import (
    Appointment,
    NaiveTime,
    Procedure,
    appointment,
    deadline,
    published_limit,
    statutory_limit,
)
from tests.unit.deadline_kit import CALENDAR, REF, at, pause

BIRTH, MARRIAGE, FOREIGN_MARRIAGE, LINKED = "1.001193", "1.000894", "2.000806", "3.000722"
TODAY, LETTER = date(2026, 11, 24), date(2021, 10, 12)


def procedure(code: str, on: date) -> Procedure:
    found = REF.procedure(code, on)
    assert found is not None
    return found


def appointed(code: str, on: date, received: str, *pauses: reference.Pause) -> Appointment | None:
    return appointment(REF, procedure(code, on), on, at(received), CALENDAR, pauses)


def test_given_a_published_limit_that_is_shorter_then_it_is_the_appointment() -> None:
    found = appointed(FOREIGN_MARRIAGE, TODAY, "2026-11-25 09:00")
    law = statutory_limit(REF, procedure(FOREIGN_MARRIAGE, TODAY), TODAY)
    own = published_limit(REF, procedure(FOREIGN_MARRIAGE, TODAY), TODAY)
    assert law is not None
    assert own is not None

    statutory = deadline(at("2026-11-25 09:00"), law, CALENDAR)
    published = deadline(at("2026-11-25 09:00"), own, CALENDAR)
    assert found == Appointment(published, statutory, published)
    assert (published.due_on, statutory.due_on) == (date(2026, 11, 30), date(2026, 12, 10))


def test_given_a_published_limit_that_is_longer_then_the_law_is_the_appointment() -> None:
    found = appointed(MARRIAGE, TODAY, "2026-11-25 09:00")

    assert found is not None
    assert found.published is not None
    assert found.due == found.statutory
    assert found.due.due_at == at("2026-11-25 17:00")
    assert found.published.due_at == at("2026-11-26 17:00")


def test_given_both_end_together_then_the_law_is_the_appointment() -> None:
    found = appointed(MARRIAGE, TODAY, "2026-11-25 15:30")

    assert found is not None
    assert found.published is not None
    assert found.due is found.statutory
    assert found.due.due_at == found.published.due_at == at("2026-11-26 17:00")


@pytest.mark.parametrize(
    ("code", "on", "received", "due"),
    [
        (BIRTH, date(2016, 1, 4), "2016-01-04 09:00", "2016-01-04 17:00"),
        (BIRTH, LETTER, "2021-10-12 15:01", "2021-10-13 17:00"),
        (BIRTH, date(2022, 4, 1), "2022-04-01 09:00", "2022-04-01 17:00"),
        (FOREIGN_MARRIAGE, LETTER, "2021-10-12 09:00", "2021-10-27 17:00"),
        (FOREIGN_MARRIAGE, date(2025, 7, 1), "2025-07-01 09:00", "2025-07-07 17:00"),
        (BIRTH, TODAY, "2026-11-23 15:30", "2026-11-25 17:00"),
        (BIRTH, date(2027, 3, 1), "2027-03-01 09:00", "2027-03-02 09:00"),
        (MARRIAGE, date(2027, 3, 1), "2027-03-01 09:00", "2027-03-02 09:00"),
    ],
)
def test_given_a_regime_then_its_law_and_its_published_limit_decide(
    code: str, on: date, received: str, due: str
) -> None:
    found = appointed(code, on, received)

    assert found is not None
    assert found.due.due_at == at(due)


def test_given_the_law_of_the_submission_day_then_a_later_reception_does_not_change_it() -> None:
    old = appointed(BIRTH, date(2027, 2, 28), "2027-03-01 09:00")

    assert old is not None
    assert old.due.due_at == at("2027-03-01 17:00")


def test_given_an_appointment_then_its_steps_tell_moments_as_people_write_them() -> None:
    found = appointed(BIRTH, TODAY, "2026-11-25 09:00")

    assert found is not None
    assert [step.note_en for step in found.due.steps] == [
        "Received at 09:00 on Wednesday 2026-11-25; limit: the same working day",
        "Due at 17:00 on Wednesday 2026-11-25",
    ]


def test_given_a_pause_then_both_deadlines_move() -> None:
    stop = pause(at("2026-11-26 09:00"), at("2026-12-01 09:00"))
    before = appointed(FOREIGN_MARRIAGE, TODAY, "2026-11-25 09:00")
    after = appointed(FOREIGN_MARRIAGE, TODAY, "2026-11-25 09:00", stop)

    assert before is not None
    assert after is not None
    assert before.statutory is not None
    assert after.statutory is not None
    assert after.due.due_at > before.due.due_at
    assert after.statutory.due_at > before.statutory.due_at


def test_given_no_limit_is_known_then_there_is_no_appointment() -> None:
    assert appointed(LINKED, TODAY, "2026-11-25 09:00") is None


def test_given_only_a_published_limit_then_it_is_the_appointment() -> None:
    law = procedure(FOREIGN_MARRIAGE, TODAY)
    none = {"limit_value": None, "limit_unit": None, "limit_confidence": None, "limit_source": None}
    only = law.model_copy(update=none)

    found = appointment(REF, only, TODAY, at("2026-11-25 09:00"), CALENDAR)

    assert found is not None
    assert (found.statutory, found.due) == (None, found.published)


def test_given_a_moment_without_a_zone_then_it_is_refused_though_the_same_was_asked_with_one() -> (
    None
):
    aware = at("2026-11-25 09:00")
    appointment(REF, procedure(BIRTH, TODAY), TODAY, aware, CALENDAR)

    with pytest.raises(NaiveTime):
        appointment(REF, procedure(BIRTH, TODAY), TODAY, aware.replace(tzinfo=None), CALENDAR)


def test_given_equal_questions_then_the_remembered_answer_is_the_same_value() -> None:
    first, second = (appointed(BIRTH, TODAY, "2026-11-25 09:00") for _ in range(2))

    assert first is not None
    assert second is not None
    assert first.due is second.due
    assert statutory_limit(REF, procedure(BIRTH, TODAY), TODAY) is statutory_limit(
        REF, procedure(BIRTH, TODAY), TODAY
    )


def decided_in_a_second(moments: list[datetime]) -> float:
    on = date(2026, 3, 2)
    rows = [row for row in REF.procedures if row.is_valid(on) and row.limit_value is not None]
    started = time.process_time()
    for number, moment in enumerate(moments):
        appointment(REF, rows[number % len(rows)], on, moment, CALENDAR)
    return len(moments) / (time.process_time() - started)


def test_given_no_two_moments_alike_then_thousands_are_decided_in_a_second() -> None:
    first = at("2026-03-02 07:00")
    moments = [first + timedelta(minutes=37, microseconds=1) * n for n in range(5000)]

    # 50,000 and more on an idle core, which shares its caches with nobody; a tenth of it here.
    assert decided_in_a_second(moments) > 5000
