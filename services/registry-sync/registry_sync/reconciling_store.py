"""The comparison's SQL: which dossiers come next, how they stood, what was told again before."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from plumbing.database import Conn, Pool
from plumbing.reconciling import DAYS_ROUND, PART, Run, part_of_the_week

_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
#: With a day more, for a day on which no run was made.
_TOO_OLD = f"make_interval(days => {DAYS_ROUND + 1})"
_TOLD = "coalesce(nullif(told_province, ''), province_code)"
_STANDS = (
    "status || ':' || round || ':' || revision || ':' || closed"
    " || CASE WHEN status <> 'registered' THEN ''"
    " ELSE ':' || (entry_number IS NULL) || ':' || awaits_number END"
)
_OPEN = "(status = 'pushed' OR NOT closed AND status <> 'registered')"


@dataclass(frozen=True)
class Place:
    """Where a run is: the province and procedure asked about, and the last dossier compared."""

    province_code: str = ""
    procedure_code: str = ""
    dossier_id: UUID = _FIRST

    @classmethod
    def read(cls, position: str) -> "Place":
        """Return the place as it was written; the beginning for an empty one."""
        if not position:
            return cls()
        province_code, procedure_code, dossier_id = position.split("|")
        return cls(province_code, procedure_code, UUID(dossier_id))

    def after_its_lane(self) -> "Place":
        """Return the place behind all dossiers of this province and procedure."""
        return Place(self.province_code, self.procedure_code, _LAST)

    def __str__(self) -> str:
        """Return it as it is kept."""
        return f"{self.province_code}|{self.procedure_code}|{self.dossier_id}"


@dataclass(frozen=True)
class Listed:
    """A dossier to compare; `stands` changes with all that a comparison depends on."""

    dossier_id: UUID
    code: str
    province_code: str
    stands: str
    seen: bool


#: $1 to $3 the place before, $4 how many, $5 everything, $6 which part of the week, $7 the start,
#: $8 the provinces not to be asked.
_NEXT = f"""
SELECT dossier_id, code, {_TOLD} AS told, procedure_code, province_code, seen,
    {_STANDS} AS stands
FROM registration
WHERE ({_TOLD}, procedure_code, dossier_id) > ($1, $2, $3) AND status <> 'unseen'
    AND {_TOLD} <> ALL ($8::text[]) AND province_code <> ALL ($8::text[])
    AND ($5 OR {_OPEN} OR compared_as <> {_STANDS}
        OR {PART} = $6
        OR compared_at < $7::timestamptz - {_TOO_OLD})
ORDER BY {_TOLD}, procedure_code, dossier_id LIMIT $4
"""


async def next_page(
    conn: Conn, place: Place, limit: int, run: Run, but_for: Sequence[str] = ()
) -> tuple[Place, list[Listed]]:
    """Return the dossiers after the place of one province and procedure, and the place then.

    At most `limit`, so that one question is enough; none at the end. Of scope `changed` those
    that are open, that changed or differed when last compared, a seventh of the others that is
    another one each day, and what was left out for longer than a week. Provinces in `but_for` are
    left alone.
    """
    rows = await conn.fetch(
        _NEXT,
        place.province_code,
        place.procedure_code,
        place.dossier_id,
        limit,
        run.scope == "all",
        part_of_the_week(run),
        run.started_at,
        but_for,
    )
    if not rows:
        return place, []
    lane = rows[0]["told"], rows[0]["procedure_code"]
    page = [row for row in rows if (row["told"], row["procedure_code"]) == lane]
    listed = [
        Listed(*(row[n] for n in ("dossier_id", "code", "province_code", "stands", "seen")))
        for row in page
    ]
    return Place(*lane, listed[-1].dossier_id), listed


async def unmoved(conn: Conn, listed: Sequence[Listed]) -> list[UUID]:
    """Return those that stand as they did when they were listed."""
    rows = await conn.fetch(
        f"SELECT dossier_id, {_STANDS} AS stands, seen FROM registration"
        " WHERE dossier_id = ANY($1::uuid[])",
        [one.dossier_id for one in listed],
    )
    now = {row["dossier_id"]: (row["stands"], row["seen"]) for row in rows}
    return [one.dossier_id for one in listed if now[one.dossier_id] == (one.stands, one.seen)]


async def mark(conn: Conn, compared: dict[UUID, str], seen: Sequence[UUID]) -> None:
    """Note how the dossiers stood when they were compared, and which of them the register has.

    Empty: it differs still. One that someone is just writing is left out, and so waited for by
    nobody: it comes again.
    """
    await conn.execute(
        "UPDATE registration r SET compared_at = clock_timestamp(), compared_as = c.stood,"
        " seen = r.seen OR r.dossier_id = ANY($3::uuid[])"
        " FROM (SELECT dossier_id FROM registration WHERE dossier_id = ANY($1::uuid[])"
        "   FOR UPDATE SKIP LOCKED) free"
        " JOIN unnest($1::uuid[], $2::text[]) c(dossier_id, stood) USING (dossier_id)"
        " WHERE r.dossier_id = free.dossier_id",
        list(compared),
        list(compared.values()),
        seen,
    )


async def note_seen(pool: Pool, ids: Sequence[UUID]) -> None:
    """Note that the register has these dossiers; nothing is written where it is known.

    One that someone is just writing is left to the next time.
    """
    await pool.execute(
        "UPDATE registration SET seen = true WHERE dossier_id IN ("
        " SELECT dossier_id FROM registration WHERE dossier_id = ANY($1::uuid[]) AND NOT seen"
        " FOR UPDATE SKIP LOCKED)",
        ids,
    )
