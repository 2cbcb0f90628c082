"""The SQL of receipts: which messages to ask about, and what was said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from notifier.receipts import ASK_AFTER, Receipt
from plumbing.database import Conn, Pool

_TAKEN = """
INSERT INTO sms_receipt (effect_id, dossier_id, kind, status, ask_at)
SELECT t.effect_id, t.dossier_id, t.kind, 'taken', clock_timestamp() + $4::interval
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) t(effect_id, dossier_id, kind)
ON CONFLICT DO NOTHING
"""
#: $1 how many, $2 the waits. Who takes one up is the only one until it is due again. Not before
#: the answer of its call is recorded: of a step that was not told yet no rule would hear it.
_DUE = """
UPDATE sms_receipt r SET asked = r.asked + 1,
    ask_at = clock_timestamp() + ($2::interval[])[least(r.asked + 2, cardinality($2::interval[]))]
WHERE r.effect_id IN (
    SELECT t.effect_id FROM sms_receipt t
    WHERE t.status = 'taken' AND t.ask_at <= clock_timestamp() AND NOT EXISTS (
        SELECT 1 FROM effect e WHERE e.effect_id = t.effect_id
            AND e.state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT'))
    ORDER BY t.ask_at LIMIT $1 FOR UPDATE OF t SKIP LOCKED)
RETURNING r.effect_id, r.dossier_id, r.kind, r.asked
"""
#: Only from `taken`: what came to its end stays there, whatever comes late.
_END = """
UPDATE sms_receipt r SET status = t.status, ended_at = clock_timestamp()
FROM unnest($1::uuid[], $2::text[]) t(effect_id, status)
WHERE r.effect_id = t.effect_id AND r.status = 'taken' RETURNING r.effect_id
"""
_COUNTS = """
SELECT split_part(kind, ':', 1) AS gateway, status, count(*) AS messages FROM sms_receipt
WHERE taken_at > clock_timestamp() - $1::interval GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Taken:
    """A message that its gateway has."""

    effect_id: UUID
    dossier_id: UUID
    kind: str


async def note_taken(pool: Pool, messages: Sequence[Taken]) -> list[None]:
    """Note that the gateways have the messages; once."""
    await pool.execute(
        _TAKEN,
        [one.effect_id for one in messages],
        [one.dossier_id for one in messages],
        [one.kind for one in messages],
        ASK_AFTER[0],
    )
    return [None] * len(messages)


async def due_receipts(conn: Conn, most: int) -> Sequence[Mapping[str, Any]]:
    """Return the messages to ask about now, by nobody else."""
    rows: Sequence[Mapping[str, Any]] = await conn.fetch(_DUE, most, list(ASK_AFTER))
    return rows


async def end_receipts(conn: Conn, said: Mapping[UUID, Receipt]) -> set[UUID]:
    """Write how the messages ended; return which of them had not ended before."""
    rows = await conn.fetch(_END, list(said), list(said.values()))
    return {row["effect_id"] for row in rows}


async def count_receipts(conn: Conn, since: timedelta) -> list[tuple[str, Receipt, int]]:
    """Return how many messages of that time stand where, by gateway."""
    rows = await conn.fetch(_COUNTS, since)
    return [(row["gateway"], row["status"], row["messages"]) for row in rows]
