"""A step of a deadline, in the words of the citizen and of the engineer."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache

#: Vietnam's civil time; the country has had no other offset since 1975.
VIETNAM = timezone(timedelta(hours=7), "ICT")
WEEKDAYS_VI = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")
WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class StepKind(StrEnum):
    """What a step does to a deadline."""

    RECEIVED = "received"
    FIRST_DAY = "first_day"
    CUT_OFF = "cut_off"
    CLOSED = "closed"
    CARRIED_OVER = "carried_over"
    DAY_OFF = "day_off"
    DAY_WORKED = "day_worked"
    MOVED = "moved"
    PAUSED = "paused"
    CALENDAR_UNKNOWN = "calendar_unknown"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Step:
    """One reason why a deadline is when it is, from a moment to a moment (the same for a point).

    The notes are sentences without the full stop; `assumed` marks what was not confirmed.
    """

    kind: StepKind
    from_at: datetime
    to_at: datetime
    note_vi: str
    note_en: str
    source: str
    assumed: bool = False


def day_vi(on: date) -> str:
    """Return a day in Vietnamese: `Thứ Ba, 24/11/2026`."""
    return _day_vi(on.toordinal())


def weekday_en(on: date) -> str:
    """Return the day of the week, short: `Tue`."""
    return WEEKDAYS_EN[on.weekday()][:3]


def day_en(on: date) -> str:
    """Return a day in English: `Tuesday 2026-11-24`."""
    return _day_en(on.toordinal())


# The days of many deadlines are few; a moment of a day is the same day.
@lru_cache(maxsize=4096)
def _day_vi(ordinal: int) -> str:
    on = date.fromordinal(ordinal)
    return f"{WEEKDAYS_VI[on.weekday()]}, {on.day:02d}/{on.month:02d}/{on.year}"


@lru_cache(maxsize=4096)
def _day_en(ordinal: int) -> str:
    on = date.fromordinal(ordinal)
    return f"{WEEKDAYS_EN[on.weekday()]} {on.isoformat()}"


def moment_vi(at: datetime) -> str:
    """Return a moment in Vietnamese, seconds where there are any: `15:30 Thứ Ba, 24/11/2026`."""
    return f"{_clock(at)} {day_vi(at)}"


def moment_en(at: datetime) -> str:
    """Return a moment in English, seconds where there are any: `15:30 on Tuesday 2026-11-24`."""
    return f"{_clock(at)} on {day_en(at)}"


def _clock(at: datetime) -> str:
    seconds = f":{at.second:02d}" if at.second or at.microsecond else ""
    return f"{at.hour:02d}:{at.minute:02d}{seconds}"
