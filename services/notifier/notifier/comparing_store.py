"""The comparison's SQL: which dossiers of a portal come next, and what was told again before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from notifier.comparing_rules import AGAIN, COMPARED, TOO_YOUNG
from plumbing.database import Conn
from plumbing.reconciling import PART, Run, part_of_the_week


@dataclass(frozen=True)
class Listed:
    """A dossier of the portal and when it changed last."""

    dossier_id: UUID
    reference: str
    code: str
    changed_at: datetime


#: $1 portal, $2 after which reference, $3 how many, $4 everything, $5 which part of the week.
_NEXT = f"""
SELECT dossier_id, portal_reference AS reference, dossier_code AS code, changed_at
FROM correspondence
WHERE portal = $1 AND portal_reference > $2
    AND ($4 OR compared_at IS NULL OR changed_at > compared_at
        OR {PART} = $5)
ORDER BY portal_reference LIMIT $3
"""


async def next_page(conn: Conn, run: Run, after: str, limit: int) -> list[Listed]:
    """Return the portal's dossiers after that reference that are to be compared, at most `limit`.

    Of scope `changed` those that changed or differed, and a seventh of the others, another one
    each day.
    """
    rows = await conn.fetch(
        _NEXT,
        run.neighbour,
        after,
        limit,
        run.scope == "all",
        part_of_the_week(run),
    )
    return [Listed(**row) for row in rows]


async def unmoved(conn: Conn, listed: Sequence[Listed]) -> set[UUID]:
    """Return those that did not change since they were listed."""
    rows = await conn.fetch(
        "SELECT dossier_id FROM correspondence JOIN unnest($1::uuid[], $2::timestamptz[])"
        " t(id, at) ON dossier_id = t.id AND changed_at = t.at",
        [one.dossier_id for one in listed],
        [one.changed_at for one in listed],
    )
    return {row["dossier_id"] for row in rows}


async def mark(conn: Conn, same: Sequence[UUID], differing: Sequence[UUID]) -> None:
    """Note which dossiers the portal says the same of, and of which it does not."""
    await conn.execute(
        "UPDATE correspondence SET compared_at = CASE WHEN dossier_id = ANY($1::uuid[])"
        " THEN clock_timestamp() END"
        " WHERE dossier_id = ANY($1::uuid[]) OR dossier_id = ANY($2::uuid[])",
        same,
        differing,
    )


@dataclass(frozen=True)
class Again:
    """How often a portal was told again because it differed, and the highest number given."""

    because_different: int = 0
    latest: int = 0


async def told_again(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, Again]:
    """Return how often the portal was told again of each; absent if never.

    What a portal asked to have again counts for the numbers alone.
    """
    rows = await conn.fetch(
        "SELECT dossier_id, count(*) FILTER (WHERE cause_id LIKE $3 || '%') AS different,"
        " max(split_part(kind, $2, 2)::int) AS latest"
        " FROM effect WHERE dossier_id = ANY($1::uuid[])"
        " AND lane = 'portal' AND kind LIKE '%' || $2 || '%' GROUP BY 1",
        ids,
        AGAIN,
        COMPARED,
    )
    return {row["dossier_id"]: Again(row["different"], row["latest"]) for row in rows}


async def being_told_again(conn: Conn, ids: Sequence[UUID]) -> set[UUID]:
    """Return those whose portal is being told again, or was until a moment ago.

    What it says of them now may be from before that.
    """
    rows = await conn.fetch(
        "SELECT DISTINCT dossier_id FROM effect WHERE dossier_id = ANY($1::uuid[])"
        " AND lane = 'portal' AND kind LIKE '%' || $2 || '%'"
        " AND (ended_at IS NULL OR ended_at > clock_timestamp() - $3::interval)",
        ids,
        AGAIN,
        TOO_YOUNG,
    )
    return {row["dossier_id"] for row in rows}


async def known_references(conn: Conn, portal: str, references: Sequence[str]) -> set[str]:
    """Return those of the portal's references that there is a dossier of."""
    rows = await conn.fetch(
        "SELECT portal_reference FROM correspondence"
        " WHERE portal = $1 AND portal_reference = ANY($2::text[])",
        portal,
        references,
    )
    return {row["portal_reference"] for row in rows}


async def compared_since(conn: Conn, run: Run) -> datetime | None:
    """Return since when the portal's list is to be read: a day before the last finished run.

    None, so from the beginning, for scope `all` and before the first run.
    """
    if run.scope == "all":
        return None
    last: datetime | None = await conn.fetchval(
        "SELECT max(started_at) FROM reconciliation WHERE neighbour = $1"
        " AND finished_at IS NOT NULL AND run_id <> $2",
        run.neighbour,
        run.run_id,
    )
    return None if last is None else last - timedelta(days=1)
