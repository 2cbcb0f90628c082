"""The working calendar: which days are worked, which hours, and what a row changes."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from reference import BadReferenceData, Calendar, DayKind, InForce
from reference.steps import StepKind
from tests.unit.deadline_kit import CALENDAR, REF, at, changed_calendar, changed_reference

CULTURE_DAY = date(2026, 11, 24)
CULTURE_ROW = "2026-11-24,,holiday,Ngày Văn hóa Việt Nam,Vietnam Cultural Day,assumed"
HOURS_ROW = "*,1 2 3 4 5,07:00-11:30 13:30-17:00,2016-01-01,,"


def days_off(first: date, last: date, calendar: Calendar = CALENDAR) -> list[date]:
    """Return the days off of the week's working days, both ends inclusive."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5 and not calendar.is_working_day(day)]


def on(*month_days: str, year: int) -> list[date]:
    return [date.fromisoformat(f"{year}-{text}") for text in month_days]


# The days


@pytest.mark.parametrize(
    ("year", "off"),
    [
        (2018, "01-01 02-14 02-15 02-16 02-19 02-20 04-25 04-30 05-01 09-03 12-31"),
        (2021, "01-01 02-10 02-11 02-12 02-15 02-16 04-21 04-30 05-03 09-02 09-03"),
        (2022, "01-03 01-31 02-01 02-02 02-03 02-04 04-11 05-02 05-03 09-01 09-02"),
        (2024, "01-01 02-08 02-09 02-12 02-13 02-14 04-18 04-29 04-30 05-01 09-02 09-03"),
        (2025, "01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 05-02 09-01 09-02"),
        (
            2026,
            "01-01 01-02 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 08-31 09-01 09-02 11-24",
        ),
        (2027, "01-01 02-04 02-05 02-08 02-09 02-10 04-16 04-30 05-03 09-02 09-03 11-24"),
    ],
)
def test_the_days_off_of_a_year_are_those_announced(year: int, off: str) -> None:
    assert days_off(date(year, 1, 1), date(year, 12, 31)) == on(*off.split(), year=year)


def test_the_swap_of_new_year_2026_goes_before_what_the_library_says() -> None:
    days = [date(2026, 1, day) for day in (2, 3, 9, 10, 11)]

    assert [CALENDAR.is_working_day(day) for day in days] == [False, False, True, True, False]


def test_every_swap_has_a_day_off_in_the_week_and_a_weekend_day_worked() -> None:
    rows = {row.day: row for row in REF.calendar_days}
    off = {day for day, row in rows.items() if row.kind is DayKind.SWAP_OFF}
    worked = {day for day, row in rows.items() if row.kind is DayKind.SWAP_WORK}

    assert len(off) == len(worked) == 6
    assert all(day.weekday() < 5 for day in off)
    assert all(day.weekday() >= 5 for day in worked)
    assert {rows[day].name_vi[-10:] for day in off} == {f"{day:%d/%m/%Y}" for day in worked}
    assert {rows[day].name_vi[-10:] for day in worked} == {f"{day:%d/%m/%Y}" for day in off}


def test_a_compensation_is_a_day_that_would_have_been_worked() -> None:
    compensations = [r for r in REF.calendar_days if r.kind is DayKind.COMPENSATION]

    assert len(compensations) > 20
    assert all(row.day.weekday() < 5 for row in compensations)


def test_every_year_is_covered_and_only_unannounced_days_are_assumed() -> None:
    years = Counter(row.day.year for row in REF.calendar_days)
    assumed = [row.day for row in REF.calendar_days if row.in_force is InForce.ASSUMED]

    assert sorted(years) == list(range(2016, 2028))
    assert {day.year for day in assumed} == {2026, 2027}
    assert [day for day in assumed if day.year == 2026] == [CULTURE_DAY]


def test_a_year_without_rows_is_not_known() -> None:
    days = [date(2015, 12, 31), date(2016, 1, 1), date(2027, 12, 31), date(2028, 1, 1)]

    assert [CALENDAR.is_known(day) for day in days] == [False, True, True, False]
    assert days_off(date(2028, 1, 1), date(2028, 12, 31)) == []


def test_a_day_off_says_why_in_both_languages_and_whether_it_is_assumed() -> None:
    note = CALENDAR.day(CULTURE_DAY).note

    assert note is not None
    assert (note.kind, note.assumed) == (StepKind.DAY_OFF, True)
    assert note.note_vi == (
        "Thứ Ba, 24/11/2026 là ngày nghỉ: Ngày Văn hóa Việt Nam "
        "(giả định: chưa thấy văn bản luật cho nghỉ ngày 24/11)"
    )
    assert note.note_en == (
        "Tuesday 2026-11-24 is a day off: Vietnam Cultural Day "
        "(assumed: no enacted text that makes 24 November a day off was found)"
    )
    assert (note.from_at, note.to_at) == (at("2026-11-24 00:00"), at("2026-11-25 00:00"))


@pytest.mark.parametrize(
    ("day", "kind", "says"),
    [
        (date(2026, 11, 21), StepKind.DAY_OFF, "Thứ Bảy, 21/11/2026 là ngày nghỉ hằng tuần"),
        (
            date(2026, 8, 22),
            StepKind.DAY_WORKED,
            "Thứ Bảy, 22/08/2026 là ngày làm việc: Làm việc hoán đổi cho ngày 31/08/2026",
        ),
    ],
)
def test_a_weekend_and_a_swapped_day_say_why(day: date, kind: StepKind, says: str) -> None:
    note = CALENDAR.day(day).note

    assert note is not None
    assert (note.kind, note.note_vi, note.assumed) == (kind, says, False)
    assert note.source


def test_an_ordinary_working_day_needs_no_reason() -> None:
    assert CALENDAR.day(date(2026, 11, 23)).note is None


def test_the_working_days_before_and_after_a_day_off_are_found() -> None:
    new_year = date(2026, 1, 1)

    assert CALENDAR.next_working_day(new_year) == date(2026, 1, 5)
    assert CALENDAR.next_working_day(date(2026, 1, 5)) == date(2026, 1, 6)
    assert CALENDAR.last_working_day(date(2026, 1, 4)) == date(2025, 12, 31)
    assert CALENDAR.last_working_day(date(2026, 1, 5)) == date(2026, 1, 5)


# The hours


def test_a_working_day_has_eight_hours_and_a_day_off_none() -> None:
    day = CALENDAR.day(date(2026, 11, 23))

    assert (day.opening, day.closing) == (at("2026-11-23 07:00"), at("2026-11-23 17:00"))
    assert CALENDAR.working_time(at("2026-11-23 00:00"), at("2026-11-24 00:00")) == timedelta(
        hours=8
    )
    assert CALENDAR.day(date(2026, 11, 22)).sessions == ()


@pytest.mark.parametrize(
    ("begin", "end", "minutes"),
    [
        ("2026-11-23 11:29", "2026-11-23 13:31", 2),
        ("2026-11-23 11:30", "2026-11-23 13:30", 0),
        ("2026-11-20 16:59", "2026-11-23 07:01", 2),
        ("2026-11-23 12:00", "2026-11-23 09:00", 0),
    ],
)
def test_working_time_leaves_out_lunch_nights_and_days_off(
    begin: str, end: str, minutes: int
) -> None:
    assert CALENDAR.working_time(at(begin), at(end)) == timedelta(minutes=minutes)


def test_a_province_may_have_its_own_hours_from_a_day_and_its_own_days_off(tmp_path: Path) -> None:
    own_hours = "79,1 2 3 4 5 6,07:30-11:30 13:00-17:00,2026-12-01,2026-12-31,a decision,found\n"
    own_day = "2026-12-07,79,holiday,Ngày hội,Feast,yes,,,,a decision,found\n"
    changed = changed_reference(
        tmp_path,
        [
            ("working_hours.csv", HOURS_ROW, own_hours + HOURS_ROW),
            ("calendar_days.csv", "2027-01-01,", own_day + "2027-01-01,"),
        ],
    )

    own, other = changed.calendar("79"), changed.calendar("48")
    saturday = date(2026, 12, 5)
    assert (own.is_working_day(saturday), other.is_working_day(saturday)) == (True, False)
    assert own.day(saturday).opening == at("2026-12-05 07:30")
    assert own.day(date(2026, 11, 30)).opening == at("2026-11-30 07:00")
    assert own.day(date(2027, 1, 4)).opening == at("2027-01-04 07:00")
    assert days_off(date(2026, 12, 1), date(2027, 1, 1), own) == [
        date(2026, 12, 7),
        date(2027, 1, 1),
    ]
    assert days_off(date(2026, 12, 1), date(2027, 1, 1), other) == [date(2027, 1, 1)]
    assert own.version != other.version


def test_one_session_is_enough_for_a_working_day(tmp_path: Path) -> None:
    changed = changed_calendar(tmp_path, [("working_hours.csv", " 13:30-17:00", "")])

    assert changed.day(date(2026, 11, 25)).closing == at("2026-11-25 11:30")


def test_a_province_may_work_on_a_day_that_is_off_elsewhere(tmp_path: Path) -> None:
    own_day = "2026-11-24,79,swap_work,Làm việc,Worked,yes,,,,a decision,found\n"
    changed = changed_reference(
        tmp_path, [("calendar_days.csv", CULTURE_ROW, own_day + CULTURE_ROW)]
    )

    assert changed.calendar("79").is_working_day(CULTURE_DAY)
    assert not changed.calendar("48").is_working_day(CULTURE_DAY)


def test_a_province_without_rows_has_the_calendar_of_all() -> None:
    assert REF.calendar("79") is REF.calendar("*") is REF.calendar("no such province")


# The switch and the version


@pytest.mark.parametrize(("switch", "works"), [("yes", False), ("no", True)])
def test_the_switch_of_a_day_is_in_its_row(tmp_path: Path, switch: str, works: bool) -> None:
    row = CULTURE_ROW.replace("assumed", switch)
    changed = changed_calendar(tmp_path, [("calendar_days.csv", CULTURE_ROW, row)])

    assert changed.is_working_day(CULTURE_DAY) is works
    assert changed.version != CALENDAR.version
    note = changed.day(CULTURE_DAY).note
    assert note is None or not note.assumed


def test_the_version_is_of_the_rows_that_apply_and_of_no_others(tmp_path: Path) -> None:
    own_day = "2026-12-07,48,holiday,Ngày hội,Feast,yes,,,,a decision,found\n"
    unused = "2026-12-08,,holiday,Ngày hội,Feast,no,,,,a decision,found\n"
    changed = changed_reference(
        tmp_path, [("calendar_days.csv", "2027-01-01,", own_day + unused + "2027-01-01,")]
    )

    assert len(CALENDAR.version) == 12
    assert changed.calendar("79").version == CALENDAR.version
    assert changed.calendar("48").version != CALENDAR.version


# Bad rows


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("calendar_days.csv", "2026-01-02,", "2026-01-32,", "valid_from: Input should be a valid"),
        ("calendar_days.csv", "2026-01-02,", "2026-01-01,", "rows 146 and 147: overlapping"),
        ("calendar_days.csv", "2026-01-02,,swap_off", "2026-01-02,,bridge", "kind: Input"),
        (
            "calendar_days.csv",
            "chưa thấy văn bản luật cho nghỉ ngày 24/11,",
            ",",
            "says why it is in doubt",
        ),
        ("calendar_days.csv", "yes,,,2025-12-25", "assumed,,,2025-12-25", "says why it is in do"),
        ("working_hours.csv", "11:30 13:30", "13:30 11:30", "begins after the one before"),
        ("working_hours.csv", "1 2 3 4 5", "", "weekdays: Tuple should have at least 1"),
        ("working_hours.csv", "1 2 3 4 5", "0 1", "greater than or equal to 1"),
        ("working_hours.csv", "07:00-11:30 13:30-17:00", "07:00", "sessions.0"),
        ("working_hours.csv", "2016-01-01,,", "2016-01-01,2027-12-31,", "there is no open row *"),
        ("time_limits.csv", "prompt,*,24", "prompt,*,0", "a limit is at least 1"),
        ("time_limits.csv", 'hour,,"24', 'hour,15:00,"24', "only the same day has a cut-off"),
        ("time_limits.csv", "2027-03-01,,Lu", "2027-02-28,,Lu", "overlapping validity"),
        ("time_limits.csv", "reception,*", "arrival,*", "stage: Input should be"),
    ],
)
def test_rows_that_contradict_themselves_are_refused_with_file_and_row(
    tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    with pytest.raises(BadReferenceData) as caught:
        changed_reference(tmp_path, [(file, old, new)])

    assert str(caught.value).startswith(f"{file}, row")
    assert message in str(caught.value)
