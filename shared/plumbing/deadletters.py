"""Records that no rule can take: kept whole, encrypted, with coordinates and reason."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from plumbing.database import Conn
from plumbing.sealing import KeyRing
from plumbing.sequencing import Record


@dataclass(frozen=True)
class Dead:
    """One record and why it is here; `problems` is JSON without any input."""

    record: Record
    reason: str
    problems: str = "[]"


def _whole(record: Record) -> bytes:
    def text(value: bytes | None) -> str | None:
        return None if value is None else base64.b64encode(value).decode()

    headers = [[name, text(value)] for name, value in record.headers]
    document = {"key": text(record.key), "value": text(record.value), "headers": headers}
    return json.dumps(document).encode()


def _dossier_of(record: Record) -> UUID | None:
    try:
        return UUID((record.key or b"").decode("ascii"))
    except ValueError:
        return None


def purpose(topic: str, partition: int, offset: int) -> str:
    """Return what the encryption of a dead letter is bound to: its coordinates."""
    return f"dead-letter:{topic}:{partition}:{offset}"


async def bury(conn: Conn, keys: KeyRing, dead: Sequence[Dead]) -> None:
    """Write the dead letters; one that is there already stays as it is."""
    for one in dead:
        record = one.record
        place = (record.topic, record.partition, record.offset)
        await conn.execute(
            "INSERT INTO dead_letter (topic, part, off, dossier_id, reason, problems, record)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            *place,
            _dossier_of(record),
            one.reason,
            one.problems,
            keys.seal(_whole(record), purpose(*place)).pack(),
        )
