"""Publishes once more what a neighbour misses; it drops what it had."""

import json
from typing import Any

from contracts.topics import LIFECYCLE
from plumbing.database import Conn
from plumbing.outbox import OutboxRow, add
from plumbing.stuck.items import SentItem
from plumbing.stuck.workbench import Impossible

#: More at once is no hole but a topic to be published again.
MOST_EVENTS = 1000

_SENT = """
SELECT DISTINCT ON (event_id) topic, key, body, event_id FROM outbox_sent
WHERE key = $1 AND topic = $2 ORDER BY event_id, id
"""


async def publish_again(conn: Conn, service: str, item: SentItem) -> str:
    """Put the dossier's events of those sequences into the outbox, in order; raises Impossible."""
    if not 0 < item.last - item.first + 1 <= MOST_EVENTS:
        raise Impossible("no_such_item")
    said = await conn.fetchval("SELECT sequence FROM stream WHERE dossier_id = $1", item.dossier_id)
    if (said or 0) < item.last:
        raise Impossible("was_never_said_here")
    topic, key = LIFECYCLE[service].name, str(item.dossier_id).encode()
    if await conn.fetchval("SELECT 1 FROM outbox WHERE key = $1 AND topic = $2", key, topic):
        raise Impossible("waits_in_the_outbox")
    rows = {_sequence(row): row for row in await conn.fetch(_SENT, key, topic)}
    wanted = range(item.first, item.last + 1)
    if any(sequence not in rows for sequence in wanted):
        raise Impossible("not_kept_any_more")
    again = (rows[sequence] for sequence in wanted)
    await add(
        conn, [OutboxRow(one["topic"], one["key"], one["body"], one["event_id"]) for one in again]
    )
    return "published_again"


def _sequence(row: Any) -> int:
    return int(json.loads(row["body"])["sequence"]) if row["body"] else 0
