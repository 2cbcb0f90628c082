"""Applies numbered SQL files once, in order, under a lock."""

import asyncio
import hashlib
import random
from collections.abc import Iterable
from pathlib import Path

import asyncpg
import structlog

from plumbing.database import Conn
from plumbing.logs import describe

log = structlog.get_logger()

CORE = Path(__file__).parent / "migrations"
_LOCK = 0x686F7469
#: Whoever waits for a table makes all others wait behind it: a file gives up so soon and is tried
#: again, for a few minutes.
LOCK_SECONDS = 2.0
TRIES = 60
_BUSY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


class ChangedMigration(Exception):
    """An applied file is not what it was; migrations are only ever added."""


class NotMigrated(OSError):
    """The database lacks files of this release; whoever applies them has not been there yet."""


def _files(folders: Iterable[Path]) -> list[tuple[str, str]]:
    return [
        (f"{folder.parent.name}/{path.name}", path.read_text("utf-8"))
        for folder in folders
        for path in sorted(folder.glob("[0-9]*.sql"))
    ]


async def migrate(database_url: str, *folders: Path) -> int:
    """Apply the core's and the folders' new files; return how many. Safe to run at once.

    Each file is a transaction of its own, tried again while others hold what it changes; raises
    what the database says in the end.
    """
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, sha256 text"
            " NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
        missing = await _missing(connection, folders)
        for name, sql, digest in missing:
            await _patiently(connection, name, sql, digest)
        if missing:
            await connection.execute("ANALYZE")
        return len(missing)
    finally:
        await connection.close()


async def ensure_migrated(database_url: str, *folders: Path) -> None:
    """Return when the database has every file; raises NotMigrated, ChangedMigration else."""
    connection = await asyncpg.connect(database_url)
    try:
        # Several may start at once; none while files are applied or a rebuild is swapped in.
        await connection.execute("SELECT pg_advisory_lock_shared($1)", _LOCK)
        if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
            raise NotMigrated("no migration was applied")
        if missing := await _missing(connection, folders):
            raise NotMigrated(f"{missing[0][0]} is not applied")
    finally:
        await connection.close()


async def _missing(conn: Conn, folders: Iterable[Path]) -> list[tuple[str, str, str]]:
    """Return name, text and digest of each file that is not applied; raises ChangedMigration."""
    rows = await conn.fetch("SELECT name, sha256 FROM schema_migration")
    done = {row["name"]: row["sha256"] for row in rows}
    missing = []
    for name, sql in _files((CORE, *folders)):
        digest = hashlib.sha256(sql.encode()).hexdigest()
        if name not in done:
            missing.append((name, sql, digest))
        elif done[name] != digest:
            raise ChangedMigration(f"{name} was changed after it was applied")
    return missing


async def _patiently(conn: Conn, name: str, sql: str, digest: str) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            await _apply(conn, name, sql, digest)
        except _BUSY as error:
            if attempt == TRIES:
                raise
            log.info("migration_waits", attempt=attempt, error=describe(error))
            # Those who waited behind us go first.
            await asyncio.sleep(random.uniform(0.5, 1.5) * LOCK_SECONDS)
        else:
            return


async def _apply(conn: Conn, name: str, sql: str, digest: str) -> None:
    async with conn.transaction():
        await conn.execute(f"SET LOCAL lock_timeout = {int(LOCK_SECONDS * 1000)}")
        await conn.execute(sql)
        await conn.execute(
            "INSERT INTO schema_migration (name, sha256) VALUES ($1, $2)", name, digest
        )
