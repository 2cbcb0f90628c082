"""Makes a call due again, or gives it up for good."""

from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.decision import DISCARDED, Answered
from plumbing.answers import cause_of
from plumbing.applying import Item, apply_facts, lock
from plumbing.database import Conn
from plumbing.stuck.items import EffectItem
from plumbing.stuck.workbench import Impossible, Workbench

#: Someone looked where it would have arrived: what was begun and cannot be asked about did not.
NOT_DELIVERED = "not_delivered"

_ONE = """
SELECT dossier_id, kind, lane, position, state, in_doubt, begun, request IS NULL AS blank,
    coalesce(lease_until > clock_timestamp(), false) AS leased
FROM effect WHERE effect_id = $1 FOR UPDATE
"""
#: $1 dossier, $2 lane, $3 position.
_OVERTAKEN = """
SELECT EXISTS (SELECT 1 FROM effect WHERE dossier_id = $1 AND lane = $2 AND position > $3)
"""
_TRIED = "SELECT EXISTS (SELECT 1 FROM effect_attempt WHERE effect_id = $1 AND at > $2)"
#: What its process left when it ended: as when it is claimed again, it may have happened.
_LEFT = """
WITH lost AS (
    INSERT INTO effect_attempt (effect_id, fence, attempt, outcome)
    SELECT effect_id, fence, attempt, 'lost' FROM effect WHERE effect_id = $1
    ON CONFLICT DO NOTHING
)
UPDATE effect SET state = 'IN_DOUBT', in_doubt = true, lease_until = NULL WHERE effect_id = $1
"""
_REDRIVE = """
UPDATE effect SET state = $2, due_at = clock_timestamp(), ended_at = NULL WHERE effect_id = $1
"""
#: As if it had never been begun: the next doubt is a new one.
_AFRESH = """
UPDATE effect SET state = 'PENDING', due_at = clock_timestamp(), ended_at = NULL,
    begun = false, in_doubt = false, doubt_since = NULL WHERE effect_id = $1
"""
#: The fence moves, so that no answer still under way counts.
_DISCARD = """
UPDATE effect SET state = 'REJECTED', reason = $2, request = NULL, fence = fence + 1,
    lease_until = NULL, ended_at = clock_timestamp() WHERE effect_id = $1
"""


async def redrive(
    conn: Conn, item: EffectItem, reason: str, seen_at: datetime | None = None
) -> str:
    """Make the call due now; return whether the outside is asked first.

    What was begun and cannot be asked about is only done again for the reason `not_delivered`,
    and what is by hand only while nothing came behind it in its lane. Raises Impossible, also
    when the call is by hand and was made after it was `seen_at`.
    """
    row = await _open(conn, item.effect_id, seen_at)
    if row["blank"]:
        raise Impossible("request_was_erased")
    place = row["dossier_id"], row["lane"], row["position"]
    if row["state"] == "MANUAL" and await conn.fetchval(_OVERTAKEN, *place):
        raise Impossible("overtaken")
    if row["state"] == "MANUAL" and row["begun"]:
        if reason != NOT_DELIVERED:
            raise Impossible("was_begun_needs_not_delivered")
        await conn.execute(_AFRESH, item.effect_id)
        return "due_now"
    state = "IN_DOUBT" if row["in_doubt"] else "PENDING"
    await conn.execute(_REDRIVE, item.effect_id, state)
    return "due_now_asked_first" if row["in_doubt"] else "due_now"


async def discard(
    bench: Workbench, conn: Conn, item: EffectItem, seen_at: datetime | None = None
) -> str:
    """Give the call up; its rule hears a `no` with the reason `discarded`.

    Raises Impossible, also when the call is by hand and was made after it was `seen_at`.
    """
    row = await _open(conn, item.effect_id, seen_at)
    await conn.execute(_DISCARD, item.effect_id, DISCARDED)
    heads = await lock(conn, {row["dossier_id"]: ""})
    message = Answered(row["kind"], "no", DISCARDED, {})
    cause = cause_of(item.effect_id, row["kind"], "no", DISCARDED)
    heard = Item(row["dossier_id"], message, cause)
    await apply_facts(conn, bench.part, bench.keys, heads, [heard], bench.clock())
    return DISCARDED


async def _open(conn: Conn, effect_id: UUID, seen_at: datetime | None) -> Any:
    row = await conn.fetchrow(_ONE, effect_id)
    if row is None:
        raise Impossible("no_such_item")
    if row["state"] in ("DONE", "REJECTED"):
        raise Impossible("already_ended")
    if row["state"] == "IN_FLIGHT":
        if row["leased"]:
            raise Impossible("under_way_now")
        await conn.execute(_LEFT, effect_id)
        return await conn.fetchrow(_ONE, effect_id)
    # A call that is tried by itself goes on between a proposal and its approval.
    by_hand = row["state"] == "MANUAL" and seen_at is not None
    if by_hand and await conn.fetchval(_TRIED, effect_id, seen_at):
        raise Impossible("acted_on_since")
    return row
