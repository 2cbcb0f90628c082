"""What the statements of offsets, cursors, dead letters, streams and the outbox do."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.simulation.client import Connection
from tests.simulation.server import Transaction
from tests.simulation.statements import Record, on


@on("SELECT next_offset FROM consumer_offset WHERE part = $1 AND topic = $2 AND grp = $3")
async def _load_next(
    _: Connection, tx: Transaction, part: int, topic: str, grp: str
) -> list[Record]:
    row = tx.get("consumer_offset", (part, topic, grp))
    return [Record(next_offset=row["next_offset"])] if row else []


@on(
    "INSERT INTO consumer_offset (part, topic, grp, next_offset) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT DO NOTHING"
)
async def _begin(
    _: Connection, tx: Transaction, part: int, topic: str, grp: str, offset: int
) -> list[Record]:
    key = (part, topic, grp)
    await tx.insert("consumer_offset", key, {"next_offset": offset})
    return []


@on(
    "UPDATE consumer_offset SET next_offset = t.following"
    " FROM unnest($3::int[], $4::bigint[], $5::bigint[]) t(part, expected, following)"
    " WHERE consumer_offset.part = t.part AND topic = $1 AND grp = $2"
    " AND next_offset = t.expected RETURNING t.part"
)
async def _advance(
    _: Connection, tx: Transaction, topic: str, grp: str, *columns: Sequence[int]
) -> list[Record]:
    moved = []
    for part, expected, following in zip(*columns, strict=True):
        key = (part, topic, grp)
        seen = tx.get("consumer_offset", key)
        if seen is None or seen["next_offset"] != expected:
            continue
        changed = {"next_offset": following}
        if await tx.update(
            "consumer_offset",
            key,
            lambda row, at=expected: bool(row["next_offset"] == at),
            lambda _, to=changed: to,
        ):
            moved.append(Record(part=part))
    return moved


@on(
    "SELECT dossier_id, source, last_seq, last_id, last_hash FROM inbound_cursor"
    " WHERE dossier_id = ANY($1::uuid[])"
)
async def _load_cursors(_: Connection, tx: Transaction, ids: Sequence[UUID]) -> list[Record]:
    return [
        Record(dossier_id=dossier_id, source=source, **row)
        for (dossier_id, source), row in tx.rows("inbound_cursor")
        if dossier_id in ids
    ]


@on("SELECT body, topic, part, off FROM inbound_parked WHERE dossier_id = ANY($1::uuid[])")
async def _load_waiting(_: Connection, tx: Transaction, ids: Sequence[UUID]) -> list[Record]:
    return [Record(**row) for key, row in tx.rows("inbound_parked") if key[0] in ids]


@on(
    "INSERT INTO inbound_cursor (dossier_id, source, last_seq, last_id, last_hash)"
    " SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[], $5::text[])"
    " ON CONFLICT (dossier_id, source) DO UPDATE SET last_seq = excluded.last_seq,"
    " last_id = excluded.last_id, last_hash = excluded.last_hash"
)
async def _save_cursors(_: Connection, tx: Transaction, *columns: Sequence[Any]) -> list[Record]:
    for dossier_id, source, seq, identity, last_hash in zip(*columns, strict=True):
        key = (dossier_id, source)
        await tx.hold("inbound_cursor", key)
        row = {"last_seq": seq, "last_id": identity, "last_hash": last_hash}
        tx.put("inbound_cursor", key, row)
    return []


@on(
    "DELETE FROM inbound_parked p USING inbound_cursor c WHERE p.dossier_id = c.dossier_id"
    " AND p.source = c.source AND p.seq <= c.last_seq AND p.dossier_id = ANY($1::uuid[])"
)
async def _drop_parked(_: Connection, tx: Transaction, ids: Sequence[UUID]) -> list[Record]:
    for key, _row in tx.rows("inbound_parked"):
        dossier_id, source, seq, _hash = key
        cursor = tx.get("inbound_cursor", (dossier_id, source))
        if dossier_id in ids and cursor is not None and seq <= cursor["last_seq"]:
            await tx.delete("inbound_parked", key)
    return []


@on(
    "INSERT INTO inbound_parked (dossier_id, source, seq, hash, body, topic, part, off)"
    " SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::bytea[],"
    " $6::text[], $7::int[], $8::bigint[]) ON CONFLICT DO NOTHING"
)
async def _save_parked(_: Connection, tx: Transaction, *columns: Sequence[Any]) -> list[Record]:
    for *key, body, topic, part, off in zip(*columns, strict=True):
        row = {"body": body, "topic": topic, "part": part, "off": off}
        await tx.insert("inbound_parked", tuple(key), row)
    return []


@on(
    "INSERT INTO conflict (dossier_id, source, seq, have_hash, got_hash, topic, part, off)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)
async def _save_conflict(_: Connection, tx: Transaction, *values: Any) -> list[Record]:
    await tx.insert("conflict", tx.server.following("conflict"), {"values": values})
    return []


@on(
    "INSERT INTO dead_letter (topic, part, off, dossier_id, reason, problems, record)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"
)
async def _bury(_: Connection, tx: Transaction, *values: Any) -> list[Record]:
    topic, part, off, _dossier_id, reason, _problems, _record = values
    # The time is part of the key: only the offset keeps a record from being buried twice.
    key = (topic, part, off, tx.server.following("dead_letter"))
    await tx.insert("dead_letter", key, {"place": (topic, part, off), "reason": reason})
    return []


@on(
    "INSERT INTO stream (dossier_id, subject, head_hash)"
    " SELECT *, $3 FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING"
)
async def _new_streams(
    _: Connection, tx: Transaction, ids: Sequence[UUID], subjects: Sequence[str], genesis: str
) -> list[Record]:
    for dossier_id, subject in zip(ids, subjects, strict=True):
        if tx.server.tables["stream"].get(dossier_id) is None:
            row = {"subject": subject, "sequence": 0, "head_hash": genesis}
            await tx.insert("stream", dossier_id, row)
    return []


@on(
    "SELECT dossier_id, subject, sequence, head_hash FROM stream"
    " WHERE dossier_id = ANY($1::uuid[]) ORDER BY dossier_id FOR UPDATE"
)
async def _lock_streams(_: Connection, tx: Transaction, ids: Sequence[UUID]) -> list[Record]:
    seen = sorted(key for key, _row in tx.rows("stream") if key in ids)
    rows = [(key, await tx.hold("stream", key)) for key in seen]
    return [Record(dossier_id=key, **row) for key, row in rows if row is not None]


@on(
    "UPDATE stream SET subject = t.subject"
    " FROM unnest($1::uuid[], $2::text[]) t(id, subject) WHERE dossier_id = t.id"
)
async def _give_subjects(
    _: Connection, tx: Transaction, ids: Sequence[UUID], subjects: Sequence[str]
) -> list[Record]:
    for dossier_id, subject in zip(ids, subjects, strict=True):
        changed = {"subject": subject}
        await tx.update("stream", dossier_id, lambda _: True, lambda _, to=changed: to)
    return []


@on(
    "UPDATE stream SET sequence = t.sequence, head_hash = t.hash"
    " FROM unnest($1::uuid[], $2::int[], $3::text[]) t(id, sequence, hash)"
    " WHERE dossier_id = t.id"
)
async def _move_heads(_: Connection, tx: Transaction, *columns: Sequence[Any]) -> list[Record]:
    for dossier_id, sequence, head in zip(*columns, strict=True):
        changed = {"sequence": sequence, "head_hash": head}
        await tx.update("stream", dossier_id, lambda _: True, lambda _, to=changed: to)
    return []


@on(
    "INSERT INTO outbox (shard, topic, key, body, event_id)"
    " SELECT * FROM unnest($1::smallint[], $2::text[], $3::bytea[], $4::bytea[], $5::uuid[])"
)
async def _add_to_outbox(_: Connection, tx: Transaction, *columns: Sequence[Any]) -> list[Record]:
    for shard, topic, key, body, event_id in zip(*columns, strict=True):
        number = tx.server.following("outbox")
        await tx.unique("outbox.event_id", (event_id,), "outbox", number)
        row = {"shard": shard, "topic": topic, "key": key, "body": body, "event_id": event_id}
        await tx.insert("outbox", number, row)
    return []


@on("SELECT dossier_id, trail FROM toy_case WHERE dossier_id = ANY($1::uuid[])")
async def _load_cases(_: Connection, tx: Transaction, ids: Sequence[UUID]) -> list[Record]:
    return [Record(dossier_id=i, trail=r["trail"]) for i, r in tx.rows("toy_case") if i in ids]


@on(
    "INSERT INTO toy_case SELECT * FROM unnest($1::uuid[], $2::text[])"
    " ON CONFLICT (dossier_id) DO UPDATE SET trail = excluded.trail"
)
async def _save_cases(_: Connection, tx: Transaction, *columns: Sequence[Any]) -> list[Record]:
    for dossier_id, trail in zip(*columns, strict=True):
        await tx.hold("toy_case", dossier_id)
        tx.put("toy_case", dossier_id, {"trail": trail})
    return []


@on("INSERT INTO toy_ledger VALUES ($1, $2)")
async def _count(_: Connection, tx: Transaction, part: int, off: int) -> list[Record]:
    await tx.insert("toy_ledger", tx.server.following("ledger"), {"place": (part, off)})
    return []
