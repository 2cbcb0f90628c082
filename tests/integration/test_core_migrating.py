"""Migrations beside services that run: no file holds a table for long, and none waits in line."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from plumbing import migrating
from plumbing.migrating import CORE, migrate
from tests.integration.core_kit import until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service's folder with one file that changes a table others use."""
    made = tmp_path / "toy" / "migrations"
    made.mkdir(parents=True)
    (made / "0001_toy.sql").write_text("ALTER TABLE conflict ADD COLUMN toy int;")
    return made


async def test_given_a_table_in_use_when_migrated_then_others_are_not_held_up_and_it_is_done_later(
    database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "LOCK_SECONDS", 0.1)
    await migrate(database)
    user, other = await asyncpg.connect(database), await asyncpg.connect(database)
    try:
        async with user.transaction():
            await user.execute("SELECT count(*) FROM conflict")
            working = asyncio.create_task(migrate(database, folder))
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            await until(lambda: other.fetchval(waits))
            # Behind whoever waits for the table: for good, were the wait not bounded.
            await asyncio.wait_for(other.fetchval("SELECT count(*) FROM conflict"), 5)
        assert await working == 1
        assert await other.fetchval("SELECT count(toy) FROM conflict") == 0
    finally:
        await user.close()
        await other.close()


async def test_given_a_table_that_is_never_free_when_migrated_then_it_gives_up_with_nothing_done(
    database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "LOCK_SECONDS", 0.05)
    monkeypatch.setattr(migrating, "TRIES", 2)
    await migrate(database)
    user = await asyncpg.connect(database)
    try:
        async with user.transaction():
            await user.execute("SELECT count(*) FROM conflict")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await migrate(database, folder)
        assert await migrate(database, folder) == 1
    finally:
        await user.close()


#: Every file that meets large tables in use; the services' first ones made theirs.
SERVICES = CORE.parents[2] / "services"
FILES = [
    *sorted(CORE.glob("0*.sql"))[1:],
    *sorted((SERVICES / "notifier/notifier/migrations").glob("0*.sql"))[1:],
    *sorted((SERVICES / "routing/routing/migrations").glob("0*.sql"))[3:],
]
LARGE = {"effect", "outbox", "outbox_sent", "stream", "correspondence", "dossier_case"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_no_file_builds_an_index_of_a_large_table_while_it_locks_one_for_readers_too(
    file: Path,
) -> None:
    sql = file.read_text("utf-8")
    locked = set(re.findall(r"(?:ALTER TABLE|DROP INDEX) (\w+?)(?:_open)?\b", sql))
    indexed = set(re.findall(r"CREATE (?:UNIQUE )?INDEX \w+\s+ON (\w+)", sql))

    assert not locked & indexed & LARGE
    if file.parent != CORE:
        assert not (locked & LARGE and indexed & LARGE)
    assert len(indexed & {"effect", "outbox_sent"}) <= 1
