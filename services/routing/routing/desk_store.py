"""What the desk's pages ask the database: how long lists are, dossiers by code, who read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plumbing.database import Conn
from routing.desk import ListName
from routing.domain import Case, RoutingContext
from routing.holding import holder_of
from routing.rows import read_case
from routing.store import CASE_COLUMNS, CASE_TABLES, ERASED

#: Nobody works off a longer list by its number; counting stops there.
MOST_COUNTED = 10_000
MOST_FOUND = 50
#: Of each person who read.
MOST_READINGS = 20

_NEVER = "timestamptz '9999-12-31 00:00:00+00'"
_DUE = f"coalesce(due_at, {_NEVER})"
_PAGE = f"SELECT {CASE_COLUMNS}, {ERASED} FROM {CASE_TABLES}"


_ACCESSES = """
SELECT actor, unit_code, what, at FROM (
    SELECT id, actor, unit_code, purpose AS what, at,
        row_number() OVER (PARTITION BY actor, unit_code ORDER BY at DESC, id DESC) AS place
    FROM access WHERE dossier_id = $1 AND act IN ('looked', 'printed', 'tracked')) AS one
WHERE place <= $2 ORDER BY at DESC, id DESC
"""


def _counted(name: ListName, condition: str) -> str:
    return (
        f"(SELECT count(*) FROM (SELECT FROM dossier_case WHERE unit_code = $1 AND {condition}"
        f" LIMIT {MOST_COUNTED + 1}) AS one) AS {name}"
    )


# Each condition is written as in an index that begins with the unit.
_COUNTS = "SELECT " + ", ".join(
    (
        _counted("waiting", "status = 'received'"),
        _counted("in_process", "status = 'accepted'"),
        _counted("near_due", f"status = 'accepted' AND {_DUE} >= $2 AND {_DUE} < $3"),
        _counted("overdue", f"status = 'accepted' AND {_DUE} < $2"),
        _counted("supplement", "status = 'supplement'"),
        _counted("stopped", "status = 'stopped'"),
        _counted("to_hand_over", "status = 'registered'"),
    )
)


@dataclass(frozen=True)
class Access:
    """Someone saw personal data of a dossier: what of them, and when."""

    actor: str
    unit_code: str
    what: str
    at: datetime


async def count_lists(
    conn: Conn, unit_code: str, now: datetime, near_until: datetime
) -> dict[ListName, int]:
    """Return how many dossiers each list of a unit has; MOST_COUNTED + 1 stands for more.

    Near due is what is due from `now` on and before `near_until`. What was given to another place
    of the same code is counted too, until the sweeper has handed it on.
    """
    row = await conn.fetchrow(_COUNTS, unit_code, now, near_until)
    return dict(row) if row is not None else {}


async def load_by_codes(
    conn: Conn, codes: Sequence[str], unit_code: str, context: RoutingContext
) -> list[Case]:
    """Return the cases of these codes that the unit holds, without personal data, by code."""
    rows = await conn.fetch(
        f"{_PAGE} WHERE c.code = ANY($1::text[]) AND c.code <> '' ORDER BY c.code", codes
    )
    return _held(rows, unit_code, context)


async def load_by_ending(
    conn: Conn, ending: str, unit_code: str, context: RoutingContext
) -> list[Case]:
    """Return the unit's cases whose code ends so, newest first, at most MOST_FOUND."""
    turned = ending[::-1]
    rows = await conn.fetch(
        f"{_PAGE} WHERE c.unit_code = $1 AND c.code <> ''"
        " AND reverse(c.code) ~>=~ $2 AND reverse(c.code) ~<~ $3"
        " ORDER BY c.submitted_at DESC NULLS LAST, c.dossier_id LIMIT $4",
        unit_code,
        turned,
        turned[:-1] + chr(ord(turned[-1]) + 1),
        MOST_FOUND,
    )
    return _held(rows, unit_code, context)


async def load_accesses(conn: Conn, dossier_id: UUID) -> list[Access]:
    """Return who saw personal data of the dossier, the last first.

    At most MOST_READINGS of each: however often somebody looks, the looks of others stay.
    """
    rows = await conn.fetch(_ACCESSES, dossier_id, MOST_READINGS)
    return [Access(**row) for row in rows]


def _held(rows: Sequence[object], unit_code: str, context: RoutingContext) -> list[Case]:
    cases = [read_case(row, None) for row in rows]
    return [case for case in cases if holder_of(case, context) == unit_code]
