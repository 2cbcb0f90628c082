"""The control sheet: nothing but a projection of the log, late steps and all."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.domain.trail import TrailEntry
from routing.slips.content import ControlRow
from routing.slips.control import control_sheet, outcome
from routing.slips.wording import STEPS
from tests.unit.slips_kit import (
    LAW,
    OFFICER,
    OLD,
    UNIT,
    a_dossier,
    a_sheet,
    an_entry,
    moment,
)

DUE = moment("2026-11-24 17:00")


def test_a_row_says_who_handed_it_to_whom_when_it_was_due_and_that_it_was_late() -> None:
    sheet = a_sheet(
        an_entry("2026-11-24 08:00", "routed", unit_code=UNIT, due_at="2026-11-24 17:00"),
        an_entry(
            "2026-11-25 09:00",
            "accepted",
            actor=OFFICER,
            unit_code=UNIT,
            due_at="2026-11-27 17:00",
        ),
    )

    assert sheet.rows[1] == ControlRow(
        step="Tiếp nhận, chuyển xử lý",
        handed_by="Bộ phận Một cửa phường Sài Gòn (officer-26740)",
        received_by="Hệ thống đăng ký hộ tịch",
        at="09:00 25/11/2026",
        due="17:00 24/11/2026",
        result="quá hạn",
        note="Hẹn trả kết quả: 17:00 27/11/2026",
    )


@pytest.mark.parametrize(
    ("at", "result"),
    [
        ("2026-11-23 23:59", "trước hạn"),
        ("2026-11-24 00:00", "đúng hạn"),
        ("2026-11-24 17:00", "đúng hạn"),
        ("2026-11-24 17:01", "quá hạn"),
        ("2026-11-25 00:00", "quá hạn"),
    ],
)
def test_early_is_a_day_before_on_time_the_day_itself_late_any_time_after(
    at: str, result: str
) -> None:
    assert outcome(moment(at), DUE) == result
    assert outcome(moment(at), None) == ""


def test_a_moved_appointment_counts_from_the_event_that_moved_it_and_the_old_one_stays() -> None:
    rows = a_sheet(
        an_entry("2026-11-24 08:00", "accepted", unit_code=UNIT, due_at="2026-11-26 17:00"),
        an_entry("2026-11-25 08:00", "rescheduled", due_at="2026-11-30 17:00"),
        an_entry("2026-11-27 08:00", "registered", "registry-sync"),
    ).rows

    assert [(row.due, row.result) for row in rows] == [
        ("", ""),
        ("", ""),
        ("17:00 30/11/2026", "trước hạn"),
    ]
    assert rows[0].note == "Hẹn trả kết quả: 17:00 26/11/2026"


def test_nothing_is_due_while_a_dossier_is_stopped() -> None:
    rows = a_sheet(
        an_entry("2026-11-24 08:00", "accepted", unit_code=UNIT, due_at="2026-11-24 17:00"),
        an_entry("2026-11-24 09:00", "stopped", note="legal_obstacle"),
        an_entry("2026-12-24 09:00", "registered", "registry-sync"),
    ).rows

    assert [row.result for row in rows] == ["", "", ""]


def test_a_question_to_the_register_leaves_the_appointment_as_it_is() -> None:
    rows = a_sheet(
        an_entry("2026-11-24 08:00", "accepted", unit_code=UNIT, due_at="2026-11-24 17:00"),
        an_entry("2026-11-24 09:00", "registration_in_doubt", "registry-sync"),
        an_entry("2026-11-25 09:00", "registered", "registry-sync"),
    ).rows

    assert [row.result for row in rows] == ["", "", "quá hạn"]


def test_a_citizen_who_completes_after_the_last_day_is_late_and_the_office_is_not() -> None:
    rows = a_sheet(
        an_entry("2026-11-24 08:00", "routed", unit_code=UNIT, due_at="2026-11-24 17:00"),
        an_entry("2026-11-24 09:00", "returned", actor=OFFICER, due_at="2026-12-03 17:00"),
        an_entry("2026-12-04 09:00", "resubmitted", "intake"),
    ).rows

    assert [(row.handed_by, row.result) for row in rows[1:]] == [
        ("Bộ phận Một cửa phường Sài Gòn (officer-26740)", "đúng hạn"),
        ("Người nộp hồ sơ", "quá hạn"),
    ]


def test_a_forwarded_dossier_goes_from_the_unit_that_had_it_to_the_other() -> None:
    rows = a_sheet(
        an_entry("2026-11-24 08:00", "routed", unit_code="26737"),
        an_entry("2026-11-24 09:00", "forwarded", unit_code=UNIT, note="not_competent"),
    ).rows

    assert rows[1].handed_by != rows[1].received_by == "Bộ phận Một cửa phường Sài Gòn"


@pytest.mark.parametrize(("at", "number"), [(OLD, "05"), (moment("2026-11-24 08:00"), "06")])
def test_the_control_sheet_of_2021_is_form_05_and_that_of_2026_form_06(
    at: datetime, number: str
) -> None:
    assert a_sheet(at=at).number == number


def test_before_there_was_a_form_there_is_no_control_sheet() -> None:
    assert control_sheet((), LAW, a_dossier(), moment("2018-12-31 08:00")) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(STEPS)),
            st.integers(0, 60 * 24 * 30),
            st.none() | st.integers(0, 60 * 24 * 30),
        ),
        max_size=25,
    )
)
def test_rows_stand_in_order_of_time_one_for_each_entry_and_a_late_one_is_never_on_time(
    events: list[tuple[str, int, int | None]],
) -> None:
    start = moment("2026-11-01 00:00")
    entries = [
        TrailEntry(
            at=start + timedelta(minutes=at),
            service="routing",
            event=event,
            unit_code=UNIT,
            due_at=None if due is None else start + timedelta(minutes=due),
        )
        for event, at, due in events
    ]

    rows = a_sheet(*entries).rows

    moments = [_read(row.at) for row in rows]
    assert moments == sorted(entry.at for entry in entries)
    assert sorted(row.step for row in rows) == sorted(STEPS[one.event].name for one in entries)
    assert all((row.due == "") == (row.result == "") for row in rows)
    late = [row for row in rows if row.due and _read(row.at) > _read(row.due)]
    assert [row for row in rows if row.result == "quá hạn"] == late


def _read(text: str) -> datetime:
    return moment(datetime.strptime(text, "%H:%M %d/%m/%Y").isoformat())  # noqa: DTZ007
