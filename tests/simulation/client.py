"""What the core uses of asyncpg, with a network between it and the server."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from types import TracebackType
from typing import Any

import asyncpg

from tests.simulation.loop import CURRENT, Process
from tests.simulation.server import Server, Transaction
from tests.simulation.statements import Record, UnknownStatement, handler_of

#: Called before and after each thing that goes over the network; may end or pause who asks.
Trouble = Callable[[str], Awaitable[None]]
IDLE_IN_TRANSACTION_SECONDS = 30.0


class Connection:
    """One session; lost at any await, and then its transaction is rolled back by the server."""

    def __init__(self, server: Server, trouble: Trouble) -> None:
        self._server, self._trouble = server, trouble
        self._transaction: Transaction | None = None
        self._implicit: Transaction | None = None
        self.process: Process | None = CURRENT.get()
        self.lost = False

    async def fetch(self, sql: str, *values: Any) -> list[Record]:
        """Run the statement and return its rows."""
        await self._cross("statement")
        rows = await self._execute(sql, [values])
        await self._cross("answer")
        return rows

    async def fetchval(self, sql: str, *values: Any) -> Any:
        """Return the first value of the first row, or None."""
        rows = await self.fetch(sql, *values)
        return next(iter(rows[0])) if rows else None

    async def execute(self, sql: str, *values: Any) -> str:
        """Run the statement."""
        await self.fetch(sql, *values)
        return ""

    async def executemany(self, sql: str, many: Iterable[Sequence[Any]]) -> None:
        """Run the statement for each of the values, all or nothing."""
        await self._cross("statement")
        await self._execute(sql, list(many))
        await self._cross("answer")

    def transaction(self) -> "_Block":
        """Return a block that is one transaction."""
        return _Block(self)

    async def begin(self) -> None:
        """Open the transaction; nothing goes over the network for it alone."""
        self._check()
        self._transaction = Transaction(self._server)

    async def commit(self) -> None:
        """Commit; the answer may be lost after it was done."""
        await self._cross("commit")
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            transaction.commit()
        await self._cross("committed")

    async def rollback(self) -> None:
        """Roll back what was written."""
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            transaction.rollback()

    def terminate(self) -> None:
        """End the session: locks fall, what is not committed is forgotten."""
        self.lost = True
        for transaction in (self._transaction, self._implicit):
            if transaction is not None:
                transaction.rollback()
        self._transaction = None
        for key in [key for key, one in self._server.advisory.items() if one is self]:
            del self._server.advisory[key]

    def idle_too_long(self, seconds: float) -> None:
        """Have the server end a transaction whose owner is paused for so long."""
        if self._transaction is not None and seconds > IDLE_IN_TRANSACTION_SECONDS:
            self._server.loop.outside(
                IDLE_IN_TRANSACTION_SECONDS, self._end_idle, self._transaction
            )

    def _end_idle(self, transaction: Transaction) -> None:
        if self._transaction is transaction and self.process and self.process.paused:
            self.terminate()

    async def _execute(self, sql: str, many: Sequence[Sequence[Any]]) -> list[Record]:
        handler = handler_of(sql)
        transaction = self._transaction
        if transaction is not None and transaction.failed:
            raise asyncpg.InFailedSQLTransactionError("current transaction is aborted")
        used = transaction or Transaction(self._server)
        self._implicit = used
        rows: list[Record] = []
        try:
            for values in many:
                rows = await handler(self, used, *values)
        except BaseException as error:
            used.failed = True
            if transaction is None:
                used.rollback()
            if isinstance(error, asyncpg.PostgresError) or not isinstance(error, Exception):
                raise
            raise UnknownStatement(f"the double fails at {sql}: {error!r}") from error
        finally:
            self._implicit = None
        self._check()
        if transaction is None:
            used.commit()
        return rows

    async def _cross(self, what: str) -> None:
        self._check()
        try:
            await self._trouble(what if self._transaction is None else "settling")
        except (asyncpg.PostgresError, OSError):
            self.terminate()
            raise
        await asyncio.sleep(0)
        self._check()

    def _check(self) -> None:
        if self.process is not None and self.process.dead:
            self.terminate()
        if self.lost:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed")


class _Block:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def __aenter__(self) -> None:
        await self._connection.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, _: Any, __: TracebackType | None
    ) -> None:
        if kind is None:
            await self._connection.commit()
        else:
            await self._connection.rollback()


class Sessions:
    """Opens sessions for everybody, and is the pool of one process."""

    def __init__(self, server: Server, trouble: Trouble) -> None:
        self._server, self._trouble = server, trouble
        self.open: list[Connection] = []

    def connect(self) -> Connection:
        """Return a new session."""
        self.open = [one for one in self.open if not one.lost]
        self.open.append(Connection(self._server, self._trouble))
        return self.open[-1]

    def acquire(self) -> "_Lent":
        """Lend a session for a block."""
        return _Lent(self)

    def end_of(self, process: Process) -> None:
        """End the sessions of a process that is dead."""
        for one in self.open:
            if one.process is process:
                one.terminate()

    def paused(self, process: Process, seconds: float) -> None:
        """Let the server's patience with a paused process run out."""
        for one in self.open:
            if one.process is process:
                one.idle_too_long(seconds)


class _Lent:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._connection: Connection | None = None

    async def __aenter__(self) -> Connection:
        self._connection = self._sessions.connect()
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.terminate()
