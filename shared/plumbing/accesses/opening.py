"""The one way to open sealed personal data: whoever opens is written down in the same go."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from plumbing.accesses.rows import By
from plumbing.database import Conn
from plumbing.sealing import KeyRing, Sealed

#: $1 instant or none, $2 actor, $3 unit, $4 act; per row $5 dossier, $6 purpose.
NOTE = """
INSERT INTO access (at, actor, unit_code, act, dossier_id, purpose)
SELECT coalesce($1::timestamptz, clock_timestamp()), $2, $3, $4, t.dossier_id, t.purpose
FROM unnest($5::uuid[], $6::text[]) t(dossier_id, purpose)
"""


class Opening:
    """Opens sealed bytes for somebody, and remembers of whom."""

    def __init__(self, keys: KeyRing, by: By) -> None:
        self._keys, self.by = keys, by
        self.noted: dict[UUID | None, None] = {}

    def note(self, dossier_id: UUID | None) -> None:
        """Remember that something of the dossier was seen, whether or not it was sealed."""
        self.noted[dossier_id] = None

    def open(self, dossier_id: UUID | None, sealed: bytes | Sealed, bound_to: str) -> bytes:
        """Return what was sealed for that purpose; raises Unsealable."""
        whole = sealed if isinstance(sealed, Sealed) else Sealed.unpack(sealed)
        plain = self._keys.open(whole, bound_to)
        self.note(dossier_id)
        return plain


@asynccontextmanager
async def opening(conn: Conn, keys: KeyRing, by: By) -> AsyncIterator[Opening]:
    """Give what opens; at the end of the block the rows are written, by the caller's transaction.

    After an exception nothing is written: nothing that was opened is used.
    """
    access = Opening(keys, by)
    yield access
    await write(conn, by, list(access.noted))


async def write(
    conn: Conn,
    by: By,
    ids: Sequence[UUID | None],
    purposes: Sequence[str] | None = None,
    *,
    in_equal_time: bool = False,
) -> None:
    """Write one row for each of the dossiers; `purposes` are their own in the place of `by`'s.

    `in_equal_time`: the database is asked for no row too, so that nobody learns from the time
    whether there was one.
    """
    if not ids and not in_equal_time:
        return
    told = [by.purpose] * len(ids) if purposes is None else list(purposes)
    await conn.execute(NOTE, by.at, by.actor, by.unit_code, by.act, list(ids), told)


def open_written(keys: KeyRing, sealed: bytes, bound_to: str) -> bytes:
    """Return what was sealed, once it is written down elsewhere, in the claim of a call.

    Raises Unsealable.
    """
    return keys.open(Sealed.unpack(sealed), bound_to)
