"""Counts what a machine's speed does not change: statements sent, and functions called."""

import sys
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

from plumbing.database import Conn, Pool


class Statements:
    """A pool that keeps the text of each statement its connections send, `BEGIN;` too."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.sent: list[str] = []

    @property
    def pool(self) -> Pool:
        """Return itself, for what wants a pool."""
        return cast(Pool, self)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Conn]:
        """Give a connection; what it sends meanwhile is kept."""
        async with self._pool.acquire() as conn:
            with self.of(conn):
                yield conn

    @contextmanager
    def of(self, conn: Conn) -> Iterator[None]:
        """Keep what this connection sends in the block."""
        conn.add_query_logger(self._keep)
        try:
            yield
        finally:
            conn.remove_query_logger(self._keep)

    def took(self) -> list[str]:
        """Return what was sent since it was asked last."""
        sent, self.sent = self.sent, []
        return sent

    def _keep(self, query: Any) -> None:
        self.sent.append(" ".join(query.query.split())[:60])


async def calls_of(work: Awaitable[Any]) -> int:
    """Return how many Python functions were called until the work was done."""
    count = 0

    def called(_: Any, kind: str, __: Any) -> None:
        nonlocal count
        count += kind == "call"

    sys.setprofile(called)
    try:
        await work
    finally:
        sys.setprofile(None)
    return count
