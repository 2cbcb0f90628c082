"""The partition offsets in the database: the truth about what has been settled."""

from aiokafka import TopicPartition

from plumbing.database import Conn


class NotOwner(Exception):
    """Someone else has moved this partition on; nothing of ours may be written."""


async def load_next(conn: Conn, group: str, tp: TopicPartition) -> int | None:
    """Return the next offset to settle, or None for a partition never seen."""
    value: int | None = await conn.fetchval(
        "SELECT next_offset FROM consumer_offset WHERE part = $1 AND topic = $2 AND grp = $3",
        tp.partition,
        tp.topic,
        group,
    )
    return value


async def begin(conn: Conn, group: str, tp: TopicPartition, offset: int) -> None:
    """Write the first offset of a partition; does nothing when it is known."""
    await conn.execute(
        "INSERT INTO consumer_offset (part, topic, grp, next_offset) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        tp.partition,
        tp.topic,
        group,
        offset,
    )


async def advance(
    conn: Conn, group: str, tp: TopicPartition, expected: int, following: int
) -> None:
    """Move the offset from `expected` to `following`; raises NotOwner when it is not there."""
    moved = await conn.fetchval(
        "UPDATE consumer_offset SET next_offset = $5"
        " WHERE part = $1 AND topic = $2 AND grp = $3 AND next_offset = $4 RETURNING 1",
        tp.partition,
        tp.topic,
        group,
        expected,
        following,
    )
    if moved is None:
        raise NotOwner(f"{tp.topic}-{tp.partition}")
