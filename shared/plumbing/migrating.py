"""Applies numbered SQL files once, in order, under a lock."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import asyncpg

CORE = Path(__file__).parent / "migrations"
_LOCK = 0x686F7469


class ChangedMigration(Exception):
    """An applied file is not what it was; migrations are only ever added."""


def _files(folders: Iterable[Path]) -> list[tuple[str, str]]:
    return [
        (f"{folder.parent.name}/{path.name}", path.read_text("utf-8"))
        for folder in folders
        for path in sorted(folder.glob("[0-9]*.sql"))
    ]


async def migrate(database_url: str, *folders: Path) -> int:
    """Apply the core's and the folders' new files; return how many. Safe to run at once."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, sha256 text"
            " NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
        rows = await connection.fetch("SELECT name, sha256 FROM schema_migration")
        done = {row["name"]: row["sha256"] for row in rows}
        count = 0
        for name, sql in _files((CORE, *folders)):
            digest = hashlib.sha256(sql.encode()).hexdigest()
            if name in done:
                if done[name] != digest:
                    raise ChangedMigration(f"{name} was changed after it was applied")
                continue
            async with connection.transaction():
                await connection.execute(sql)
                await connection.execute(
                    "INSERT INTO schema_migration (name, sha256) VALUES ($1, $2)", name, digest
                )
            count += 1
        if count:
            await connection.execute("ANALYZE")
        return count
    finally:
        await connection.close()
