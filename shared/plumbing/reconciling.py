"""Comparisons with a neighbour as they are kept: runs, places and differences; all their SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from contracts.model import local_day
from contracts.reconciliation import Difference, DifferenceKind, Reconciliation, Repair, Scope
from plumbing.database import Conn

#: One in so many of what did not change is compared each day.
DAYS_ROUND = 7
#: In SQL, the part a dossier is in.
PART = f"get_byte(uuid_send(dossier_id), 15) % {DAYS_ROUND}"
#: Who asks for the run of every day.
DAILY = "daily"
_DAYS = UUID("5b1a2a0e-3d0f-5b8e-9c36-6f3a1c8f7d11")
_RUN = "run_id, neighbour, scope, started_at, position"


class RunMoved(Exception):
    """Another replica has taken the run on, or ended it; nothing may be written for it here."""


@dataclass(frozen=True)
class Run:
    """A comparison under way; `position` is what it compared last, empty at its start."""

    run_id: UUID
    neighbour: str
    scope: Scope
    started_at: datetime
    position: str = ""


@dataclass(frozen=True)
class Finding:
    """A difference as it is found; `repaired`: in this very transaction."""

    reference: str
    kind: DifferenceKind
    ours: str
    theirs: str
    repair: Repair = ""
    repaired: bool = False
    dossier_id: UUID | None = None
    dossier_code: str = ""
    province_code: str = ""
    unit_code: str = ""


@dataclass(frozen=True)
class Compared:
    """What a step did: where it came to, which references it compared, and what differs.

    `passed_over` counts those the neighbour gave no answer about.
    """

    position: str
    references: Sequence[str]
    findings: Sequence[Finding] = ()
    passed_over: int = 0


def part_of_the_week(run: Run) -> int:
    """Return which part of what did not change the run takes, from 0, another one each day."""
    return local_day(run.started_at).toordinal() % DAYS_ROUND


def daily_id(service: str, neighbour: str, day: date) -> UUID:
    """Return the id of that day's run: the same for all replicas, so there is one."""
    return uuid5(_DAYS, f"{service}:{neighbour}:{day}")


async def start(
    conn: Conn, neighbour: str, scope: Scope, asked_by: str, run_id: UUID | None = None
) -> UUID | None:
    """Begin a run and return its id; None when one is open, or that run was made before."""
    began: UUID | None = await conn.fetchval(
        "INSERT INTO reconciliation (run_id, neighbour, scope, asked_by) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING RETURNING run_id",
        run_id or uuid4(),
        neighbour,
        scope,
        asked_by,
    )
    return began


async def open_run(conn: Conn, neighbour: str) -> Run | None:
    """Return the run of the neighbour that is not finished, where it stands; None if none is."""
    row = await conn.fetchrow(
        f"SELECT {_RUN} FROM reconciliation WHERE neighbour = $1 AND finished_at IS NULL",
        neighbour,
    )
    return Run(**row) if row else None


async def advance(conn: Conn, run: Run, done: Compared) -> Run:
    """Write a step and return the run at its new place; raises RunMoved, then roll back.

    In the transaction that repairs. What earlier runs found and this one finds no more was
    repaired by somebody; what it finds again stands open in this run, since it was first found.
    """
    moved = await conn.fetchval(
        "UPDATE reconciliation SET position = $3, compared = compared + $4,"
        " passed_over = passed_over + $5"
        " WHERE run_id = $1 AND position = $2 AND finished_at IS NULL RETURNING true",
        run.run_id,
        run.position,
        done.position,
        len(done.references),
        done.passed_over,
    )
    if not moved:
        raise RunMoved
    await _settle_earlier(conn, run, done)
    return replace(run, position=done.position)


#: $1 neighbour, $2 run, $3 references compared, then the columns of the findings from $4 on.
_SETTLE = """
WITH found AS (
    SELECT * FROM unnest($4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[],
        $10::text[], $11::boolean[], $12::text[], $13::text[])
        f(reference, kind, dossier_id, dossier_code, ours, theirs, repair, repaired,
            province_code, unit_code)
), earlier AS (
    SELECT d.run_id, d.reference, d.kind, d.found_at
    FROM difference d JOIN reconciliation r USING (run_id)
    WHERE d.reference = ANY($3::text[]) AND d.repaired_at IS NULL AND d.again IS NULL
        AND r.neighbour = $1 AND d.run_id <> $2
), settled AS (
    UPDATE difference d
    SET again = CASE WHEN f.kind IS NOT NULL THEN $2 END,
        repaired_at = CASE WHEN f.kind IS NULL THEN clock_timestamp() END
    FROM earlier e LEFT JOIN found f USING (reference, kind)
    WHERE (d.run_id, d.reference, d.kind) = (e.run_id, e.reference, e.kind)
)
INSERT INTO difference (run_id, reference, kind, dossier_id, dossier_code, ours, theirs, repair,
    province_code, unit_code, found_at, repaired_at)
SELECT $2, f.reference, f.kind, f.dossier_id, f.dossier_code, f.ours, f.theirs, f.repair,
    f.province_code, f.unit_code,
    coalesce((SELECT min(e.found_at) FROM earlier e
        WHERE (e.reference, e.kind) = (f.reference, f.kind)), clock_timestamp()),
    CASE WHEN f.repaired THEN clock_timestamp() END
FROM found f
ON CONFLICT (run_id, reference, kind) DO NOTHING
"""


async def _settle_earlier(conn: Conn, run: Run, done: Compared) -> None:
    found = done.findings
    await conn.execute(
        _SETTLE,
        run.neighbour,
        run.run_id,
        list(done.references),
        [one.reference for one in found],
        [one.kind for one in found],
        [one.dossier_id for one in found],
        [one.dossier_code for one in found],
        [one.ours for one in found],
        [one.theirs for one in found],
        [one.repair for one in found],
        [one.repaired for one in found],
        [one.province_code for one in found],
        [one.unit_code for one in found],
    )


async def finish(conn: Conn, run: Run) -> None:
    """End the run; raises RunMoved when it is not where it was left."""
    ended = await conn.fetchval(
        "UPDATE reconciliation SET finished_at = clock_timestamp()"
        " WHERE run_id = $1 AND position = $2 AND finished_at IS NULL RETURNING true",
        run.run_id,
        run.position,
    )
    if not ended:
        raise RunMoved


_READ = """
SELECT run_id, neighbour, scope, asked_by, started_at, finished_at, compared, passed_over
FROM reconciliation
"""


async def latest(conn: Conn, service: str, neighbour: str, limit: int) -> list[Reconciliation]:
    """Return the last runs, newest first; of every neighbour when none is named."""
    rows = await conn.fetch(
        f"{_READ} WHERE $1 = '' OR neighbour = $1 ORDER BY started_at DESC LIMIT $2",
        neighbour,
        limit,
    )
    return await _counted(conn, service, rows)


async def read(conn: Conn, service: str, run_id: UUID) -> Reconciliation | None:
    """Return the run with what it found, None when there is none of that id."""
    found = await _counted(conn, service, await conn.fetch(f"{_READ} WHERE run_id = $1", run_id))
    return found[0] if found else None


async def _counted(conn: Conn, service: str, runs: Sequence[Any]) -> list[Reconciliation]:
    documents = [dict(row) for row in runs]
    counts = await conn.fetch(
        "SELECT run_id, kind, count(*) AS found, count(repaired_at) AS repaired FROM difference"
        " WHERE run_id = ANY($1::uuid[]) GROUP BY run_id, kind ORDER BY kind",
        [one["run_id"] for one in documents],
    )
    return [
        Reconciliation(
            service=service,
            differences={c["kind"]: c["found"] for c in counts if c["run_id"] == one["run_id"]},
            repaired=sum(c["repaired"] for c in counts if c["run_id"] == one["run_id"]),
            **one,
        )
        for one in documents
    ]


async def differences(
    conn: Conn, run_id: UUID, after: str, limit: int
) -> tuple[list[Difference], str]:
    """Return a page of what the run found, by province and unit, and where the next one begins.

    `after` is what a page before gave, empty for the first; empty comes back after the last.
    """
    place = (after.split("|", 3) + [""] * 4)[:4]
    rows = await conn.fetch(
        "SELECT reference, kind, dossier_id, dossier_code, province_code, unit_code, ours,"
        " theirs, repair, found_at, repaired_at FROM difference WHERE run_id = $1"
        " AND (province_code, unit_code, kind, reference) > ($2, $3, $4, $5)"
        " ORDER BY province_code, unit_code, kind, reference LIMIT $6",
        run_id,
        *place,
        limit,
    )
    found = [Difference(**row) for row in rows]
    if len(found) < limit:
        return found, ""
    last = found[-1]
    return found, f"{last.province_code}|{last.unit_code}|{last.kind}|{last.reference}"
