"""Deadlines: the worked cases, each boundary from both sides, and the steps in full."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from reference import Deadline, Limit, LimitUnit, NaiveTime, StepKind, deadline, sentences
from tests.unit.deadline_kit import CALENDAR, REF, SOURCE, at, changed_calendar, limit, pause

SAME_DAY, WORKING_DAY, DAY = LimitUnit.SAME_DAY, LimitUnit.WORKING_DAY, LimitUnit.DAY
WORKING_HOUR, HOUR = LimitUnit.WORKING_HOUR, LimitUnit.HOUR
ASSUMED = "Vietnam Cultural Day,assumed"


def due(received: str, value: int, unit: LimitUnit) -> str:
    found = deadline(at(received), limit(value, unit), CALENDAR)
    return f"{found.due_at:%Y-%m-%d %H:%M:%S}".removesuffix(":00")


def kinds(found: Deadline) -> list[StepKind]:
    return [step.kind for step in found.steps]


# The worked cases


@pytest.mark.parametrize(
    ("switch", "due_on"),
    [
        ("assumed", date(2026, 11, 25)),
        ("yes", date(2026, 11, 25)),
        ("no", date(2026, 11, 24)),
    ],
)
def test_case_a_after_the_cut_off_on_the_eve_of_24_november(
    tmp_path: Path, switch: str, due_on: date
) -> None:
    row = ASSUMED.replace("assumed", switch)
    calendar = changed_calendar(tmp_path, [("calendar_days.csv", ASSUMED, row)])

    found = deadline(at("2026-11-23 15:30"), limit(0, SAME_DAY), calendar)

    assert (found.due_on, found.assumed) == (due_on, switch == "assumed")


@pytest.mark.parametrize(
    ("received", "value", "due_on"),
    [
        ("2026-02-12 09:00", 1, date(2026, 2, 13)),
        ("2026-02-12 09:00", 2, date(2026, 2, 23)),
        ("2026-02-12 09:00", 3, date(2026, 2, 24)),
        ("2025-12-31 09:00", 1, date(2026, 1, 5)),
        ("2026-08-21 09:00", 5, date(2026, 8, 27)),
        ("2026-08-21 09:00", 8, date(2026, 9, 4)),
    ],
)
def test_cases_b_c_and_d_over_tet_new_year_and_the_swap_of_august(
    received: str, value: int, due_on: date
) -> None:
    assert deadline(at(received), limit(value, WORKING_DAY), CALENDAR).due_on == due_on


# Boundaries


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("2026-11-19 00:00", "2026-11-19 17:00"),
        ("2026-11-19 06:59:59", "2026-11-19 17:00"),
        ("2026-11-19 12:00", "2026-11-19 17:00"),
        ("2026-11-19 15:00:00", "2026-11-19 17:00"),
        ("2026-11-19 15:00:01", "2026-11-20 17:00"),
        ("2026-11-20 15:00:01", "2026-11-23 17:00"),
        ("2026-11-20 23:59:59", "2026-11-23 17:00"),
        ("2026-11-21 09:00", "2026-11-23 17:00"),
        ("2026-11-22 16:00", "2026-11-23 17:00"),
        ("2026-12-31 15:00", "2026-12-31 17:00"),
        ("2026-12-31 15:00:01", "2027-01-04 17:00"),
        ("2026-01-10 10:00", "2026-01-10 17:00"),
    ],
)
def test_the_same_day_ends_at_closing_and_after_15_00_on_the_next_working_day(
    received: str, expected: str
) -> None:
    assert due(received, 0, SAME_DAY) == expected


@pytest.mark.parametrize(
    ("received", "due_at"),
    [
        ("2026-11-19 15:00:01", "2026-11-19 17:00"),
        ("2026-11-19 16:59:59", "2026-11-19 17:00"),
        ("2026-11-19 17:00:00", "2026-11-20 17:00"),
        ("2026-11-21 09:00:00", "2026-11-23 17:00"),
    ],
)
def test_the_same_day_without_a_cut_off_lasts_until_the_offices_close(
    received: str, due_at: str
) -> None:
    reception = Limit(0, SAME_DAY, SOURCE)

    assert deadline(at(received), reception, CALENDAR).due_at == at(due_at)


@pytest.mark.parametrize(
    ("received", "value", "expected"),
    [
        ("2026-11-19 00:00", 1, "2026-11-20 17:00"),
        ("2026-11-19 23:59:59", 1, "2026-11-20 17:00"),
        ("2026-11-20 00:00", 1, "2026-11-23 17:00"),
        ("2026-11-21 10:00", 1, "2026-11-23 17:00"),
        ("2026-11-22 23:59:59", 1, "2026-11-23 17:00"),
        ("2026-12-30 16:00", 1, "2026-12-31 17:00"),
        ("2026-12-31 16:00", 1, "2027-01-04 17:00"),
        ("2026-02-13 17:00", 1, "2026-02-23 17:00"),
    ],
)
def test_working_days_count_from_the_day_after_whatever_the_hour(
    received: str, value: int, expected: str
) -> None:
    assert due(received, value, WORKING_DAY) == expected


@pytest.mark.parametrize(
    ("received", "value", "expected"),
    [
        ("2026-11-02 09:00", 15, "2026-11-17 17:00"),
        ("2026-11-05 09:00", 15, "2026-11-20 17:00"),
        ("2026-11-06 09:00", 15, "2026-11-23 17:00"),
        ("2026-11-07 23:59", 15, "2026-11-23 17:00"),
        ("2026-02-06 09:00", 7, "2026-02-13 17:00"),
        ("2026-02-07 09:00", 7, "2026-02-23 17:00"),
        ("2026-08-15 09:00", 7, "2026-08-22 17:00"),
        ("2026-12-16 09:00", 15, "2026-12-31 17:00"),
        ("2026-12-17 09:00", 15, "2027-01-04 17:00"),
    ],
)
def test_calendar_days_that_end_on_a_day_off_end_on_the_next_working_day(
    received: str, value: int, expected: str
) -> None:
    assert due(received, value, DAY) == expected


@pytest.mark.parametrize(
    ("received", "value", "expected"),
    [
        ("2026-11-19 07:00", 8, "2026-11-19 17:00"),
        ("2026-11-19 06:00", 8, "2026-11-19 17:00"),
        ("2026-11-19 07:00:01", 8, "2026-11-20 07:00:01"),
        ("2026-11-19 10:00", 8, "2026-11-20 10:00"),
        ("2026-11-19 10:30", 1, "2026-11-19 11:30"),
        ("2026-11-19 10:31", 1, "2026-11-19 13:31"),
        ("2026-11-19 11:30", 1, "2026-11-19 14:30"),
        ("2026-11-19 12:30", 1, "2026-11-19 14:30"),
        ("2026-11-19 16:00", 1, "2026-11-19 17:00"),
        ("2026-11-19 16:59", 8, "2026-11-20 16:59"),
        ("2026-11-19 17:00", 8, "2026-11-20 17:00"),
        ("2026-11-19 20:00", 8, "2026-11-20 17:00"),
        ("2026-11-20 16:00", 8, "2026-11-23 16:00"),
        ("2026-11-21 16:00", 8, "2026-11-23 17:00"),
        ("2026-02-13 16:00", 8, "2026-02-23 16:00"),
        ("2026-12-31 16:59", 1, "2027-01-04 07:59"),
    ],
)
def test_working_hours_carry_over_lunch_nights_and_days_off(
    received: str, value: int, expected: str
) -> None:
    assert due(received, value, WORKING_HOUR) == expected


def test_24_hours_go_through_nights_and_days_off() -> None:
    assert due("2027-03-05 16:59:59", 24, HOUR) == "2027-03-06 16:59:59"


# What is asked and what is answered


@pytest.mark.parametrize("unit", list(LimitUnit))
def test_the_same_moment_in_another_zone_has_the_same_deadline_in_vietnamese_time(
    unit: LimitUnit,
) -> None:
    counted = limit(0 if unit is SAME_DAY else 2, unit)
    there = datetime(2026, 11, 19, 17, 30, tzinfo=UTC)

    found = deadline(there, counted, CALENDAR)

    assert found == deadline(at("2026-11-20 00:30"), counted, CALENDAR)
    assert found.due_at.utcoffset() == at("2026-11-20 00:30").utcoffset()


def test_a_naive_moment_is_refused_also_in_a_pause() -> None:
    naive, aware = at("2026-11-19 10:00").replace(tzinfo=None), at("2026-11-19 10:00")

    with pytest.raises(NaiveTime):
        deadline(naive, limit(1, WORKING_DAY), CALENDAR)
    with pytest.raises(NaiveTime):
        pause(naive, aware)
    with pytest.raises(NaiveTime):
        pause(aware, naive)


@pytest.mark.parametrize(("value", "unit"), [(0, HOUR), (-1, DAY), (1, SAME_DAY)])
def test_a_limit_that_cannot_be_counted_is_refused(value: int, unit: LimitUnit) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        limit(value, unit)


def test_only_the_same_day_has_a_cut_off() -> None:
    with pytest.raises(ValueError, match="cut-off"):
        Limit(1, DAY, SOURCE, at("2026-11-19 15:00").time())


# The steps


def test_the_whole_explanation_of_case_a_reads_as_sentences() -> None:
    birth = Limit(0, SAME_DAY, "Luật Hộ tịch 2014, Điều 5", at("2026-11-23 15:00").time())

    found = deadline(at("2026-11-23 15:30"), birth, CALENDAR)

    assert sentences(found.steps) == (
        "Nhận lúc 15:30 Thứ Hai, 23/11/2026; thời hạn: ngay trong ngày làm việc "
        "(căn cứ: Luật Hộ tịch 2014, Điều 5).",
        "Nhận sau 15:00 nên chuyển sang ngày làm việc tiếp theo "
        "(căn cứ: Luật Hộ tịch 2014, Điều 5).",
        "Thứ Ba, 24/11/2026 là ngày nghỉ: Ngày Văn hóa Việt Nam (giả định: chưa thấy văn bản "
        "luật cho nghỉ ngày 24/11) (căn cứ: NQ 80-NQ/TW, 7/1/2026 (holidays 0.109)).",
        "Hết thời hạn lúc 17:00 Thứ Tư, 25/11/2026 (căn cứ: Luật Hộ tịch 2014, Điều 5).",
    )
    assert replace(found, steps=()) == Deadline(
        at("2026-11-25 17:00"),
        date(2026, 11, 25),
        SAME_DAY,
        0,
        (),
        CALENDAR.version,
        "Luật Hộ tịch 2014, Điều 5",
    )


def test_working_days_name_the_first_day_every_day_off_and_a_swapped_day() -> None:
    found = deadline(at("2026-08-21 09:00"), limit(8, WORKING_DAY), CALENDAR)

    off = [step.from_at.day for step in found.steps if step.kind is StepKind.DAY_OFF]
    assert off == [23, 29, 30, 31, 1, 2]
    assert kinds(found)[:3] == [StepKind.RECEIVED, StepKind.FIRST_DAY, StepKind.DAY_WORKED]


def test_calendar_days_name_days_off_only_where_they_move_the_end() -> None:
    ends_friday = deadline(at("2026-11-05 09:00"), limit(15, DAY), CALENDAR)
    ends_saturday = deadline(at("2026-11-06 09:00"), limit(15, DAY), CALENDAR)

    assert kinds(ends_friday) == [StepKind.RECEIVED, StepKind.FIRST_DAY, StepKind.DUE]
    assert kinds(ends_saturday) == [
        StepKind.RECEIVED,
        StepKind.FIRST_DAY,
        StepKind.DAY_OFF,
        StepKind.DAY_OFF,
        StepKind.MOVED,
        StepKind.DUE,
    ]


def test_working_hours_name_each_lunch_night_and_day_off_they_are_carried_over() -> None:
    found = deadline(at("2026-11-20 11:00"), limit(8, WORKING_HOUR), CALENDAR)

    spans = [(f"{s.from_at:%d %H:%M}", f"{s.to_at:%d %H:%M}") for s in found.steps[1:-1]]
    assert spans == [
        ("20 11:30", "20 13:30"),
        ("21 00:00", "22 00:00"),
        ("22 00:00", "23 00:00"),
        ("20 17:00", "23 07:00"),
    ]
    assert found.due_at == at("2026-11-23 11:00")


def test_what_comes_in_on_a_day_off_or_after_closing_says_so() -> None:
    reception = Limit(0, SAME_DAY, SOURCE)
    saturday = deadline(at("2026-11-21 10:00"), reception, CALENDAR)
    evening = deadline(at("2026-11-19 18:00"), reception, CALENDAR)

    assert [k for k in kinds(saturday) if k is not StepKind.DAY_OFF] == [
        StepKind.RECEIVED,
        StepKind.CLOSED,
        StepKind.DUE,
    ]
    assert kinds(evening) == [StepKind.RECEIVED, StepKind.CLOSED, StepKind.DUE]


@pytest.mark.parametrize(
    ("received", "known"),
    [("2027-12-30 09:00", True), ("2027-12-31 09:00", False), ("2015-12-31 09:00", False)],
)
def test_a_deadline_outside_the_years_of_the_calendar_says_so(received: str, known: bool) -> None:
    found = deadline(at(received), limit(1, WORKING_DAY), CALENDAR)

    assert (StepKind.CALENDAR_UNKNOWN in kinds(found)) is not known
    assert found.assumed is not known


def test_every_note_is_in_both_languages_and_has_a_source() -> None:
    for unit in LimitUnit:
        counted = limit(0 if unit is SAME_DAY else 5, unit)
        stop = pause(at("2026-11-20 16:00"), at("2026-11-23 08:00"))
        for step in deadline(at("2026-11-20 15:30"), counted, CALENDAR, [stop]).steps:
            assert step.note_vi
            assert step.note_en
            assert step.source


def test_the_calendar_of_the_province_decides_and_its_version_is_told() -> None:
    found = deadline(at("2026-11-19 09:00"), limit(1, WORKING_DAY), REF.calendar("79"))

    assert found.calendar_version == REF.calendar("79").version
