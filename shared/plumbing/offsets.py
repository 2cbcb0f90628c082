"""The partition offsets in the database: the truth about what has been settled."""

from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import TopicPartition

from plumbing.database import Conn


class NotOwner(Exception):
    """Someone else has moved this partition on; nothing of ours may be written."""


class Step(NamedTuple):
    """From where to where the offset of a partition is moved."""

    partition: int
    expected: int
    following: int


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


async def advance(conn: Conn, group: str, topic: str, steps: Sequence[Step]) -> None:
    """Move each partition's offset by its step; raises NotOwner when one is not where it begins.

    The caller's transaction is to be rolled back then: others may have been moved.
    """
    moved = await conn.fetch(
        "UPDATE consumer_offset SET next_offset = t.following"
        " FROM unnest($3::int[], $4::bigint[], $5::bigint[]) t(part, expected, following)"
        " WHERE consumer_offset.part = t.part AND topic = $1 AND grp = $2"
        " AND next_offset = t.expected RETURNING t.part",
        topic,
        group,
        [step.partition for step in steps],
        [step.expected for step in steps],
        [step.following for step in steps],
    )
    if len(moved) != len(steps):
        wanted = {step.partition for step in steps} - {row["part"] for row in moved}
        raise NotOwner(f"{topic}-{sorted(wanted)}")
