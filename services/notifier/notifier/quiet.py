"""When an SMS may wake somebody: not at night, and not on the first three days of Tết."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from contracts.model import VIETNAM, local_day
from reference import Reference
from reference.calendar import EVERY_PROVINCE
from reference.calendar_rows import InForce

#: Mùng một, hai and ba, as the calendar names them. No law says so of messages: it is ours.
_TET = frozenset({"Tết Nguyên Đán", "Mùng hai Tết Nguyên Đán", "Mùng ba Tết Nguyên Đán"})
_HOURS = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")


@dataclass(frozen=True)
class QuietHours:
    """From `begins`, inclusive, to `ends`, exclusive, in Vietnam's time; over midnight or not."""

    begins: time
    ends: time

    def opens_at(self, at: datetime, reference: Reference) -> datetime:
        """Return the first moment from `at` on that is not quiet; `at` itself if it is not."""
        while True:
            local = at.astimezone(VIETNAM)
            if is_tet(local.date(), reference):
                at = next_day(at)
            elif self._is_quiet(local.time()):
                ends = datetime.combine(local.date(), self.ends, VIETNAM)
                at = ends if ends > local else ends + timedelta(days=1)
            else:
                return at

    def _is_quiet(self, now: time) -> bool:
        if self.begins < self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends


def read_quiet(text: str) -> QuietHours | None:
    """Return the hours written as `21:00-07:00`, None for nothing; raises ValueError."""
    if not text.strip():
        return None
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError("not two times")
    hours = QuietHours(*map(time.fromisoformat, found.groups()))
    if hours.begins == hours.ends:
        raise ValueError("no hour is left")
    return hours


def is_tet(day: date, reference: Reference) -> bool:
    """Return whether it is one of the first three days of the lunar year, where that is known."""
    row = next(
        (one for one in reference.calendar_days.history(EVERY_PROVINCE) if one.day == day), None
    )
    return row is not None and row.name_vi in _TET and row.in_force is not InForce.NO


def next_day(at: datetime) -> datetime:
    """Return when the next day begins in Vietnam."""
    return datetime.combine(local_day(at) + timedelta(days=1), time(), VIETNAM)
