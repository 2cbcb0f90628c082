"""Opens dead letters and gives them to the inlet they failed in once more."""

import base64
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRecord

from contracts.envelope import MalformedEvent
from plumbing.accesses.opening import open_written, write
from plumbing.accesses.rows import By
from plumbing.database import Conn
from plumbing.deadletters import purpose
from plumbing.logs import describe
from plumbing.sealing import KeyRing, Unsealable
from plumbing.sequencing import Record
from plumbing.settling import condemns
from plumbing.stuck.items import Item, LetterItem, UnknownItem, dossier_of, read_name
from plumbing.stuck.workbench import Impossible, Workbench

#: $1 dossiers, $2 topics. The discarded too: they can still be redriven.
OPEN_OF_DOSSIERS = """
SELECT topic, part, off, at, dossier_id, record FROM dead_letter d
WHERE dossier_id = ANY($1::uuid[]) AND topic = ANY($2::text[]) AND (settled_at IS NULL OR EXISTS (
    SELECT 1 FROM stuck_act a WHERE a.act_id = d.settled_by AND a.act = 'discard'))
ORDER BY at LIMIT 1000
"""
_ONE = """
SELECT topic, part, off, at, record, settled_at, EXISTS (
    SELECT 1 FROM stuck_act a WHERE a.act_id = d.settled_by AND a.act = 'discard') AS discarded
FROM dead_letter d WHERE topic = $1 AND part = $2 AND off = $3 AND at = $4 FOR UPDATE OF d
"""
_SETTLE = """
UPDATE dead_letter SET settled_by = $5, settled_at = clock_timestamp()
WHERE topic = $1 AND part = $2 AND off = $3 AND at = $4
"""
_REASON = """
SELECT reason FROM dead_letter WHERE topic = $1 AND part = $2 AND off = $3 ORDER BY at DESC LIMIT 1
"""


def opened(keys: KeyRing, row: Any) -> Record:
    """Return the record as it came, once it is written down who opens it; raises Unsealable."""
    place = (row["topic"], row["part"], row["off"])
    document = json.loads(open_written(keys, row["record"], purpose(*place)))

    def whole(text: str | None) -> bytes | None:
        return None if text is None else base64.b64decode(text)

    key, value = whole(document["key"]), whole(document["value"])
    headers = tuple((name, whole(text)) for name, text in document["headers"])
    # The client's own times and sizes are not kept; no inlet looks at them.
    return ConsumerRecord(
        *place, 0, 1, key, value, None, len(key or b""), len(value or b""), headers
    )


async def write_down(bench: Workbench, act: str, names: Sequence[str], person: str) -> None:
    """Write down who has dead letters opened, before they are; it stays when the act is undone."""
    if act != "redrive":
        return
    items = [_item_of(bench.service, name) for name in names]
    async with bench.pool.acquire() as conn:
        dossiers = [await dossier_of(conn, one) for one in items if isinstance(one, LetterItem)]
        await write(conn, By(person, "opened_letter", "redrive"), dossiers)


def _item_of(service: str, name: str) -> Item | None:
    try:
        return read_name(service, name)
    except UnknownItem:
        return None


async def redrive(bench: Workbench, conn: Conn, item: LetterItem, act_id: UUID) -> str:
    """Settle the letter by the inlet of its topic; return what became of it: `applied`, `parked`.

    Raises Impossible with the reason when it fails again; the caller undoes what it wrote.
    """
    row = await _row(conn, item)
    if row["settled_at"] is not None and not row["discarded"]:
        raise Impossible("already_settled")
    settle = bench.inlets.get(item.topic)
    if settle is None:
        raise Impossible("topic_is_not_read_here")
    try:
        record = opened(bench.keys, row)
    except Unsealable as error:
        raise Impossible(f"does_not_open: {describe(error)}") from None
    try:
        settled = await settle(conn, [record], bench.clock())
    except Exception as error:
        if not condemns(error):
            raise
        reason = error.reason if isinstance(error, MalformedEvent) else describe(error)
        raise Impossible(f"fails_again: {reason}") from None
    if settled.dead:
        reason = await conn.fetchval(_REASON, item.topic, item.partition, item.offset)
        raise Impossible(f"fails_again: {reason}")
    await conn.execute(_SETTLE, item.topic, item.partition, item.offset, item.instant, act_id)
    return "applied" if settled.applied else "parked" if settled.parked else "duplicate"


async def discard(conn: Conn, item: LetterItem, act_id: UUID) -> str:
    """Take the letter off the list; it is kept and can still be redriven."""
    row = await _row(conn, item)
    if row["settled_at"] is not None:
        raise Impossible("already_settled")
    await conn.execute(_SETTLE, item.topic, item.partition, item.offset, item.instant, act_id)
    return "discarded"


async def _row(conn: Conn, item: LetterItem) -> Any:
    row = await conn.fetchrow(_ONE, item.topic, item.partition, item.offset, item.instant)
    if row is None:
        raise Impossible("no_such_item")
    return row
