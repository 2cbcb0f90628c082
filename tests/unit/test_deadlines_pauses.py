"""Pauses: the clock stands still in statuses 5, 6 and 8, and what was left counts on."""

import pytest

from reference import Deadline, LimitUnit, StepKind, deadline
from tests.unit.deadline_kit import CALENDAR, at, limit, pause

SAME_DAY, WORKING_DAY, DAY = LimitUnit.SAME_DAY, LimitUnit.WORKING_DAY, LimitUnit.DAY
WORKING_HOUR, HOUR = LimitUnit.WORKING_HOUR, LimitUnit.HOUR


def found(received: str, value: int, unit: LimitUnit, *spans: tuple[str, str]) -> Deadline:
    pauses = [pause(at(begin), at(end)) for begin, end in spans]
    return deadline(at(received), limit(value, unit), CALENDAR, pauses)


@pytest.mark.parametrize(
    ("unit", "value", "begin", "end", "due_at"),
    [
        # Monday 2026-11-16 09:00; five hours were left at 10:00.
        (SAME_DAY, 0, "2026-11-16 10:00", "2026-11-16 10:00", "2026-11-16 17:00"),
        (SAME_DAY, 0, "2026-11-16 10:00", "2026-11-17 10:00", "2026-11-17 17:00"),
        (SAME_DAY, 0, "2026-11-16 10:00", "2026-11-17 10:01", "2026-11-18 17:00"),
        (SAME_DAY, 0, "2026-11-16 12:00", "2026-11-16 13:00", "2026-11-16 17:00"),
        # Due Thursday at 17:00; 29 working hours were left on Monday at 10:00.
        (WORKING_DAY, 3, "2026-11-16 10:00", "2026-11-18 10:00", "2026-11-23 17:00"),
        (WORKING_DAY, 3, "2026-11-16 10:00", "2026-11-18 10:01", "2026-11-25 17:00"),
        (WORKING_DAY, 3, "2026-11-16 17:00", "2026-11-17 07:00", "2026-11-19 17:00"),
        (WORKING_DAY, 3, "2026-11-19 16:59", "2026-11-21 09:00", "2026-11-23 17:00"),
        (WORKING_DAY, 3, "2026-11-19 17:00", "2026-11-21 09:00", "2026-11-19 17:00"),
        # Due Friday; a day counts unless the clock stands still as it begins.
        (DAY, 4, "2026-11-17 08:00", "2026-11-17 16:00", "2026-11-20 17:00"),
        (DAY, 4, "2026-11-17 08:00", "2026-11-18 08:00", "2026-11-23 17:00"),
        (DAY, 4, "2026-11-17 08:00", "2026-11-20 08:00", "2026-11-23 17:00"),
        (DAY, 4, "2026-11-20 08:00", "2026-11-22 08:00", "2026-11-23 17:00"),
        (DAY, 4, "2026-11-20 08:00", "2026-11-25 16:59", "2026-11-25 17:00"),
        (DAY, 4, "2026-11-20 08:00", "2026-11-25 17:00", "2026-11-26 17:00"),
        (WORKING_HOUR, 8, "2026-11-16 10:00", "2026-11-16 11:00", "2026-11-17 10:00"),
        (WORKING_HOUR, 8, "2026-11-16 11:00", "2026-11-16 13:30", "2026-11-17 09:30"),
        (WORKING_HOUR, 8, "2026-11-17 08:59", "2026-11-20 17:00", "2026-11-23 07:01"),
        (WORKING_HOUR, 8, "2026-11-17 09:00", "2026-11-20 17:00", "2026-11-17 09:00"),
        (HOUR, 24, "2026-11-16 10:00", "2026-11-20 23:00", "2026-11-21 22:00"),
    ],
)
def test_what_was_left_counts_on_when_the_clock_runs_again(
    unit: LimitUnit, value: int, begin: str, end: str, due_at: str
) -> None:
    assert found("2026-11-16 09:00", value, unit, (begin, end)).due_at == at(due_at)


def test_a_pause_while_the_end_is_moved_over_a_weekend_ends_at_the_next_closing() -> None:
    on_saturday = ("2026-11-21 10:00", "2026-11-26 08:00")

    assert found("2026-11-16 09:00", 5, DAY, on_saturday).due_at == at("2026-11-26 17:00")


def test_a_pause_after_the_last_day_leaves_no_days_and_says_so() -> None:
    steps = found("2026-11-16 09:00", 5, DAY, ("2026-11-22 10:00", "2026-11-26 08:00")).steps

    assert any("khi đó còn 0 ngày," in step.note_vi for step in steps)


@pytest.mark.parametrize(
    ("resumed", "due_at"),
    [("2026-11-26 16:59", "2026-11-26 17:00"), ("2026-11-26 17:00", "2026-11-27 17:00")],
)
def test_time_given_up_to_the_closing_is_given_once_and_not_for_each_pause(
    resumed: str, due_at: str
) -> None:
    # The first pause of a minute uses the limit up at 07:01 on Wednesday; the second begins after.
    spans = (("2026-11-16 10:00", "2026-11-16 10:01"), ("2026-11-18 09:00", resumed))

    assert found("2026-11-16 09:00", 1, WORKING_DAY, *spans).due_at == at(due_at)


@pytest.mark.parametrize("status", [5, 6, 8])
def test_the_step_of_a_pause_says_when_why_and_what_was_left(status: int) -> None:
    stop = pause(at("2026-11-16 10:00"), at("2026-11-18 10:00"), status)

    steps = deadline(at("2026-11-16 09:00"), limit(3, WORKING_DAY), CALENDAR, [stop]).steps

    (step,) = [step for step in steps if step.kind is StepKind.PAUSED]
    assert (step.from_at, step.to_at) == (stop.from_at, stop.to_at)
    assert step.note_vi == (
        "Tạm dừng từ 10:00 Thứ Hai, 16/11/2026 đến 10:00 Thứ Tư, 18/11/2026 "
        f"({stop.status.name_vi}); khi đó còn 29 giờ 0 phút làm việc, tính tiếp từ lúc tiếp tục"
    )
    assert step.source == stop.status.source


@pytest.mark.parametrize(
    ("unit", "value", "left"),
    [
        (DAY, 4, "còn 4 ngày,"),
        (HOUR, 24, "còn 22 giờ 59 phút 30 giây,"),
        (WORKING_HOUR, 8, "còn 6"),
    ],
)
def test_what_was_left_is_told_in_the_unit_of_the_limit(
    unit: LimitUnit, value: int, left: str
) -> None:
    steps = found(
        "2026-11-16 09:00", value, unit, ("2026-11-16 10:00:30", "2026-11-17 10:00")
    ).steps

    assert left in next(step.note_vi for step in steps if step.kind is StepKind.PAUSED)


def test_days_off_after_the_pause_are_named_and_those_of_the_first_reckoning_are_not() -> None:
    # Without the pause the weekend of 21 November would be met; with it that of 28 November is.
    steps = found(
        "2026-11-18 09:00", 3, WORKING_DAY, ("2026-11-19 09:00", "2026-11-26 09:00")
    ).steps

    assert [(step.kind, step.from_at.day) for step in steps] == [
        (StepKind.RECEIVED, 18),
        (StepKind.FIRST_DAY, 18),
        (StepKind.PAUSED, 19),
        (StepKind.DAY_OFF, 28),
        (StepKind.DAY_OFF, 29),
        (StepKind.DUE, 30),
    ]


def test_pauses_that_overlap_come_early_or_out_of_order_are_the_time_they_cover() -> None:
    apart = found(
        "2026-11-16 09:00",
        24,
        WORKING_HOUR,
        ("2026-11-16 09:00", "2026-11-16 11:00"),
        ("2026-11-17 08:00", "2026-11-18 10:00"),
    )
    tangled = found(
        "2026-11-16 09:00",
        24,
        WORKING_HOUR,
        ("2026-11-17 09:00", "2026-11-18 10:00"),
        ("2026-11-15 09:00", "2026-11-16 11:00"),
        ("2026-11-17 08:00", "2026-11-17 09:30"),
        ("2026-11-14 08:00", "2026-11-14 09:30"),
    )

    assert tangled.due_at == apart.due_at


def test_what_is_no_pause_is_refused() -> None:
    early, late = at("2026-11-16 09:00"), at("2026-11-16 10:00")

    with pytest.raises(ValueError, match="ends after it begins"):
        pause(late, early)
    with pytest.raises(ValueError, match="does not pause in status 4"):
        pause(early, late, status=4)
