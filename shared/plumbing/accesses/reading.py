"""Reads accesses and blocks from a service's database, for a check and for who looked."""

from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import UUID

from plumbing.accesses import checking
from plumbing.accesses.checking import AccessFinding, Block
from plumbing.accesses.rows import Access
from plumbing.database import Conn

_COLUMNS = "id, at, actor, unit_code, dossier_id, act, purpose"
_BLOCKS = "SELECT block, first, last, count, sha256, prevhash, body FROM access_block ORDER BY 1"
_ROWS = f"SELECT {_COLUMNS} FROM access WHERE id BETWEEN $1 AND $2 ORDER BY id"
#: Rows up to the last block that are in none of them.
_BETWEEN = """
SELECT id FROM access a WHERE id <= (SELECT max(last) FROM access_block)
    AND NOT EXISTS (SELECT 1 FROM access_block b WHERE a.id BETWEEN b.first AND b.last)
ORDER BY id LIMIT 1000
"""
#: Of a dossier the last so many of each who did it are told: however often somebody asks, the
#: looks of others stay.
MOST = 1000
_OF = f"""
SELECT {_COLUMNS}, count FROM (
    SELECT {_COLUMNS}, count(*) OVER () AS count, row_number() OVER (
        PARTITION BY actor, unit_code, act ORDER BY at DESC, id DESC) AS place
    FROM access WHERE dossier_id = $1) one
WHERE place <= $2 ORDER BY at, id
"""


async def of_dossier(
    conn: Conn, dossier_id: UUID, most: int = MOST
) -> tuple[tuple[Access, ...], int]:
    """Return who read or opened data of the dossier, the oldest first, and how often in all.

    The last `most` of each actor, unit and act.
    """
    rows = [dict(row) for row in await conn.fetch(_OF, dossier_id, most)]
    counts = [row.pop("count") for row in rows]
    return tuple(Access(**row) for row in rows), max(counts, default=0)


async def load_blocks(conn: Conn) -> list[Block]:
    """Return every block, by number."""
    return [Block(**dict(row)) for row in await conn.fetch(_BLOCKS)]


async def findings(
    conn: Conn,
    service: str,
    blocks: Sequence[Block],
    archived: Mapping[int, Sequence[bytes]] | None = None,
) -> AsyncIterator[AccessFinding]:
    """Yield what is wrong, block by block: at most one block's rows are held at a time."""
    for one in checking.check_chain(blocks, service):
        yield one
    for block in blocks:
        rows = [Access(**dict(row)) for row in await conn.fetch(_ROWS, block.first, block.last)]
        if (wrong := checking.check_rows(block, rows)) is not None:
            yield wrong
    numbers = [row["id"] for row in await conn.fetch(_BETWEEN)]
    for one in checking.check_between(blocks, numbers):
        yield one
    if archived is not None:
        for one in checking.check_archive(blocks, archived):
            yield one
