"""The feed's SQL: what portals read themselves, its order, its epoch and what is kept of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plumbing.database import Conn

#: Longer than any transaction: what was written that much later stands after it.
MARGIN = "1 hour"
FORGET_ROWS = 5000

# `place` orders by transaction; a step of a dossier never stands before an earlier one, though
# its transaction may have begun first. The lock of the dossier makes the ids go up.
_ADD = """
INSERT INTO feed (era, place, portal, dossier_id, event_id, body)
SELECT e.era, greatest(pg_current_xact_id(), (
        SELECT max(f.place) FROM feed f WHERE f.dossier_id = t.dossier_id AND f.era = e.era)),
    t.portal, t.dossier_id, t.event_id, t.body
FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[])
    WITH ORDINALITY t(portal, dossier_id, event_id, body, number)
CROSS JOIN feed_epoch e ORDER BY t.number
"""

#: $1 portal, $2 era, $3 place, $4 id, $5 how many. A row of a transaction that may still be
#: overtaken by one that commits late is not shown yet; those of eras before are all there.
_NEXT = """
SELECT f.era, f.place, f.id, f.body, f.at FROM feed f CROSS JOIN feed_epoch e
WHERE f.portal = $1 AND (f.era, f.place, f.id) > ($2, $3::xid8, $4)
    AND (f.era < e.era OR f.place < pg_snapshot_xmin(pg_current_snapshot()))
ORDER BY f.era, f.place, f.id LIMIT $5
"""

# The cluster and its timeline: another one after a dump, another one after a recovery.
_EPOCH = """
SELECT epoch, era, history, since, (SELECT system_identifier FROM pg_control_system())
        || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS lives_in,
    pg_snapshot_xmax(pg_current_snapshot()) AS following
FROM feed_epoch
"""

_FORGET = f"""
WITH gone AS (
    DELETE FROM feed WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM feed WHERE at < clock_timestamp() - make_interval(days => $1)
        LIMIT {FORGET_ROWS}))
    RETURNING portal, era, place, id
), noted AS (
    INSERT INTO feed_forgotten AS f (portal, era, place, id)
    SELECT DISTINCT ON (portal) portal, era, place, id FROM gone
    ORDER BY portal, era DESC, place DESC, id DESC
    ON CONFLICT (portal) DO UPDATE
        SET era = excluded.era, place = excluded.place, id = excluded.id
        WHERE (excluded.era, excluded.place, excluded.id) > (f.era, f.place, f.id)
)
SELECT count(*) FROM gone
"""


@dataclass(frozen=True)
class Update:
    """A status update to be read by its portal; `body` is the callback's document."""

    portal: str
    dossier_id: UUID
    event_id: UUID
    body: str


@dataclass(frozen=True, order=True)
class Position:
    """A place in a portal's feed: everything after it comes later."""

    era: int
    place: int
    id: int


#: Before everything.
START = Position(0, 0, 0)


@dataclass(frozen=True)
class Row:
    """An update as it is read, and where it stands."""

    position: Position
    body: str
    at: datetime


@dataclass(frozen=True)
class Epoch:
    """In which history of the database places count; none as high as `following` is given yet."""

    epoch: UUID
    era: int
    following: int
    since: datetime


async def add(conn: Conn, updates: Sequence[Update]) -> None:
    """Write the updates in their order; the caller holds the locks of their dossiers."""
    await conn.execute(
        _ADD,
        [one.portal for one in updates],
        [one.dossier_id for one in updates],
        [one.event_id for one in updates],
        [one.body for one in updates],
    )


async def load_next(conn: Conn, portal: str, after: Position, limit: int) -> list[Row]:
    """Return what comes after that place, in order and at most `limit`, as far as it is settled.

    What may still be overtaken by a transaction that is not over is left for later.
    """
    rows = await conn.fetch(_NEXT, portal, after.era, after.place, after.id, limit)
    return [
        Row(Position(row["era"], row["place"], row["id"]), row["body"], row["at"]) for row in rows
    ]


async def load_epoch(conn: Conn) -> Epoch:
    """Return the epoch; another one begins when the database lives in another history."""
    row = await conn.fetchrow(_EPOCH)
    assert row is not None
    if row["history"] == "":
        await conn.execute("UPDATE feed_epoch SET history = $1 WHERE history = ''", row["lives_in"])
    elif row["history"] != row["lives_in"]:
        await _begin(conn, row["epoch"], row["lives_in"])
        return await load_epoch(conn)
    return Epoch(row["epoch"], row["era"], row["following"], row["since"])


async def begin_epoch(conn: Conn, ended: UUID) -> None:
    """Begin another epoch after that one, unless someone did: the database has gone back."""
    row = await conn.fetchrow(_EPOCH)
    assert row is not None
    await _begin(conn, ended, row["lives_in"])


async def _begin(conn: Conn, ended: UUID, history: str) -> None:
    async with conn.transaction():
        # Whoever wrote is waited for: all that is in the eras before is there for good.
        await conn.execute("LOCK TABLE feed IN SHARE ROW EXCLUSIVE MODE")
        await conn.execute(
            "UPDATE feed_epoch SET history = $2, epoch = gen_random_uuid(), era = era + 1,"
            " since = clock_timestamp() WHERE epoch = $1",
            ended,
            history,
        )


async def forgotten(conn: Conn, portal: str) -> Position:
    """Return up to where the portal's updates are no longer kept, START when all are."""
    row = await conn.fetchrow("SELECT era, place, id FROM feed_forgotten WHERE portal = $1", portal)
    return START if row is None else Position(row["era"], row["place"], row["id"])


async def place_before(conn: Conn, portal: str, since: datetime) -> Position | None:
    """Return a place after which everything written since then comes; None: the beginning."""
    row = await conn.fetchrow(
        "SELECT era, place, id FROM feed WHERE portal = $1"
        f" AND at < $2::timestamptz - interval '{MARGIN}' ORDER BY at DESC LIMIT 1",
        portal,
        since,
    )
    return None if row is None else Position(row["era"], row["place"], row["id"])


async def forget(conn: Conn, days: int) -> int:
    """Delete updates older than that, at most FORGET_ROWS; return how many."""
    count: int = await conn.fetchval(_FORGET, days)
    return count
