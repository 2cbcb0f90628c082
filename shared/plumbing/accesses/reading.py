"""Reads accesses and blocks from a service's database, for a check and for who looked."""

from collections.abc import AsyncIterator
from uuid import UUID

from plumbing.accesses import checking
from plumbing.accesses.checking import AccessFinding, Archived, Block
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
#: So many blocks are asked for at once.
_AT_ONCE = 500
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


async def findings(
    conn: Conn, service: str, archived: Archived | None = None
) -> AsyncIterator[AccessFinding]:
    """Yield what is wrong: with the chain, with rows, with what lies between, with the archive.

    One block and its rows are in memory at a time, and what was found.
    """
    chain, found_chain = checking.ChainCheck(service), list[AccessFinding]()
    archive = None if archived is None else checking.ArchiveCheck(archived)
    wrong, differing = list[AccessFinding](), list[AccessFinding]()
    async with conn.transaction():
        async for row in conn.cursor(_BLOCKS, prefetch=_AT_ONCE):
            block = Block(**dict(row))
            found_chain += chain.look(block)
            rows = [Access(**dict(one)) for one in await conn.fetch(_ROWS, block.first, block.last)]
            if (finding := checking.check_rows(block, rows)) is not None:
                wrong.append(finding)
            differing += archive.look(block) if archive is not None else ()
        numbers = [row["id"] for row in await conn.fetch(_BETWEEN)]
    differing += archive.rest() if archive is not None else ()
    for one in (*found_chain, *wrong, *checking.check_between(numbers), *differing):
        yield one
