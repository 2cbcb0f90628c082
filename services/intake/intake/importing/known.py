"""The SQL of an import: which codes are known already, and counters that have to start later."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from intake.importing.cells import Seed
from intake.importing.checking import Entry
from plumbing.database import Conn

Standing = Literal["new", "already", "other_content", "code_taken"]


@dataclass(frozen=True)
class _Known:
    dossier_id: UUID
    fingerprint: str | None


async def standings(conn: Conn, entries: Sequence[Entry]) -> list[Standing]:
    """Return how each entry stands to what is in the database, in the order given.

    One whose personal data were erased since counts as imported already: nothing brings it back.
    """
    rows = await conn.fetch(
        "SELECT dossier_id, code, fingerprint FROM dossier"
        " WHERE code = ANY($1::text[]) OR dossier_id = ANY($2::uuid[])",
        [entry.code for entry in entries],
        [entry.dossier_id for entry in entries],
    )
    by_id = {row["dossier_id"]: _Known(row["dossier_id"], row["fingerprint"]) for row in rows}
    by_code = {row["code"]: by_id[row["dossier_id"]] for row in rows}
    return [_standing(entry, by_id, by_code) for entry in entries]


def _standing(entry: Entry, by_id: dict[UUID, _Known], by_code: dict[str, _Known]) -> Standing:
    known = by_id.get(entry.dossier_id)
    if known is not None:
        same = known.fingerprint in (None, entry.fingerprint)
        return "already" if same else "other_content"
    return "code_taken" if entry.code in by_code else "new"


async def raise_counters(conn: Conn, seeds: Iterable[Seed]) -> list[Seed]:
    """Let each counter be at least that number; return those that were less, in order.

    All of them stay locked until the transaction ends, raised or not.
    """
    highest: dict[tuple[str, date], int] = {}
    for seed in seeds:
        key = (seed.unit_code, seed.day)
        highest[key] = max(seed.number, highest.get(key, 0))
    # Always in the same order, so that two transactions cannot wait for each other.
    keys = sorted(highest)
    if not keys:
        return []
    rows = await conn.fetch(
        "INSERT INTO code_counter AS c (unit_code, day, last)"
        " SELECT * FROM unnest($1::text[], $2::date[], $3::int[])"
        " ON CONFLICT (unit_code, day) DO UPDATE SET last = excluded.last"
        " WHERE c.last < excluded.last RETURNING unit_code, day, last",
        [unit for unit, _ in keys],
        [day for _, day in keys],
        [highest[key] for key in keys],
    )
    return sorted(Seed(row["unit_code"], row["day"], row["last"]) for row in rows)
