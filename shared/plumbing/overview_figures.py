"""The figures of an overview that the database knows; all their SQL."""

from typing import Any

from plumbing.database import Conn
from plumbing.stuck.counting import COUNTS

_ONE = """
SELECT clock_timestamp() AS at,
    (SELECT count(*) FROM outbox) AS waiting,
    (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8
        FROM outbox) AS outbox_age,
    p.proposals, p.proposals_oldest_seconds
FROM (SELECT count(DISTINCT act_id) AS proposals,
        coalesce(extract(epoch FROM clock_timestamp() - min(proposed_at)), 0)::float8
            AS proposals_oldest_seconds
      FROM stuck_act WHERE done_at IS NULL) p
"""

#: A call under way is not due; one whose process ended is again, from the end of its lease.
_CALLS = """
SELECT lane, call, count(*) AS open, count(late) AS due,
    coalesce(extract(epoch FROM clock_timestamp() - min(late)), 0)::float8 AS due_seconds
FROM (
    SELECT lane, split_part(kind, ':', 1) AS call,
        CASE WHEN due <= clock_timestamp() THEN due END AS late
    FROM (SELECT lane, kind,
            CASE WHEN state = 'IN_FLIGHT' THEN greatest(due_at, lease_until) ELSE due_at END AS due
          FROM effect WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT')) o
) c GROUP BY 1, 2 ORDER BY 1, 2
"""

_RUNS = """
SELECT DISTINCT ON (neighbour) neighbour, scope, asked_by, started_at, finished_at, compared,
    passed_over
FROM reconciliation ORDER BY neighbour, started_at DESC
"""

_DIFFERENCES = """
SELECT r.neighbour, count(*) AS open, count(*) FILTER (WHERE d.repair = '') AS for_people,
    count(*) FILTER (WHERE d.repair = '' AND d.kind = 'different_number') AS numbers,
    coalesce(extract(epoch FROM clock_timestamp() - min(d.found_at)
        FILTER (WHERE d.repair = '')), 0)::float8 AS oldest_seconds
FROM difference d JOIN reconciliation r USING (run_id)
WHERE d.repaired_at IS NULL AND d.again IS NULL GROUP BY 1
"""
_NOTHING = {"open": 0, "for_people": 0, "numbers": 0, "oldest_seconds": 0.0}


async def load(conn: Conn) -> dict[str, Any]:
    """Return the figures by their names in `Overview`, as they stand now."""
    (one,) = await conn.fetch(_ONE)
    differences = {
        row["neighbour"]: {name: row[name] for name in _NOTHING}
        for row in await conn.fetch(_DIFFERENCES)
    }
    return {
        "at": one["at"],
        "outbox": {"waiting": one["waiting"], "oldest_seconds": one["outbox_age"]},
        "proposals": one["proposals"],
        "proposals_oldest_seconds": one["proposals_oldest_seconds"],
        "calls": [dict(row) for row in await conn.fetch(_CALLS)],
        "stuck": [
            {"kind": kind, "count": count, "oldest_seconds": float(age)}
            for kind, count, age in await conn.fetch(COUNTS)
        ],
        "comparisons": [
            {**row, **differences.get(row["neighbour"], _NOTHING)}
            for row in await conn.fetch(_RUNS)
        ],
    }
