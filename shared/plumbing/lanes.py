"""The lanes of calls to the outside: what waits in each, and which of them people paused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from plumbing.database import Conn

#: $1 lane, $2 turn, $3 who, $4 why.
PAUSE = """
INSERT INTO lane_pause (lane, turn, paused_by, reason) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING 1
"""

#: $1 lane, $2 turn.
RESUME = "DELETE FROM lane_pause WHERE lane = $1 AND turn = $2 RETURNING 1"

#: $1 lane, $2 turn.
IS_PAUSED = """
SELECT EXISTS (SELECT 1 FROM lane_pause WHERE lane = $1 AND (turn = '' OR turn = $2))
"""

#: $1 lane.
IS_USED = """
SELECT EXISTS (SELECT 1 FROM effect WHERE lane = $1)
    OR EXISTS (SELECT 1 FROM lane_pause WHERE lane = $1)
"""

PAUSES = "SELECT lane, turn, paused_by, reason, at FROM lane_pause ORDER BY lane, turn"

LANES = """
SELECT lane, turn, split_part(kind, ':', 1) AS call, count(*) AS open,
    clock_timestamp() - min(created_at) AS oldest
FROM effect WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT')
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Pause:
    """A lane, or one turn of it, in which no call begins; an empty `turn` is the whole lane."""

    lane: str
    turn: str
    paused_by: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Lane:
    """What waits in one turn of a lane for one neighbour: open calls and the age of the oldest."""

    lane: str
    turn: str
    call: str
    open: int
    oldest: timedelta
    pause: Pause | None


async def pause(conn: Conn, lane: str, turn: str, *, by: str, reason: str) -> bool:
    """Let no more calls of the lane begin, within a second, in any replica.

    Calls under way end. Returns whether it went on before; whoever paused it first stays.
    """
    return await conn.fetchval(PAUSE, lane, turn, by, reason) is not None


async def resume(conn: Conn, lane: str, turn: str = "") -> bool:
    """Let the lane go on; return whether exactly that pause was there."""
    return await conn.fetchval(RESUME, lane, turn) is not None


async def is_paused(conn: Conn, lane: str, turn: str = "") -> bool:
    """Return whether the whole lane is paused, or that turn of it."""
    return bool(await conn.fetchval(IS_PAUSED, lane, turn))


async def is_used(conn: Conn, lane: str) -> bool:
    """Return whether a call was ever to be made in the lane, or it is paused."""
    return bool(await conn.fetchval(IS_USED, lane))


async def load_pauses(conn: Conn) -> list[Pause]:
    """Return what people paused, by lane and turn; a lane is there while nothing waits in it."""
    return [Pause(**row) for row in await conn.fetch(PAUSES)]


async def load_lanes(conn: Conn) -> list[Lane]:
    """Return what waits, by lane, turn and neighbour; a pause with nothing waiting is not here."""
    pauses = await load_pauses(conn)
    return [
        Lane(**row, pause=pause_of(row["lane"], row["turn"], pauses))
        for row in await conn.fetch(LANES)
    ]


def pause_of(lane: str, turn: str, pauses: Sequence[Pause]) -> Pause | None:
    """Return what pauses that turn of the lane, of the pauses as loaded; None when nothing does."""
    # The pause of the whole lane comes first: its turn is empty.
    return next((one for one in pauses if one.lane == lane and one.turn in ("", turn)), None)
