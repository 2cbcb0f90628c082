"""The role a service runs as reads and writes rows; it makes, changes and empties no table."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import asyncpg
import pytest

from local_stack.stack import Stack
from plumbing.granting import grant, runtime_roles
from plumbing.migrating import NotMigrated, ensure_migrated, migrate
from tests.integration.roles_kit import a_role, as_role

PACKAGES = ("intake", "routing", "registry_sync", "notifier")
MAY_NOT = (
    "CREATE TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "ALTER TABLE conflict ADD COLUMN mine int",
    "DROP TABLE conflict",
    "TRUNCATE outbox",
    "CREATE INDEX ON outbox (id)",
    "ALTER TABLE access DISABLE TRIGGER USER",
    "UPDATE access SET actor = 'nobody'",
    "DELETE FROM access",
    "DELETE FROM access_block",
    "DELETE FROM schema_migration",
    "INSERT INTO schema_migration (name, sha256) VALUES ('x', 'y')",
    "DROP FUNCTION accesses_only_grow() CASCADE",
)
MAY = (
    "INSERT INTO access (actor, act, purpose) VALUES ('someone', 'looked', 'test')",
    "SELECT count(*) FROM schema_migration",
    "DELETE FROM outbox_sent",
    "UPDATE effect SET attempt = attempt + 1",
    "SELECT pg_advisory_xact_lock(1)",
)


@pytest.fixture
def role(servers: Stack) -> Iterator[tuple[str, str]]:
    """Return a role that owns nothing, and its password."""
    with a_role(servers) as made:
        yield made


def migrations_of(package: str) -> Path:
    """Return where the migrations of a service lie."""
    return Path(str(import_module(package).__file__)).parent / "migrations"


@pytest.mark.parametrize("package", PACKAGES)
async def test_the_job_migrates_and_grants_and_the_service_then_finds_all_it_waits_for(
    package: str, database: str, role: tuple[str, str]
) -> None:
    folder = migrations_of(package)
    with pytest.raises(NotMigrated):
        await ensure_migrated(database, folder)

    told = {"DATABASE_URL": database, "RUNTIME_ROLE": role[0], "PATH": os.environ["PATH"]}
    job = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", package, "migrate"), env=told, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await job.communicate()

    assert job.returncode == 0
    last = json.loads(said.splitlines()[-1])
    assert last["event"] == "migrated"
    assert last["count"] > 0
    await ensure_migrated(as_role(database, role), folder)
    owner = await asyncpg.connect(database)
    try:
        assert await runtime_roles(owner) == [role[0]]
        unread = await owner.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p', 'v') AND NOT has_table_privilege($1, oid, 'SELECT')",
            role[0],
        )
        assert [row["relname"] for row in unread] == []
    finally:
        await owner.close()


async def test_the_service_changes_no_table_and_no_row_that_only_grows(
    database: str, role: tuple[str, str]
) -> None:
    await migrate(database, migrations_of("routing"))
    owner = await asyncpg.connect(database)
    await grant(owner, role[0])
    await grant(owner, role[0])  # the job may run again
    service = await asyncpg.connect(as_role(database, role))
    try:
        for statement in MAY:
            await service.execute(statement)
        for statement in MAY_NOT:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(statement)
    finally:
        await service.close()
        await owner.close()


async def test_a_file_that_is_missing_is_waited_for_by_its_name(
    database: str, tmp_path: Path
) -> None:
    folder = tmp_path / "toy" / "migrations"
    folder.mkdir(parents=True)
    await migrate(database)
    (folder / "0001_toy.sql").write_text("SELECT 1;")

    with pytest.raises(NotMigrated, match=r"toy/0001_toy\.sql"):
        await ensure_migrated(database, folder)
