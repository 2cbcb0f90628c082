"""The steps that explain a deadline, one function for each, and how a citizen reads them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from reference.calendar import Calendar
from reference.limits import Limit
from reference.rows import LimitUnit, Status
from reference.steps import Step, StepKind, day_en, day_vi, moment_en, moment_vi

FIRST_DAY_SOURCE = "BLDS 2015, Điều 147"
LAST_DAY_SOURCE = "BLDS 2015, Điều 148"
LIMITS = {
    LimitUnit.SAME_DAY: ("ngay trong ngày làm việc", "the same working day"),
    LimitUnit.WORKING_DAY: ("{} ngày làm việc", "{} working days"),
    LimitUnit.DAY: ("{} ngày", "{} calendar days"),
    LimitUnit.WORKING_HOUR: ("{} giờ làm việc", "{} working hours"),
    LimitUnit.HOUR: ("{} giờ liên tục", "{} hours on end"),
}


def received(at: datetime, limit: Limit) -> Step:
    """Return the step that says when counting starts and what the limit is."""
    in_vi, in_en = LIMITS[limit.unit]
    note_vi = f"Nhận lúc {moment_vi(at)}; thời hạn: {in_vi.format(limit.value)}"
    note_en = f"Received at {moment_en(at)}; limit: {in_en.format(limit.value)}"
    assumed = limit.assumption_vi is not None
    if assumed:
        note_vi += f" (giả định: {limit.assumption_vi})"
        note_en += f" (assumed: {limit.assumption_en})"
    return Step(StepKind.RECEIVED, at, at, note_vi, note_en, limit.source, assumed)


def first_day(at: datetime) -> Step:
    """Return the step that says the day of reception is not counted."""
    note_vi = f"Không tính ngày nhận ({day_vi(at)})"
    note_en = f"The day of reception, {day_en(at)}, is not counted"
    return Step(StepKind.FIRST_DAY, at, at, note_vi, note_en, FIRST_DAY_SOURCE)


def cut_off(at: datetime, limit: Limit) -> Step:
    """Return the step that says it was received after the hour set for the same day."""
    note_vi = f"Nhận sau {limit.cut_off:%H:%M} nên chuyển sang ngày làm việc tiếp theo"
    note_en = f"Received after {limit.cut_off:%H:%M}, so moved to the next working day"
    return Step(StepKind.CUT_OFF, at, at, note_vi, note_en, limit.source)


def closed(at: datetime, limit: Limit) -> Step:
    """Return the step that says it was received when the offices were done for the day."""
    note_vi = "Nhận ngoài giờ làm việc nên tính như nhận vào ngày làm việc tiếp theo"
    note_en = "Received outside office hours, so treated as received on the next working day"
    return Step(StepKind.CLOSED, at, at, note_vi, note_en, limit.source)


def carried_over(from_at: datetime, to_at: datetime, limit: Limit) -> Step:
    """Return the step that says a lunch, a night or days off are not working hours."""
    note_vi = f"Ngoài giờ làm việc, không tính: từ {moment_vi(from_at)} đến {moment_vi(to_at)}"
    note_en = f"Outside office hours, not counted: {moment_en(from_at)} to {moment_en(to_at)}"
    return Step(StepKind.CARRIED_OVER, from_at, to_at, note_vi, note_en, limit.source)


def moved(from_at: datetime, to_at: datetime) -> Step:
    """Return the step that says the last day is a day off, or its hours are over."""
    note_vi = (
        f"Ngày cuối ({day_vi(from_at)}) là ngày nghỉ hoặc đã hết giờ làm việc "
        f"nên chuyển sang ngày làm việc tiếp theo ({day_vi(to_at)})"
    )
    note_en = (
        f"The last day, {day_en(from_at)}, is a day off or its hours are over, "
        f"so moved to the next working day, {day_en(to_at)}"
    )
    return Step(StepKind.MOVED, from_at, to_at, note_vi, note_en, LAST_DAY_SOURCE)


def paused(
    from_at: datetime, to_at: datetime, status: Status, remaining: timedelta, limit: Limit
) -> Step:
    """Return the step that says the clock stood still, why, and what was left of the limit."""
    left_vi, left_en = _left(remaining, limit.unit)
    note_vi = (
        f"Tạm dừng từ {moment_vi(from_at)} đến {moment_vi(to_at)} ({status.name_vi}); "
        f"khi đó còn {left_vi}, tính tiếp từ lúc tiếp tục"
    )
    note_en = (
        f"Paused from {moment_en(from_at)} to {moment_en(to_at)} ({status.name_en}); "
        f"{left_en} left then, counted on from there"
    )
    return Step(StepKind.PAUSED, from_at, to_at, note_vi, note_en, status.source)


def _left(remaining: timedelta, unit: LimitUnit) -> tuple[str, str]:
    if unit is LimitUnit.DAY:
        return f"{remaining.days} ngày", f"{remaining.days} calendar days"
    minutes, seconds = divmod(int(remaining.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    seconds_vi, seconds_en = (f" {seconds} giây", f" {seconds} s") if seconds else ("", "")
    work_vi, work_en = ("", "") if unit is LimitUnit.HOUR else (" làm việc", " of working time")
    return (
        f"{hours} giờ {minutes} phút{seconds_vi}{work_vi}",
        f"{hours} h {minutes} min{seconds_en}{work_en}",
    )


def calendar_unknown(at: datetime, calendar: Calendar) -> Step:
    """Return the step that says the calendar has no days off for that year yet."""
    note_vi = f"Chưa có lịch nghỉ lễ năm {at.year}; mới chỉ trừ ngày nghỉ hằng tuần"
    note_en = f"The days off of {at.year} are not known yet; only weekends were left out"
    source = f"calendar {calendar.version}"
    return Step(StepKind.CALENDAR_UNKNOWN, at, at, note_vi, note_en, source, assumed=True)


@lru_cache(maxsize=4096)
def due(at: datetime, limit: Limit) -> Step:
    """Return the last step: the moment the limit ends."""
    note_vi, note_en = f"Hết thời hạn lúc {moment_vi(at)}", f"Due at {moment_en(at)}"
    return Step(StepKind.DUE, at, at, note_vi, note_en, limit.source)


def sentences(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return the steps as Vietnamese sentences, in order, each with its legal source."""
    return tuple(f"{step.note_vi} (căn cứ: {step.source})." for step in steps)
