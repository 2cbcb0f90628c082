"""The gauges of what is stuck: how many of each kind, and how old the oldest is."""

from plumbing import metrics
from plumbing.calls import LONGEST_PAUSE_SECONDS
from plumbing.database import Conn

_AGE = "coalesce(extract(epoch FROM clock_timestamp() - min({})), 0)"
#: A call that is due later waits for its hour, as the rule about it says: it is not late.
UNLESS_HELD_BACK = (
    f"CASE WHEN due_at <= clock_timestamp() + interval '{LONGEST_PAUSE_SECONDS} seconds'"
    " THEN {} END"
)
_DOUBT = UNLESS_HELD_BACK.format("coalesce(doubt_since, created_at)")

#: By kind, how many wait and the age of the oldest in seconds.
COUNTS = f"""
SELECT 'parked', count(*), {_AGE.format("parked_at")} FROM inbound_parked
UNION ALL SELECT 'dead_letter', count(*), {_AGE.format("at")}
    FROM dead_letter WHERE settled_at IS NULL
UNION ALL SELECT 'conflict', count(*), {_AGE.format("at")}
    FROM conflict WHERE settled_at IS NULL
UNION ALL SELECT 'manual', count(*), {_AGE.format("coalesce(ended_at, created_at)")}
    FROM effect WHERE state = 'MANUAL'
UNION ALL SELECT 'in_doubt', count(*), {_AGE.format(_DOUBT)}
    FROM effect WHERE state IN ('IN_DOUBT', 'IN_FLIGHT') AND in_doubt
"""


async def refresh(conn: Conn, service: str) -> None:
    """Set the gauges to what the database holds now."""
    for kind, count, age in await conn.fetch(COUNTS):
        metrics.STUCK.labels(service, kind).set(count)
        metrics.STUCK_AGE.labels(service, kind).set(float(age))
