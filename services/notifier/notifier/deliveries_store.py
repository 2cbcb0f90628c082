"""The SQL of what portals may know of their deliveries: which there are and how each attempt went.

`deliveries` are the calls of the lane `portal`; a portal sees those of its own dossiers alone.
"""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from notifier.comparing_rules import AGAIN
from notifier.redelivering import ASKED
from plumbing.database import Conn

Status = Literal["waiting", "failing", "delivered", "given_up"]

#: Under way without a failure so far.
_FRESH = "(e.state = 'PENDING' AND e.attempt = 0 OR e.state = 'IN_FLIGHT' AND e.attempt <= 1)"
_STATUS = f"""
CASE WHEN e.state = 'DONE' THEN 'delivered' WHEN e.state IN ('REJECTED', 'MANUAL') THEN 'given_up'
    WHEN {_FRESH} THEN 'waiting' ELSE 'failing' END
"""
_DELIVERY = f"""
SELECT e.effect_id, e.position, e.dossier_id, e.kind, e.state, e.attempt, e.reason, e.created_at,
    e.ended_at, e.due_at, c.portal_reference, c.dossier_code, {_STATUS} AS status,
    (SELECT coalesce(n ->> 'event_id', '') FROM jsonb_array_elements(c.news) n
        WHERE coalesce(nullif(n ->> 'key', ''), n ->> 'step') = split_part(e.kind, ':', 2))
        AS event_id,
    (SELECT n ->> 'step' FROM jsonb_array_elements(c.news) n
        WHERE coalesce(nullif(n ->> 'key', ''), n ->> 'step') = split_part(e.kind, ':', 2)) AS step
FROM effect e JOIN correspondence c ON c.dossier_id = e.dossier_id
WHERE e.lane = 'portal' AND c.portal = $1
"""

#: $1 portal, $2 after which position, $3 how many.
_LISTED = f"{_DELIVERY} AND e.turn = $1 AND e.position > $2 ORDER BY e.position LIMIT $3"
#: The same with $4 status: what is open is far less than what was ever told.
_OPEN = f"""
{_DELIVERY} AND e.turn = $1 AND e.position > $2
    AND e.state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT') AND {_STATUS} = $4
ORDER BY e.position LIMIT $3
"""
_ENDED = f"""
{_DELIVERY} AND e.turn = $1 AND e.position > $2
    AND e.state IN ('DONE', 'REJECTED', 'MANUAL') AND {_STATUS} = $4
ORDER BY e.position LIMIT $3
"""
#: $1 portal, $2 after which position, $3 how many, $4 reference.
_OF_DOSSIER = f"""
{_DELIVERY} AND c.portal_reference = $4 AND e.position > $2 ORDER BY e.position LIMIT $3
"""
_ONE = f"{_DELIVERY} AND e.effect_id = $2"

_ATTEMPTS = """
SELECT attempt, at, outcome, reason, steps FROM effect_attempt WHERE effect_id = $1 ORDER BY fence
"""

#: $1 dossier, $2 key of the step. What was asked for in the last day, and the highest number given
#: to any message of the dossier that was sent again.
_ASKED = f"""
SELECT count(*) FILTER (WHERE split_part(kind, ':', 2) = $2 AND cause_id LIKE '{ASKED}%'
        AND created_at > clock_timestamp() - interval '1 day') AS today,
    coalesce(max(split_part(kind, '{AGAIN}', 2)::int), 0) AS latest
FROM effect WHERE dossier_id = $1 AND lane = 'portal' AND kind LIKE '%{AGAIN}%'
"""


async def load_page(
    conn: Conn, portal: str, after: int, limit: int, status: Status | None, reference: str | None
) -> Sequence[Any]:
    """Return the portal's deliveries after that position, the oldest first, at most `limit`."""
    place = (portal, after, limit)
    if reference is not None:
        return await conn.fetch(_OF_DOSSIER, *place, reference)
    if status is None:
        return await conn.fetch(_LISTED, *place)
    is_open = status in ("waiting", "failing")
    return await conn.fetch(_OPEN if is_open else _ENDED, *place, status)


async def load_one(conn: Conn, portal: str, effect_id: UUID) -> Any:
    """Return the delivery, None when the portal has no such."""
    return await conn.fetchrow(_ONE, portal, effect_id)


async def load_attempts(conn: Conn, effect_id: UUID) -> Sequence[Any]:
    """Return its attempts in order; one that succeeded at once is not among them."""
    return await conn.fetch(_ATTEMPTS, effect_id)


async def asked_before(conn: Conn, dossier_id: UUID, key: str) -> tuple[int, int]:
    """Return how often the step was asked for again in a day, and the highest number given."""
    row = await conn.fetchrow(_ASKED, dossier_id, key)
    assert row is not None
    return row["today"], row["latest"]
