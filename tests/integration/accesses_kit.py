"""A log of accesses on a database, and what an attacker with all rights does to it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from contracts.audit import AccessBlock
from plumbing.accesses import reading
from plumbing.accesses.blocks import Sealing
from plumbing.accesses.checking import Archived
from plumbing.accesses.opening import write
from plumbing.accesses.rows import By
from plumbing.assembly import utc_now
from plumbing.database import Pool, open_pool
from plumbing.migrating import migrate

LONG_SECONDS = 20.0
BY = By("officer-1", "looked", "page", "26734")


@dataclass
class AccessBench:
    """What a test does to the log, as the service and as somebody else."""

    pool: Pool
    sealing: Sealing

    async def looks(self, count: int = 1, by: By = BY) -> list[UUID]:
        """Write down that many looks, each at a dossier of its own."""
        ids = [uuid4() for _ in range(count)]
        async with self.pool.acquire() as conn:
            await write(conn, by, ids)
        return ids

    async def seals(self) -> int:
        """Seal one block, if there is something to seal; return how many rows.

        Any transaction of the server may hold it up for a moment, one of its upkeep too.
        """
        give_up = time.monotonic() + LONG_SECONDS
        while not (sealed := await self.sealing.turn()) and await self._is_unsealed():
            assert time.monotonic() < give_up, "never happened: a block is sealed"
            await asyncio.sleep(0.02)
        return sealed

    async def _is_unsealed(self) -> bool:
        return bool(
            await self.pool.fetchval(
                "SELECT max(id) > (SELECT coalesce(max(last), 0) FROM access_block) FROM access"
            )
        )

    async def blocks(self) -> list[AccessBlock]:
        """Return the blocks as they are published, in order."""
        rows = await self.pool.fetch("SELECT body FROM access_block ORDER BY block")
        return [AccessBlock.model_validate_json(row["body"]) for row in rows]

    async def forges(self, sql: str, *values: object) -> None:
        """Do what the service itself cannot, as the owner of the table can."""
        async with self.pool.acquire() as conn, conn.transaction():
            for table in ("access", "access_block"):
                await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            await conn.execute(sql, *values)
            for table in ("access", "access_block"):
                await conn.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    async def findings(self, archived: dict[int, Sequence[bytes]] | None = None) -> list[str]:
        """Return the kinds of what a check finds, in order."""
        return [kind for kind, *_ in await self.found(archived)]

    async def found(
        self, archived: dict[int, Sequence[bytes]] | None = None
    ) -> list[tuple[str, int | None, tuple[int, ...]]]:
        """Return kind, block and rows of what a check finds, in order."""
        async with self.pool.acquire() as conn:
            every = reading.findings(
                conn, "routing", None if archived is None else Archived.of(archived)
            )
            return [(one.kind, one.block, one.rows) async for one in every]


@asynccontextmanager
async def access_bench(database: str) -> AsyncIterator[AccessBench]:
    """Give a bench on an empty database."""
    await migrate(database)
    pool = await open_pool(database, application="access-test")
    try:
        yield AccessBench(pool, Sealing("routing", pool, utc_now))
    finally:
        pool.terminate()
