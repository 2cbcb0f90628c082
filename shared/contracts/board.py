"""The board of the provinces as the one-stop tells it: counts and days, nothing personal."""

from datetime import date, datetime
from typing import Literal

from contracts.model import Contract

By = Literal["day", "week", "month"]
#: By what a dossier came: a channel, or taken over from the old road; in the order they are shown.
Road = Literal["national-portal", "provincial-portal", "moj-direct", "imported"]
#: The direct form, and what was taken over from it.
OLD_ROADS: tuple[Road, ...] = ("moj-direct", "imported")


class MoveRow(Contract):
    """A state of the move with its first and last day, both inclusive; None is open."""

    state: str
    first_on: date
    last_on: date | None
    grace_days: int
    reason: str
    source: str
    confidence: str


class MoveView(Contract):
    """The state on a day and the days that matter.

    `cut_over` is the first day on the portals alone, the last one begun or else the next;
    `direct_until` the day before, and `grace_until` the last day on which what was submitted
    before by the direct form is still taken, None without grace; `days_left` counts from the day
    to `direct_until`, 0 on it, None when it is over or not known.
    """

    state: str
    since: date
    cut_over: date | None
    direct_until: date | None
    grace_until: date | None
    days_left: int | None
    rows: tuple[MoveRow, ...]


class MovedView(Contract):
    """A province of the move that is part of another now: its state on its last day."""

    name: str
    state: str
    since: date
    last_on: date


class PeriodView(Contract):
    """How many dossiers were submitted from the first to the last day inclusive, by road."""

    first_on: date
    last_on: date
    roads: dict[str, int]


class ReasonView(Contract):
    """How often dossiers went back for a reason of the closed list, in its words."""

    kind: str
    reason: str
    text_vi: str
    text_en: str
    count: int


class PunctualityView(Contract):
    """What ended in the range, on time or late (by `late_minutes` in all), and what is open now.

    `open_late` is the part of `open` that is over its due moment at `as_of`.
    """

    on_time: int
    late: int
    late_minutes: int
    open: int
    open_late: int


class OldRoadView(Contract):
    """What came by the direct form or was taken over from there and has not ended, at `as_of`."""

    open: int
    by_road: dict[str, int]
    oldest_submitted_at: datetime | None
    oldest_days: int | None


class ProvinceView(Contract):
    """A province on the board; `totals` counts what happened in the range, by its name.

    `successor` is the province that goes on for one that is no more on the last day;
    `moved` are those of the move that it goes on for, without itself.
    """

    province_code: str
    name: str
    successor: str | None
    move: MoveView | None
    moved: tuple[MovedView, ...] = ()
    roads: dict[str, int]
    periods: tuple[PeriodView, ...]
    totals: dict[str, int]
    returns: tuple[ReasonView, ...]
    reception: PunctualityView
    appointment: PunctualityView
    old_road: OldRoadView


class BoardView(Contract):
    """The provinces the reader may see, by code, over a range of days in Vietnam, inclusive."""

    as_of: datetime
    from_on: date
    to_on: date
    by: By
    provinces: tuple[ProvinceView, ...]


class UnitView(Contract):
    """What is under way at one unit now."""

    unit_code: str
    name: str
    open: int
    statuses: dict[str, int]
    old_road: int
    late_reception: int
    late_appointment: int
    oldest_submitted_at: datetime | None
