"""The pool, and which database errors pass by themselves."""

import asyncio
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Conn: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"
Pool: TypeAlias = "asyncpg.Pool[Any]"

#: Trouble of the moment: the same work, done again later, may succeed.
TRANSIENT: tuple[type[BaseException], ...] = (
    OSError,
    asyncio.TimeoutError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.InternalClientError,
    asyncpg.InvalidSQLStatementNameError,
)


async def open_pool(database_url: str, *, application: str, size: int = 8) -> Pool:
    """Return an open pool whose statements and locks are bounded in time."""
    pool = await asyncpg.create_pool(
        database_url,
        min_size=2,
        max_size=size,
        command_timeout=20,
        server_settings={
            "application_name": application,
            "statement_timeout": "15000",
            "lock_timeout": "10000",
            "idle_in_transaction_session_timeout": "30000",
        },
    )
    if pool is None:
        raise RuntimeError("asyncpg gave no pool")
    return pool
