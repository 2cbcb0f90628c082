"""The pool, and which errors pass by themselves."""

import asyncio
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from plumbing.sealing import UnknownKey

Conn: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"
Pool: TypeAlias = "asyncpg.Pool[Any]"

#: What a database or a network may raise: by itself it says nothing against the work at hand.
TRANSIENT: tuple[type[BaseException], ...] = (
    OSError,
    asyncio.TimeoutError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
#: SQLSTATE classes that condemn the values sent: bad data, broken constraints, sizes.
_CONDEMNING = ("22", "23", "54")


def passing(error: BaseException) -> bool:
    """Return whether the same work, done again later, may succeed.

    Everything the database says passes (it is away, read-only after a fail-over, refuses the
    password, lacks a table of the new release), unless it is about the values themselves.
    """
    if isinstance(error, asyncpg.DataError):  # the client's too: a value it cannot encode
        return False
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] not in _CONDEMNING
    return isinstance(error, (*TRANSIENT, UnknownKey))


#: What the client must ask the database about, once for a connection and type; here at once.
_ASKED_ABOUT = """
SELECT NULL::bool[], NULL::bytea[], NULL::date[], NULL::float8[], NULL::int2[], NULL::int4[],
    NULL::int8[], NULL::interval[], NULL::timestamptz[], NULL::uuid[]
"""


async def _learn_types(conn: Conn) -> None:
    await conn.prepare(_ASKED_ABOUT)


async def _leave_as_it_is(conn: Conn) -> None:
    """Spare a round trip: what is set is set for a transaction, and who locks unlocks."""


async def open_pool(database_url: str, *, application: str, size: int = 8) -> Pool:
    """Return an open pool whose statements and locks are bounded in time.

    A connection given back is not reset but for an open transaction, which is rolled back.
    """
    pool = await asyncpg.create_pool(
        database_url,
        min_size=2,
        max_size=size,
        command_timeout=20,
        init=_learn_types,
        reset=_leave_as_it_is,
        # A timer for each statement would hold on to the batch it was first prepared in.
        max_cached_statement_lifetime=0,
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
