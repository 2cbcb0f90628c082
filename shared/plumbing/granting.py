"""Two roles for a database: its owner changes tables, the running service only what is in them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import asyncpg
import structlog
from pydantic import Field

from plumbing.database import Conn
from plumbing.logs import configure, describe, where
from plumbing.migrating import migrate
from plumbing.settings import ProcessSettings, read_settings

log = structlog.get_logger()

SCHEMA = "public"
#: Rows of these are only ever added, by whoever it is.
ONLY_GROW = ("access", "access_block")
#: Told by the owner alone.
ONLY_READ = ("schema_migration",)


class MigrateSettings(ProcessSettings):
    """The owner's address of the database; the role the service runs as, if it is another."""

    database_url: Annotated[str, Field(repr=False)]
    runtime_role: Annotated[str, Field(pattern=r"^([a-z_][a-z0-9_]{0,62})?$")] = ""
    log_level: str = "INFO"


def migrate_and_end(service: str, migrations: Path) -> int:
    """Apply the migrations, grant the runtime role what it needs; return the exit code."""
    settings = read_settings(MigrateSettings, service)
    configure(service, settings.log_level)
    try:
        count = asyncio.run(_migrate(settings, migrations))
    except Exception as error:  # the job is run again; say why it failed
        log.critical("migrating_failed", error=describe(error), traceback=where(error))
        return 1
    log.info("migrated", count=count)
    return 0


async def _migrate(settings: MigrateSettings, migrations: Path) -> int:
    count = await migrate(settings.database_url, migrations)
    if settings.runtime_role:
        connection = await asyncpg.connect(settings.database_url)
        try:
            await grant(connection, settings.runtime_role)
        finally:
            await connection.close()
    return count


async def grant(conn: Conn, role: str) -> None:
    """Let the role read and write the rows of every table, and nothing else, in one transaction.

    Who runs the service makes, changes, empties or drops no table; raises what the database says.
    """
    name = await conn.fetchval("SELECT quote_ident($1)", role)
    tables = f"ON ALL TABLES IN SCHEMA {SCHEMA}"
    async with conn.transaction():
        await conn.execute(f"REVOKE ALL {tables} FROM {name}")
        await conn.execute(f"REVOKE CREATE ON SCHEMA {SCHEMA} FROM {name}, PUBLIC")
        await conn.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {name}")
        await conn.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE {tables} TO {name}")
        await conn.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {name}")
        await conn.execute(f"REVOKE UPDATE, DELETE ON {_listed(ONLY_GROW)} FROM {name}")
        await conn.execute(f"REVOKE INSERT, UPDATE, DELETE ON {_listed(ONLY_READ)} FROM {name}")


async def take(conn: Conn, role: str, schema: str) -> None:
    """Take every right on a schema and its tables from the role."""
    name = await conn.fetchval("SELECT quote_ident($1)", role)
    await conn.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name}")
    await conn.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {name}")
    await conn.execute(f"REVOKE ALL ON SCHEMA {schema} FROM {name}")


async def runtime_roles(conn: Conn, schema: str = SCHEMA) -> list[str]:
    """Return the roles that may use the schema beside its owner and those everybody is in."""
    rows = await conn.fetch(
        "SELECT r.rolname AS role FROM pg_namespace n, aclexplode(n.nspacl) a"
        " JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE n.nspname = $1 AND a.privilege_type = 'USAGE' AND a.grantee <> n.nspowner"
        " AND NOT r.rolname LIKE 'pg\\_%' ORDER BY 1",
        schema,
    )
    return [row["role"] for row in rows]


def _listed(tables: Sequence[str]) -> str:
    return ", ".join(f"{SCHEMA}.{table}" for table in tables)
