"""What the sweeper asks the database: whose time is over, which units hold cases, how many wait."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from plumbing.database import Conn
from routing.domain import Case
from routing.rows import mapped_on, read_case
from routing.store import CASE_COLUMNS, CASE_TABLES, ERASED

#: Written as in the index of the units.
_UNDER_WAY = "status IN ('received', 'supplement', 'accepted', 'stopped', 'registered')"
_NOBODY, _ALWAYS, _NEVER = UUID(int=0), date(1, 1, 2), date(9999, 12, 30)
_PAGE = f"SELECT {CASE_COLUMNS}, {ERASED} FROM {CASE_TABLES}"

# One look into the index for each unit, however many cases it has.
_UNITS = f"""
WITH RECURSIVE held AS (
    (SELECT unit_code, unit_on FROM dossier_case WHERE {_UNDER_WAY}
        ORDER BY unit_code, unit_on LIMIT 1)
    UNION ALL
    SELECT next.unit_code, next.unit_on FROM held CROSS JOIN LATERAL (
        SELECT unit_code, unit_on FROM dossier_case
        WHERE {_UNDER_WAY} AND unit_code > held.unit_code
        ORDER BY unit_code, unit_on LIMIT 1) next
)
SELECT unit_code, unit_on FROM held
"""

# What is late is looked for by the expressions of the indexes: only late rows are read.
_COUNTS = """
SELECT (SELECT count(*) FROM dossier_case WHERE status = 'received') AS received,
    (SELECT count(*) FROM dossier_case WHERE status = 'supplement') AS supplement,
    (SELECT count(*) FROM dossier_case WHERE status = 'accepted') AS accepted,
    (SELECT count(*) FROM dossier_case WHERE status = 'stopped') AS stopped,
    (SELECT count(*) FROM dossier_case WHERE status = 'received'
        AND coalesce(reception_due_at, submitted_at) < $1 AND reception_due_at < $1)
        AS late_reception,
    (SELECT count(*) FROM dossier_case WHERE status = 'accepted'
        AND coalesce(due_at, timestamptz '9999-12-31 00:00:00+00') < $1) AS late_appointment
"""


@dataclass(frozen=True)
class Holder:
    """A unit that holds cases under way, and the earliest day whose map its code is of."""

    unit_code: str
    since: date | None


async def load_expired(conn: Conn, before: datetime, after: Case | None, limit: int) -> list[Case]:
    """Return cases whose supplement was due before then, by id and after one; never to save."""
    rows = await conn.fetch(
        f"{_PAGE} WHERE c.status = 'supplement' AND c.supplement_due_at < $1"
        " AND c.dossier_id > $2 ORDER BY c.dossier_id LIMIT $3",
        before,
        after.dossier_id if after else _NOBODY,
        limit,
    )
    return [read_case(row, None) for row in rows]


async def load_holders(conn: Conn) -> list[Holder]:
    """Return every unit that holds a case under way, by code."""
    return [Holder(row["unit_code"], row["unit_on"]) for row in await conn.fetch(_UNITS)]


async def load_held(
    conn: Conn, unit_code: str, before: date | None, after: Case | None, limit: int
) -> list[Case]:
    """Return a unit's cases under way, by the day of the map and after one; never to save.

    Only those whose unit code is of a day before that one, if one is given.
    """
    rows = await conn.fetch(
        f"{_PAGE} WHERE c.unit_code = $1 AND c.{_UNDER_WAY} AND c.unit_on < $2"
        " AND (c.unit_on, c.dossier_id) > ($3, $4) ORDER BY c.unit_on, c.dossier_id LIMIT $5",
        unit_code,
        before or _NEVER,
        (after and mapped_on(after)) or _ALWAYS,
        after.dossier_id if after else _NOBODY,
        limit,
    )
    return [read_case(row, None) for row in rows]


async def count_open(conn: Conn, now: datetime) -> dict[str, int]:
    """Return how many cases are in each open status, and how many are late, by which moment."""
    (row,) = await conn.fetch(_COUNTS, now)
    return dict(row)
