"""Builders for the tests of days and deadlines, and a slow and obvious engine beside ours."""

import csv
import shutil
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import reference
from reference import Calendar, Limit, LimitUnit, Pause
from reference.loading import DATA
from reference.steps import VIETNAM

REF = reference.load()
CALENDAR = REF.calendar("79")
SOURCE = "a law"
CUT_OFF = time(15)
EPOCH = datetime(2025, 1, 1, tzinfo=VIETNAM)
MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60
CLOSING = 17 * 60


def at(text: str) -> datetime:
    """Return a moment of Vietnamese time: `2026-11-24 15:30` or with seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def limit(value: int, unit: LimitUnit) -> Limit:
    """Return a limit; the same day with the cut-off at 15:00."""
    return Limit(value, unit, SOURCE, CUT_OFF if unit is LimitUnit.SAME_DAY else None)


def pause(from_at: datetime, to_at: datetime, status: int = 5) -> Pause:
    """Return a pause in a status of the National Portal."""
    row = REF.status(status)
    assert row is not None
    return Pause(from_at, to_at, row)


def changed_calendar(folder: Path, changes: Iterable[tuple[str, str, str]]) -> Calendar:
    """Return the calendar of province 79 after replacing text in copies of the data files."""
    return changed_reference(folder, changes).calendar("79")


def changed_reference(folder: Path, changes: Iterable[tuple[str, str, str]]) -> reference.Reference:
    """Return the reference data after replacing text, file by file, in a copy of them."""
    copy = Path(shutil.copytree(DATA, folder / "data"))
    for file, old, new in changes:
        text = (copy / file).read_text(encoding="utf-8")
        assert old in text
        (copy / file).write_text(text.replace(old, new), encoding="utf-8")
    return reference.load_from(copy)


# The slow engine counts whole minutes from EPOCH and reads the CSV file itself.


def _unusual_days() -> dict[int, bool]:
    with (DATA / "calendar_days.csv").open(encoding="utf-8", newline="") as file:
        return {
            (date.fromisoformat(row["date"]) - EPOCH.date()).days: row["kind"] == "swap_work"
            for row in csv.DictReader(file)
        }


UNUSUAL = _unusual_days()


def _works(day: int) -> bool:
    return UNUSUAL.get(day, (EPOCH + timedelta(days=day)).weekday() < 5)


def _open(minute: int) -> bool:
    day, clock = divmod(minute, DAY_MINUTES)
    return (420 <= clock < 690 or 810 <= clock < CLOSING) and _works(day)


def _always(_: int) -> bool:
    return True


def _closes(minute: int) -> bool:
    """Return whether the offices close for the day at that very minute."""
    day, clock = divmod(minute, DAY_MINUTES)
    return clock == CLOSING and _works(day)


def _walk(minute: int, left: int, counts: Callable[[int], bool]) -> int:
    while left > 0:
        left -= counts(minute)
        minute += 1
    return minute


def _opened(minute: int) -> int:
    """Return the first minute at which the offices are open, that one or one after it."""
    while not _open(minute):
        minute += 1
    return minute


def _bell(minute: int) -> int:
    """Return the first closing at that minute or after it."""
    while not _closes(minute):
        minute += 1
    return minute


def _slow_without_pause(start: int, value: int, unit: LimitUnit) -> int:
    if unit is LimitUnit.HOUR:
        return _walk(start, value * 60, _always)
    if unit is LimitUnit.WORKING_HOUR:
        return _walk(start, value * 60, _open)
    day, clock = divmod(start, DAY_MINUTES)
    if unit is LimitUnit.SAME_DAY:
        in_time = _works(day) and clock <= 15 * 60
        return _bell(start if in_time else (day + 1) * DAY_MINUTES)
    return _walk((day + 1) * DAY_MINUTES, value, _closes) - 1


def _slow_days(start: int, value: int, pauses: list[tuple[int, int]]) -> int:
    """Count the midnights at which the clock runs, then wait for a closing at which it runs."""

    def runs(minute: int) -> bool:
        return not any(begin < minute <= end for begin, end in pauses)

    minute, left = start, value
    while left > 0 or not (_closes(minute) and runs(minute)):
        minute += 1
        left -= minute % DAY_MINUTES == 0 and runs(minute)
    return minute


def slow_due(start: int, value: int, unit: LimitUnit, pauses: list[tuple[int, int]]) -> int:
    """Return the minute something is due, walking from minute to minute.

    `pauses` are in order, apart, and not before the start.
    """
    pauses = [(begin, end) for begin, end in pauses if begin < end]
    if unit is LimitUnit.DAY:
        return _slow_days(start, value, pauses)
    counts = _always if unit is LimitUnit.HOUR else _open
    to_closing = unit in (LimitUnit.SAME_DAY, LimitUnit.WORKING_DAY)
    used_up = due = _slow_without_pause(start, value, unit)
    for begin, end in pauses:
        if begin < due:
            left = sum(map(counts, range(begin, used_up)))
            used_up = _walk(end, left, counts) if left else _opened(end)
            due = _bell(used_up) if to_closing else used_up
    return due


def moment(minute: int) -> datetime:
    """Return the moment of a minute of the slow engine."""
    return EPOCH + minute * MINUTE
