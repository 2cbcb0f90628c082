"""The cursors, the parked and the clashing records in the database."""

from collections.abc import Sequence
from uuid import UUID

from contracts.envelope import decode, sha256
from plumbing.database import Conn
from plumbing.sequencing import Arrived, Cursor, Key, Waiting


async def load_cursors(conn: Conn, ids: Sequence[UUID]) -> dict[Key, Cursor]:
    """Return the cursors of the dossiers; the caller holds their locks."""
    rows = await conn.fetch(
        "SELECT dossier_id, source, last_seq, last_id, last_hash FROM inbound_cursor"
        " WHERE dossier_id = ANY($1::uuid[])",
        ids,
    )
    return {
        (row["dossier_id"], row["source"]): Cursor(
            row["last_seq"], row["last_id"], row["last_hash"]
        )
        for row in rows
    }


async def load_waiting(conn: Conn, ids: Sequence[UUID]) -> Waiting:
    """Return what waits for a predecessor, of the dossiers, by slot and hash."""
    rows = await conn.fetch(
        "SELECT body, topic, part, off FROM inbound_parked WHERE dossier_id = ANY($1::uuid[])",
        ids,
    )
    waiting: Waiting = {}
    for row in rows:
        body = row["body"]
        one = Arrived(decode(body), sha256(body), body, row["topic"], row["part"], row["off"])
        waiting.setdefault(one.slot, {})[one.hash] = one
    return waiting


async def save_cursors(conn: Conn, cursors: dict[Key, Cursor]) -> None:
    """Write the cursors."""
    if not cursors:
        return
    keys = sorted(cursors)
    values = [cursors[key] for key in keys]
    await conn.execute(
        "INSERT INTO inbound_cursor (dossier_id, source, last_seq, last_id, last_hash)"
        " SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[], $5::text[])"
        " ON CONFLICT (dossier_id, source) DO UPDATE SET last_seq = excluded.last_seq,"
        " last_id = excluded.last_id, last_hash = excluded.last_hash",
        [dossier_id for dossier_id, _ in keys],
        [source for _, source in keys],
        [value.sequence for value in values],
        [value.event_id for value in values],
        [value.hash for value in values],
    )


async def drop_parked(conn: Conn, ids: Sequence[UUID]) -> None:
    """Drop what was parked of the dossiers up to their cursors."""
    await conn.execute(
        "DELETE FROM inbound_parked p USING inbound_cursor c WHERE p.dossier_id = c.dossier_id"
        " AND p.source = c.source AND p.seq <= c.last_seq AND p.dossier_id = ANY($1::uuid[])",
        ids,
    )


async def save_parked(conn: Conn, parked: Sequence[Arrived]) -> None:
    """Write what has to wait; one that waits already stays as it is."""
    if not parked:
        return
    await conn.execute(
        "INSERT INTO inbound_parked (dossier_id, source, seq, hash, body, topic, part, off)"
        " SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::bytea[],"
        " $6::text[], $7::int[], $8::bigint[]) ON CONFLICT DO NOTHING",
        [one.event.dossierid for one in parked],
        [one.event.service for one in parked],
        [one.event.sequence for one in parked],
        [one.hash for one in parked],
        [one.body for one in parked],
        [one.topic for one in parked],
        [one.partition for one in parked],
        [one.offset for one in parked],
    )


async def save_conflicts(conn: Conn, conflicts: Sequence[tuple[Arrived, str]]) -> None:
    """Write each clash of hashes once for someone to look at."""
    for one, have in conflicts:
        await conn.execute(
            "INSERT INTO conflict (dossier_id, source, seq, have_hash, got_hash, topic, part, off)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            *(one.event.dossierid, one.event.service, one.event.sequence),
            *(have, one.hash, one.topic, one.partition, one.offset),
        )
