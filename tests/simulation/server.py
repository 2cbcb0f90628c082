"""An in-memory database: READ COMMITTED, row locks that wait, all or nothing at commit.

Rows are never changed in place, so what a statement read stays what it was.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from tests.simulation.loop import SimulatedLoop

Row = dict[str, Any]
Lock = tuple[str, Hashable]

LOCK_SECONDS = 10.0
#: An idle look at a queue is answered at the latest after so long: looking costs a run its time.
IDLE_SECONDS = 30.0
BEGAN = datetime(2026, 11, 24, 8, tzinfo=UTC)
TABLES = (
    "stream",
    "consumer_offset",
    "inbound_cursor",
    "inbound_parked",
    "dead_letter",
    "conflict",
    "outbox",
    "outbox_sent",
    "effect",
    "effect_attempt",
    "lane_pause",
    "toy_case",
    "toy_ledger",
)


class Server:
    """The committed rows, who holds which row, and which session holds which advisory lock."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.loop = loop
        self.tables: dict[str, dict[Hashable, Row]] = {name: {} for name in TABLES}
        self.holders: dict[Lock, Transaction] = {}
        self.waiters: dict[Lock, deque[asyncio.Future[None]]] = defaultdict(deque)
        self.advisory: dict[Hashable, object] = {}
        self.counters: Counter[str] = Counter()
        self._lookers: dict[str, list[asyncio.Future[None]]] = defaultdict(list)

    def now(self) -> datetime:
        """Return the time of the server's clock, the only one that counts."""
        return BEGAN + timedelta(seconds=self.loop.time())

    def following(self, sequence: str) -> int:
        """Return the next number of an identity column; no rollback gives it back."""
        self.counters[sequence] += 1
        return self.counters[sequence]

    async def idle(self, table: str, until: datetime | None = None) -> None:
        """Keep a look at an empty queue waiting until a row is written, or something falls due."""
        seconds = IDLE_SECONDS
        if until is not None:
            seconds = min(seconds, max(0.0, (until - self.now()).total_seconds()) + 0.001)
        looker = self.loop.create_future()
        self._lookers[table].append(looker)
        timer = self.loop.call_later(seconds, _settle, looker)
        try:
            await looker
        finally:
            timer.cancel()

    def written(self, tables: set[str]) -> None:
        """Let those go on who wait for a row in these tables."""
        for table in sorted(tables):
            for looker in self._lookers.pop(table, ()):
                _settle(looker)


class Transaction:
    """What one transaction wrote and holds; nobody else sees it before `commit`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.failed = False
        self.over = False
        self._writes: dict[str, dict[Hashable, Row | None]] = defaultdict(dict)
        self._held: list[Lock] = []

    def rows(self, table: str) -> Iterator[tuple[Hashable, Row]]:
        """Give what a statement sees at this moment, own writes included, oldest row first."""
        committed, mine = self.server.tables[table], self._writes.get(table)
        if not mine:
            yield from list(committed.items())
            return
        for key, row in list({**committed, **mine}.items()):
            if row is not None:
                yield key, row

    def get(self, table: str, key: Hashable) -> Row | None:
        """Return one row as it is now, or None."""
        mine = self._writes.get(table)
        if mine is not None and key in mine:
            return mine[key]
        return self.server.tables[table].get(key)

    def is_free(self, table: str, key: Hashable) -> bool:
        """Return whether nobody else holds the row."""
        return self.server.holders.get((table, key), self) is self

    async def hold(self, table: str, key: Hashable) -> Row | None:
        """Wait for the row's lock, then return the row as it is now: it may have changed."""
        await self._lock((table, key))
        return self.get(table, key)

    async def _lock(self, lock: Lock) -> None:
        while (holder := self.server.holders.get(lock)) is not None and holder is not self:
            turn = self.server.loop.create_future()
            self.server.waiters[lock].append(turn)
            try:
                async with asyncio.timeout(LOCK_SECONDS):
                    await turn
            except TimeoutError:
                raise asyncpg.LockNotAvailableError("canceling statement") from None
            if self.over:
                raise asyncpg.ConnectionDoesNotExistError("the session was ended")
        if holder is None:
            self.server.holders[lock] = self
            self._held.append(lock)

    async def insert(self, table: str, key: Hashable, row: Row) -> bool:
        """Write a new row; False when there is one, once whoever is writing it has ended."""
        if await self.hold(table, key) is not None:
            return False
        self.put(table, key, row)
        return True

    async def unique(self, index: str, value: Hashable, table: str, key: Hashable) -> None:
        """Raise UniqueViolationError when another row has the value, or is about to."""
        await self._lock((index, value))
        name = index.partition(".")[2].split(",")
        for other, row in self.rows(table):
            if other != key and tuple(row[one] for one in name) == value:
                raise asyncpg.UniqueViolationError(f"duplicate key in {index}")

    async def update(
        self, table: str, key: Hashable, still: Callable[[Row], bool], change: Callable[[Row], Row]
    ) -> Row | None:
        """Change the row once it is free, if the condition still holds then; return it."""
        row = await self.hold(table, key)
        if row is None or not still(row):
            return None
        changed = {**row, **change(row)}
        self.put(table, key, changed)
        return changed

    async def delete(self, table: str, key: Hashable) -> Row | None:
        """Delete the row once it is free; return it, or None when it was gone."""
        row = await self.hold(table, key)
        if row is not None:
            self.put(table, key, None)
        return row

    def put(self, table: str, key: Hashable, row: Row | None) -> None:
        """Write a row that is held; None deletes it."""
        self._writes[table][key] = row

    def commit(self) -> None:
        """Make everything visible at once; a failed transaction writes nothing."""
        if not self.over and not self.failed:
            for table, rows in self._writes.items():
                for key, row in rows.items():
                    if row is None:
                        self.server.tables[table].pop(key, None)
                    else:
                        self.server.tables[table][key] = row
            self._end()
            self.server.written(set(self._writes))
        self._end()

    def rollback(self) -> None:
        """Forget everything."""
        self._end()

    def _end(self) -> None:
        self.over = True
        held, self._held = self._held, []
        for lock in held:
            del self.server.holders[lock]
            for turn in self.server.waiters.pop(lock, ()):
                _settle(turn)


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
