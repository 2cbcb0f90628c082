"""The facts of a decided batch, and the counters they are moved into: each fact once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.board import By
from plumbing.database import Conn
from routing.domain.board import Fact

#: So many rows of facts are moved in one transaction.
BATCH = 5000

_ADD = """
INSERT INTO board_fact (unit_code, unit_on, day, road, what, reason, count, late, late_minutes)
SELECT * FROM unnest($1::text[], $2::date[], $3::date[], $4::text[], $5::text[], $6::text[],
    $7::integer[], $8::integer[], $9::bigint[])
"""
# Whoever moves at the same time takes other rows.
_TAKE = """
DELETE FROM board_fact WHERE id IN (
    SELECT id FROM board_fact ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING unit_code, unit_on, day, road, what, reason, count, late, late_minutes
"""
_COUNT = """
INSERT INTO board_day AS b (province_code, day, road, what, reason, count, late, late_minutes)
SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::text[],
    $6::bigint[], $7::bigint[], $8::bigint[])
ON CONFLICT (province_code, day, road, what, reason) DO UPDATE
    SET count = b.count + excluded.count, late = b.late + excluded.late,
        late_minutes = b.late_minutes + excluded.late_minutes
"""
# A week begins on a Monday, as in `board_reading.periods`.
_SUMS = """
SELECT province_code, CASE WHEN what = 'submitted'
        THEN greatest(date_trunc($4, day::timestamp)::date, $1) ELSE $1 END AS day, road, what,
    reason, sum(count)::bigint AS count, sum(late)::bigint AS late,
    sum(late_minutes)::bigint AS late_minutes
FROM board_day
WHERE day BETWEEN $1::date AND $2 AND ($3::text[] IS NULL OR province_code = ANY($3))
GROUP BY 1, 2, 3, 4, 5
"""
_OPEN = """
SELECT unit_code, coalesce(unit_on, '0001-01-01') AS unit_on, road, status, count(*) AS count,
    min(submitted_at) AS oldest,
    count(*) FILTER (WHERE status = 'received' AND reception_due_at < $1) AS late_reception,
    count(*) FILTER (WHERE status = 'accepted' AND due_at < $1) AS late_appointment
FROM dossier_case WHERE status IN ('received', 'supplement', 'accepted', 'stopped')
GROUP BY 1, 2, 3, 4
"""
#: How many entries of a case `c` are counted since everything was last counted anew.
COUNTED = "CASE WHEN c.counted_in = (SELECT era FROM board_era) THEN c.counted ELSE 0 END"
_UNCOUNTED = f"""
SELECT dossier_id, code, {COUNTED} < jsonb_array_length(coalesce(rest -> 'trail', '[]')) AS left
FROM dossier_case c WHERE dossier_id > $1 AND submitted_at IS NOT NULL
ORDER BY dossier_id LIMIT $2
"""

#: Gives the province of a unit on the map of a day; "" if there is no such unit.
ProvinceOf = Callable[[str, date], str]
#: What facts are counted by: province, day, road, what, reason.
Key = tuple[str, date, str, str, str]


@dataclass(frozen=True)
class Figures:
    """How often something happened, how often late, and by how many minutes in all."""

    count: int = 0
    late: int = 0
    late_minutes: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        """Return the sum of both."""
        return Figures(
            self.count + other.count,
            self.late + other.late,
            self.late_minutes + other.late_minutes,
        )


async def add_facts(conn: Conn, facts: Sequence[Fact]) -> None:
    """Write the facts, those that differ in nothing but lateness as one row."""
    if not facts:
        return
    sums: dict[tuple[Any, ...], Figures] = {}
    for fact in facts:
        key = (fact.unit_code, fact.unit_on, fact.day, fact.road, fact.what, fact.reason)
        one = Figures(1, int(fact.late_minutes > 0), fact.late_minutes)
        sums[key] = sums.get(key, Figures()) + one
    await conn.execute(_ADD, *_columns(sums))


async def roll_up(conn: Conn, province_of: ProvinceOf) -> int:
    """Move facts into the counters in one transaction; return how many rows were moved.

    Several may do so at once.
    """
    async with conn.transaction():
        rows = await conn.fetch(_TAKE, BATCH)
        sums: dict[Key, Figures] = {}
        for unit_code, unit_on, day, road, what, reason, *figures in rows:
            key = (province_of(unit_code, unit_on), day, road, what, reason)
            sums[key] = sums.get(key, Figures()) + Figures(*figures)
        if sums:
            # In one order, so that two who count the same wait and do not block each other.
            await conn.execute(_COUNT, *_columns({key: sums[key] for key in sorted(sums)}))
    return len(rows)


def _columns(sums: dict[Any, Figures]) -> list[list[Any]]:
    rows = [(*key, one.count, one.late, one.late_minutes) for key, one in sums.items()]
    return [list(column) for column in zip(*rows, strict=True)]


async def load_counters(
    conn: Conn, provinces: Iterable[str] | None, first: date, last: date, by: By = "day"
) -> dict[Key, Figures]:
    """Return the sums of days, first and last inclusive; of every province if None.

    What was submitted stands under the first of its period's days, all else under `first`: ten
    years of single days would be long in coming.
    """
    seen = None if provinces is None else list(provinces)
    rows = await conn.fetch(_SUMS, first, last, seen, by)
    return {
        (row["province_code"], row["day"], row["road"], row["what"], row["reason"]): Figures(
            row["count"], row["late"], row["late_minutes"]
        )
        for row in rows
    }


@dataclass(frozen=True)
class OpenCases:
    """Cases under way of one unit, road and status; `unit_on` is the day of the code's map."""

    unit_code: str
    unit_on: date
    road: str
    status: str
    count: int
    oldest: datetime | None
    late_reception: int
    late_appointment: int


async def load_open(conn: Conn, now: datetime) -> list[OpenCases]:
    """Return what is under way, by unit, road and status."""
    return [OpenCases(**dict(row)) for row in await conn.fetch(_OPEN, now)]


async def load_uncounted(
    conn: Conn, after: UUID, limit: int
) -> tuple[dict[UUID, str], UUID | None]:
    """Return the codes of cases with facts not written yet, of a page by id; and its last id.

    None as the last id: there is no page after this one.
    """
    rows = await conn.fetch(_UNCOUNTED, after, limit)
    left = {row["dossier_id"]: row["code"] for row in rows if row["left"]}
    return left, rows[-1]["dossier_id"] if len(rows) == limit else None


async def forget_counts(conn: Conn) -> None:
    """Drop every fact and counter, and let every case be counted anew, in one transaction.

    Decisions wait meanwhile: none may write facts of a trail that is counted again.
    """
    async with conn.transaction():
        await conn.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        # In the order in which others take them.
        await conn.execute("LOCK TABLE stream IN SHARE ROW EXCLUSIVE MODE", timeout=120)
        await conn.execute("LOCK TABLE board_fact, board_day IN EXCLUSIVE MODE", timeout=120)
        await conn.execute("DELETE FROM board_fact; DELETE FROM board_day", timeout=120)
        # No case is touched: a million of them would keep every decision waiting.
        await conn.execute("UPDATE board_era SET era = era + 1")
