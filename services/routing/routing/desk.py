"""The lists of a unit's desk: what waits, what is under way, what is late, and what comes next."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from plumbing.database import Conn
from routing.domain import Case, RoutingContext, Status, calendar_for, near_due, overdue
from routing.holding import holder_of
from routing.rows import read_case
from routing.store import CASE_COLUMNS, CASE_TABLES, ERASED

ListName = Literal[
    "waiting", "in_process", "near_due", "overdue", "supplement", "stopped", "to_hand_over"
]

#: What has no due moment comes last; written as in the indexes.
_DUE = "coalesce(c.due_at, timestamptz '9999-12-31 00:00:00+00')"
_SUPPLEMENT = "coalesce(c.supplement_due_at, timestamptz '9999-12-31 00:00:00+00')"
#: The status of the cases on each list, and what they are ordered by.
_LISTS: Mapping[ListName, tuple[Status, str]] = {
    "waiting": ("received", "coalesce(c.reception_due_at, c.submitted_at)"),
    "in_process": ("accepted", _DUE),
    "near_due": ("accepted", _DUE),
    "overdue": ("accepted", _DUE),
    "supplement": ("supplement", _SUPPLEMENT),
    "stopped": ("stopped", _DUE),
    "to_hand_over": ("registered", _DUE),
}
#: Before and after every moment of a list.
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
#: The longest a last working day lies before a due day, with room for every holiday.
NEAR = timedelta(days=30)


@dataclass(frozen=True)
class Place:
    """A place on a list: the last case before it, and what that one is ordered by."""

    at: datetime
    dossier_id: UUID

    def text(self) -> str:
        """Return the place as it stands in an address."""
        plain = f"{self.at.isoformat()} {self.dossier_id}"
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """Return the place a text of ours names, or None for any other text."""
        try:
            plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
            at, _, dossier_id = plain.partition(" ")
            place = cls(datetime.fromisoformat(at), UUID(dossier_id))
        except (binascii.Error, ValueError):
            return None
        return place if place.at.tzinfo is not None and _FIRST <= place.at <= _LAST else None


async def load_list(
    conn: Conn,
    name: ListName,
    unit_code: str,
    after: Place | None,
    limit: int,
    context: RoutingContext,
    procedure_code: str | None = None,
) -> tuple[list[Case], Place | None]:
    """Return cases of one list, without personal data and never to save, and where it goes on.

    The waiting ones by the end of their reception, the others by their due moment; None ends it.
    What is due at the same moment stands by when it was submitted, then by code, within these
    cases alone: where a list goes on follows the dossier's id, as the indexes do.
    What was given to another place that had this unit's code before is not on it. Of one
    procedure alone, if one is given.
    """
    status, order = _LISTS[name]
    begin, end = _span(name, context.now)
    # The status is written out: an index of its own stands for each.
    rows = await conn.fetch(
        f"SELECT {CASE_COLUMNS}, {ERASED}, {order} AS place FROM {CASE_TABLES}"
        f" WHERE c.unit_code = $1 AND c.status = '{status}' AND {order} BETWEEN $2 AND $3"
        f" AND ({order}, c.dossier_id) > ($4, $5) AND ($7::text IS NULL OR c.procedure_code = $7)"
        f" ORDER BY {order}, c.dossier_id LIMIT $6",
        unit_code,
        begin,
        end,
        after.at if after else _FIRST,
        after.dossier_id if after else UUID(int=0),
        limit,
        procedure_code,
    )
    cases = [read_case(row, None) for row in in_order(rows)]
    full = len(rows) == limit
    goes_on = Place(rows[-1]["place"], rows[-1]["dossier_id"]) if full else None
    theirs = [case for case in cases if holder_of(case, context) == unit_code]
    found = [case for case in theirs if _stands_on(name, case, context)]
    if name == "near_due" and len(found) < len(theirs):
        goes_on = None  # the rest of the span is not near
    return found, goes_on


def in_order(rows: Iterable[Any]) -> list[Any]:
    """Return rows of one list by place, then when they were submitted, then code."""
    return sorted(rows, key=lambda row: (row["place"], row["submitted_at"] or _LAST, row["code"]))


def _span(name: ListName, now: datetime) -> tuple[datetime, datetime]:
    """Return the moments between which a list's cases are due, both inclusive."""
    if name == "near_due":
        return now, now + NEAR
    return _FIRST, now if name == "overdue" else _LAST


def _stands_on(name: ListName, case: Case, context: RoutingContext) -> bool:
    if name == "near_due":
        return near_due(case, context.now, calendar_for(case, context))
    return name != "overdue" or overdue(case, context.now)
