"""Rows that leave through the relay, in the order they were decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from plumbing.database import Conn

SHARDS = 16


@dataclass(frozen=True)
class OutboxRow:
    """One record to publish; records with the same key keep their order. No body: a tombstone."""

    topic: str
    key: bytes
    body: bytes | None
    event_id: UUID


def shard_of(key: bytes) -> int:
    """Return the shard of a key, 0 to 15; the same for the same key, always."""
    return sum(key) % SHARDS


async def add(conn: Conn, rows: Iterable[OutboxRow]) -> None:
    """Insert the rows in their order; the caller's transaction decides whether they exist."""
    rows = tuple(rows)
    if not rows:
        return
    await conn.execute(
        "INSERT INTO outbox (shard, topic, key, body, event_id)"
        " SELECT * FROM unnest($1::smallint[], $2::text[], $3::bytea[], $4::bytea[], $5::uuid[])",
        [shard_of(row.key) for row in rows],
        [row.topic for row in rows],
        [row.key for row in rows],
        [row.body for row in rows],
        [row.event_id for row in rows],
    )
