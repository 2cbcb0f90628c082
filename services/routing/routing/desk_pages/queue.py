"""A list of the unit as officers see it: codes, matters and days, and no person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from urllib.parse import urlencode

from contracts.model import local_day
from reference import Calendar
from routing.desk import ListName, Place
from routing.desk_pages.front import HOME, dossier_url
from routing.desk_pages.left import Left, due_of, left_of
from routing.desk_pages.names import Names
from routing.desk_store import MOST_COUNTED
from routing.domain import Case, RoutingContext, missing_papers

LISTS: tuple[ListName, ...] = get_args(ListName)


@dataclass(frozen=True)
class Tab:
    """A list with how many dossiers are on it; `more` when nobody counted to the end."""

    name: ListName
    count: int
    more: bool
    url: str
    current: bool


@dataclass(frozen=True)
class QueueRow:
    """A dossier on a list; nothing of a person."""

    url: str
    code: str
    procedure: str
    status: str
    flags: tuple[str, ...]
    missing: bool
    wants_back: bool
    submitted_at: datetime | None
    due_at: datetime | None
    left: Left


def tabs(counts: Mapping[ListName, int], current: ListName) -> tuple[Tab, ...]:
    """Return the lists in the order officers work them off."""
    return tuple(
        Tab(
            name,
            min(counts.get(name, 0), MOST_COUNTED),
            counts.get(name, 0) > MOST_COUNTED,
            list_url(name),
            name == current,
        )
        for name in LISTS
    )


def queue_rows(
    cases: Sequence[Case], context: RoutingContext, calendar: Calendar, names: Names
) -> tuple[QueueRow, ...]:
    """Return the cases as the list shows them, in their order."""
    return tuple(_row(case, context, calendar, names) for case in cases)


def _row(case: Case, context: RoutingContext, calendar: Calendar, names: Names) -> QueueRow:
    on = local_day(case.submitted_at or context.now)
    return QueueRow(
        url=dossier_url(case.dossier_id),
        code=case.code,
        procedure=names.procedure(case.procedure_code, on),
        status=case.status,
        flags=tuple(names.said(f"desk.flag.{flag}", flag) for flag in case.flags),
        missing=case.status == "received" and bool(missing_papers(case, context)),
        wants_back=case.withdrawal_requested_at is not None and case.stands == "accepted",
        submitted_at=case.submitted_at,
        due_at=due_of(case),
        left=left_of(case, context.now, calendar),
    )


def list_url(name: ListName, procedure_code: str | None = None, after: Place | None = None) -> str:
    """Return the address of a list, of one procedure if given, from a place on."""
    asked = {"list": name, "procedure": procedure_code, "after": after and after.text()}
    return f"{HOME}?{urlencode({key: value for key, value in asked.items() if value})}"


def procedure_choices(names: Names, context: RoutingContext) -> tuple[tuple[str, str], ...]:
    """Return code and name of every procedure there ever was, by name, after "all of them"."""
    on = local_day(context.now)
    codes = sorted({row.code for row in names.known.procedures})
    named = sorted(((code, names.procedure(code, on)) for code in codes), key=lambda one: one[1])
    return ("", names.say("desk.every_procedure")), *named
