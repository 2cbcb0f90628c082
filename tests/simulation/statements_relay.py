"""What the statements of the relay do."""

from collections.abc import Sequence
from datetime import timedelta

from plumbing.outbox import SHARDS
from tests.simulation.client import Connection
from tests.simulation.server import Transaction
from tests.simulation.statements import Record, on


@on("SELECT shard FROM unnest($2::int[]) shard WHERE pg_try_advisory_lock($1, shard)")
async def _take_shards(
    conn: Connection, tx: Transaction, _: int, shards: Sequence[int]
) -> list[Record]:
    locks = tx.server.advisory
    got = [shard for shard in shards if locks.setdefault(shard, conn) is conn]
    return [Record(shard=shard) for shard in got]


@on(
    "SELECT id, topic, key, body FROM outbox WHERE shard = ANY($1::smallint[])"
    " AND NOT (topic = ANY($3::text[]))"
    " AND (topic, key) NOT IN (SELECT * FROM unnest($4::text[], $5::bytea[]))"
    " ORDER BY id LIMIT $2"
)
async def _next_rows(
    _: Connection,
    tx: Transaction,
    shards: Sequence[int],
    limit: int,
    topics: Sequence[str],
    of_keys: Sequence[str],
    keys: Sequence[bytes],
) -> list[Record]:
    aside = set(zip(of_keys, keys, strict=True))

    def due() -> list[Record]:
        rows = [
            Record(id=number, topic=row["topic"], key=row["key"], body=row["body"])
            for number, row in sorted(tx.rows("outbox"))
            if row["shard"] in shards
            and row["topic"] not in topics
            and (row["topic"], row["key"]) not in aside
        ]
        return rows[:limit]

    if not (rows := due()):
        # Shards are looked for again after two seconds, what is set aside after half a second.
        waits = len(shards) < SHARDS or bool(topics or keys)
        soon = tx.server.now() + timedelta(seconds=2.5)
        await tx.server.idle("outbox", soon if waits else None)
        rows = due()
    return rows


@on(
    "WITH gone AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]) RETURNING *)"
    " INSERT INTO outbox_sent (id, topic, key, body, event_id, created_at)"
    " SELECT id, topic, key, body, event_id, created_at FROM gone"
)
async def _sent(_: Connection, tx: Transaction, numbers: Sequence[int]) -> list[Record]:
    for number in numbers:
        row = await tx.delete("outbox", number)
        if row is not None:
            await tx.insert("outbox_sent", number, row)
    return []
