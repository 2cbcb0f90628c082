"""Seals accesses in blocks, each naming the one before, and publishes them."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID, uuid5

import structlog

from contracts.audit import AccessBlock, Holder
from contracts.envelope import GENESIS, sha256
from contracts.topics import ACCESS
from plumbing.accesses.rows import DOMAIN
from plumbing.database import Conn, Pool, passing
from plumbing.logs import describe
from plumbing.outbox import OutboxRow, add
from plumbing.waiting import rest

log = structlog.get_logger()

SEAL_SECONDS = 2.0
#: One statement digests so many; of more there are several blocks.
MOST_ROWS = 5000
HOLDERS: tuple[str, ...] = get_args(Holder)
_LOCK = 0x61636365
_NAMESPACE = UUID("5c1f2f4e-8f0b-5a53-9d3c-6e1d3f0a7b21")

_STATE = """
SELECT pg_snapshot_xmin(pg_current_snapshot()) AS oldest,
    (SELECT coalesce(max(id), 0) FROM access) AS newest,
    (SELECT coalesce(max(last), 0) FROM access_block) AS sealed
"""
#: A transaction's number that is above that of everybody who has a lower row than `newest`.
_MARK = "SELECT max(id) AS newest, pg_current_xact_id() AS following FROM access"

_LAST = "SELECT block, last, body FROM access_block ORDER BY block DESC LIMIT 1"


def _text(value: str) -> str:
    return f"int4send(octet_length({value})) || convert_to({value}, 'UTF8')"


_CANONICAL = " || ".join(
    _text(value)
    for value in (
        "id::text",
        "(extract(epoch FROM at) * 1000000)::bigint::text",
        "actor",
        "unit_code",
        "coalesce(dossier_id::text, '')",
        "act",
        "purpose",
    )
)
#: $1 after, $2 up to, $3 how many at most, $4 what the bytes begin with: as `rows.digest` does.
_DIGEST = f"""
SELECT min(id) AS first, max(id) AS last, count(*)::int AS count,
    encode(sha256($4::bytea || string_agg({_CANONICAL}, ''::bytea ORDER BY id)), 'hex') AS sha256
FROM (SELECT * FROM access WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) one
"""


@dataclass(frozen=True)
class _Mark:
    """Rows up to `newest` are all there once every transaction before `following` is over."""

    newest: int
    following: int


class Sealing:
    """Seals a service's accesses for ever, in turn with its replicas.

    A row is sealed when no lower one can come any more, so that nothing that commits late is
    passed over.
    """

    def __init__(
        self,
        service: str,
        pool: Pool,
        clock: Callable[[], datetime],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._service, self._pool, self._clock, self._wake = service, pool, clock, wake
        self._mark: _Mark | None = None

    async def run(self) -> None:
        """Seal what is there every two seconds, until cancelled."""
        while True:
            more = False
            try:
                more = await self.turn() == MOST_ROWS
            except Exception as error:
                if not passing(error):
                    raise
                log.warning("sealing_waits_for_database", error=describe(error))
            await rest(0.05 if more else SEAL_SECONDS * random.uniform(0.9, 1.1))

    async def turn(self) -> int:
        """Seal at most one block of what no one can come before; return how many rows."""
        async with self._pool.acquire() as conn:
            state: Any = await conn.fetchrow(_STATE)
            if state["newest"] <= state["sealed"]:
                self._mark = None
                return 0
            if self._mark is None or self._mark.newest <= state["sealed"]:
                row: Any = await conn.fetchrow(_MARK)
                self._mark = _Mark(row["newest"], row["following"])
                state = await conn.fetchrow(_STATE)
            if state["oldest"] < self._mark.following:
                return 0
            return await self._seal(conn, self._mark.newest)

    async def _seal(self, conn: Conn, newest: int) -> int:
        async with conn.transaction():
            if not await conn.fetchval("SELECT pg_try_advisory_xact_lock($1, 0)", _LOCK):
                return 0
            before: Any = await conn.fetchrow(_LAST)
            after = before["last"] if before else 0
            found: Any = await conn.fetchrow(_DIGEST, after, newest, MOST_ROWS, DOMAIN)
            if not found["count"]:
                return 0
            block = AccessBlock(
                service=self._service,
                block=before["block"] + 1 if before else 1,
                first=found["first"],
                last=found["last"],
                count=found["count"],
                sha256=found["sha256"],
                prevhash=sha256(before["body"]) if before else GENESIS,
                sealed_at=self._clock(),
            )
            await _keep(conn, block)
        self._wake()
        return block.count


async def _keep(conn: Conn, block: AccessBlock) -> None:
    body = block.model_dump_json().encode()
    await conn.execute(
        "INSERT INTO access_block (block, first, last, count, sha256, prevhash, body)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *(block.block, block.first, block.last, block.count),
        *(block.sha256, block.prevhash, body),
    )
    event_id = uuid5(_NAMESPACE, f"{block.service}:{block.block}")
    topic = ACCESS[block.service].name
    await add(conn, [OutboxRow(topic, block.service.encode(), body, event_id)])
