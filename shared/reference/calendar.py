"""The working calendar of a province: which days and hours its offices work, and why."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reference.calendar_rows import CalendarDay, DayKind, InForce, WorkingHours
from reference.steps import VIETNAM, Step, StepKind, day_en, day_vi
from reference.tables import Table

EVERY_PROVINCE = "*"
ONE_DAY = timedelta(days=1)
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Day:
    """A day in one province: when its offices are open (never on a day off), in order.

    `note` says why it is off, or why it is worked although its weekday is not.
    """

    on: date
    sessions: tuple[tuple[datetime, datetime], ...]
    note: Step | None

    @property
    def opening(self) -> datetime:
        """Return when the offices open; IndexError on a day off."""
        return self.sessions[0][0]

    @property
    def closing(self) -> datetime:
        """Return when the offices close; IndexError on a day off."""
        return self.sessions[-1][1]


class Calendar:
    """The days of one province; every answer depends on the rows given and the day alone.

    `version` names the rows: 12 hexadecimal digits of the SHA-256 over those that apply.
    """

    def __init__(self, days: Iterable[CalendarDay], hours: Sequence[WorkingHours]) -> None:
        """Take the days, the last of one date wins, and the hours, the first valid row wins.

        Days that are not in force are left out; `hours` has at least one row.
        """
        self._rows = {row.day: row for row in days if row.in_force is not InForce.NO}
        self._hours = tuple(hours)
        years = [day.year for day in self._rows]
        self._years = range(min(years, default=1), max(years, default=0) + 1)
        self.version = _version([*(self._rows[day] for day in sorted(self._rows)), *self._hours])
        # Only a memory of answers: a day asked twice is the same day.
        self._days: dict[date, Day] = {}

    def day(self, on: date) -> Day:
        """Return that day with its hours and, if it is unusual, why."""
        known = self._days.get(on)
        if known is None:
            known = self._days[on] = self._make_day(on)
        return known

    def is_working_day(self, on: date) -> bool:
        """Return whether the offices work on that day."""
        return bool(self.day(on).sessions)

    def is_known(self, on: date) -> bool:
        """Return whether the rows say anything of that day's year."""
        return on.year in self._years

    def next_working_day(self, on: date) -> date:
        """Return the first working day after that day."""
        on += ONE_DAY
        while not self.day(on).sessions:
            on += ONE_DAY
        return on

    def last_working_day(self, on: date) -> date:
        """Return that day if it is a working day, else the last one before it."""
        while not self.day(on).sessions:
            on -= ONE_DAY
        return on

    def working_time(self, from_at: datetime, to_at: datetime) -> timedelta:
        """Return how long the offices are open from one moment to another; none if it is before."""
        total, on, last = NOTHING, from_at.astimezone(VIETNAM).date(), to_at.astimezone(VIETNAM)
        while on <= last.date():
            for begin, end in self.day(on).sessions:
                total += max(min(end, to_at) - max(begin, from_at), NOTHING)
            on += ONE_DAY
        return total

    def _make_day(self, on: date) -> Day:
        row = self._rows.get(on)
        hours = next((one for one in self._hours if one.is_valid(on)), self._hours[-1])
        usual = on.isoweekday() in hours.weekdays
        works = usual if row is None else row.kind is DayKind.SWAP_WORK
        if not works:
            return Day(on, (), _note(on, row, hours))
        sessions = tuple(
            (datetime.combine(on, begin, VIETNAM), datetime.combine(on, end, VIETNAM))
            for begin, end in hours.sessions
        )
        return Day(on, sessions, None if row is None else _note(on, row, hours))


def calendars_of(days: Table[CalendarDay], hours: Table[WorkingHours]) -> Mapping[str, Calendar]:
    """Return a calendar for every province that has rows of its own, and `*` for the others.

    A province's own row of a day goes before the one of all provinces, as its hours do.
    """
    national_days, national_hours = days.history(EVERY_PROVINCE), hours.history(EVERY_PROVINCE)
    calendars = {EVERY_PROVINCE: Calendar(national_days, national_hours)}
    for code in {row.province_code or EVERY_PROVINCE for row in (*days, *hours)}:
        if code != EVERY_PROVINCE:
            own_days = [row for row in days.history(code) if row.in_force is not InForce.NO]
            own_hours = hours.history(code)
            calendars[code] = Calendar((*national_days, *own_days), (*own_hours, *national_hours))
    return calendars


def _note(on: date, row: CalendarDay | None, hours: WorkingHours) -> Step:
    """Return why a day is off, or worked although its weekday is off."""
    begins = datetime.combine(on, datetime.min.time(), VIETNAM)
    if row is None:
        return Step(
            StepKind.DAY_OFF,
            begins,
            begins + ONE_DAY,
            f"{day_vi(on)} là ngày nghỉ hằng tuần",
            f"{day_en(on)} is a weekly day off",
            hours.source,
        )
    works, assumed = row.kind is DayKind.SWAP_WORK, row.in_force is InForce.ASSUMED
    return Step(
        StepKind.DAY_WORKED if works else StepKind.DAY_OFF,
        begins,
        begins + ONE_DAY,
        f"{day_vi(on)} là ngày {'làm việc' if works else 'nghỉ'}: {row.name_vi}"
        + (f" (giả định: {row.doubt_vi})" if assumed else ""),
        f"{day_en(on)} is a {'working day' if works else 'day off'}: {row.name_en}"
        + (f" (assumed: {row.doubt_en})" if assumed else ""),
        row.source,
        assumed,
    )


def _version(rows: Iterable[CalendarDay | WorkingHours]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.model_dump_json().encode() + b"\n")
    return digest.hexdigest()[:12]
