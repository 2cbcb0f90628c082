"""Counts what a service still holds of dossiers, table by table, as the retention table says."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime

from contracts.model import Contract
from plumbing.database import Conn
from plumbing.retention import Kept, tables_of

#: How rows of the dossiers $1 are found, and whose they are.
_FOUND = {
    "dossier_id": ("t.dossier_id", "t.dossier_id = ANY($1::uuid[])", ""),
    "key": (
        "convert_from(t.key, 'UTF8')::uuid",
        "t.key = ANY(SELECT convert_to(one::text, 'UTF8') FROM unnest($1::uuid[]) one)",
        "",
    ),
    "effect": (
        "e.dossier_id",
        "e.dossier_id = ANY($1::uuid[])",
        " JOIN effect e ON e.effect_id = t.effect_id",
    ),
}
#: What is not over: a call to make or to look at, an event that waits, a record with a fault that
#: nobody settled, what a comparison found and nobody repaired: the repair may need the data.
_BUSY = """
SELECT dossier_id FROM effect WHERE dossier_id = ANY($1::uuid[])
    AND state NOT IN ('DONE', 'REJECTED')
UNION SELECT dossier_id FROM inbound_parked WHERE dossier_id = ANY($1::uuid[])
UNION SELECT dossier_id FROM dead_letter WHERE dossier_id = ANY($1::uuid[]) AND settled_at IS NULL
UNION SELECT dossier_id FROM difference WHERE dossier_id = ANY($1::uuid[])
    AND repaired_at IS NULL AND again IS NULL
"""


class Holding(Contract):
    """What one table holds of a dossier: how many rows, since when, how many with something
    personal, and which fields that is.
    """

    table: str
    holds_en: str
    holds_vi: str
    personal: str
    fields: tuple[str, ...]
    rows: int
    personal_rows: int
    since: AwareDatetime | None
    kept: str
    rule: str
    source: str
    confidence: str
    enforced_by: str


async def of_dossier(conn: Conn, service: str, dossier_id: UUID) -> tuple[Holding, ...]:
    """Return what the service holds of the dossier, its tables without a row left out."""
    found = [await _holding(conn, one, dossier_id) for one in _by_dossier(service)]
    return tuple(one for one in found if one.rows)


async def _holding(conn: Conn, kept: Kept, dossier_id: UUID) -> Holding:
    _, condition, join = _FOUND[kept.of_dossier]
    since = f"min(t.{kept.since})" if kept.since else "NULL::timestamptz"
    still = _still(kept) if kept.is_personal else "false"
    row: Any = await conn.fetchrow(
        f"SELECT count(*) AS rows, count(*) FILTER (WHERE {still}) AS personal_rows,"
        f" {since} AS since FROM {kept.name} t{join} WHERE {condition}",
        [dossier_id],
    )
    return Holding(
        table=kept.name,
        holds_en=kept.holds_en,
        holds_vi=kept.holds_vi,
        personal=kept.personal,
        fields=kept.fields,
        rows=row["rows"],
        personal_rows=row["personal_rows"],
        since=row["since"],
        kept=kept.kept,
        rule=kept.rule,
        source=kept.source,
        confidence=kept.confidence,
        enforced_by=kept.enforced_by,
    )


async def held(conn: Conn, service: str, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Return of which of the dossiers something personal is held: rows by table."""
    counts: dict[UUID, dict[str, int]] = {}
    for kept in _by_dossier(service):
        if not kept.is_personal:
            continue
        of, condition, join = _FOUND[kept.of_dossier]
        rows = await conn.fetch(
            f"SELECT {of} AS dossier_id, count(*) AS rows FROM {kept.name} t{join}"
            f" WHERE {condition} AND {_still(kept)} GROUP BY 1",
            list(ids),
        )
        for row in rows:
            counts.setdefault(row["dossier_id"], {})[kept.name] = row["rows"]
    return counts


async def busy(conn: Conn, ids: Sequence[UUID]) -> tuple[UUID, ...]:
    """Return which of the dossiers something is still to be done for here."""
    return tuple(row["dossier_id"] for row in await conn.fetch(_BUSY, list(ids)))


def _by_dossier(service: str) -> list[Kept]:
    return [one for one in tables_of(service) if one.of_dossier]


def _still(kept: Kept) -> str:
    """Return the condition, its columns those of the table."""
    first, *rest = kept.still.split(" AND ")
    return " AND ".join(one if one == "true" else f"t.{one}" for one in (first, *rest))
