"""The schema a rebuild is made in, beside the live one: its name, its tables, what it says."""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from plumbing.database import Conn
from plumbing.migrating import CORE, migrate

LIVE = "public"
#: What a rebuild says of itself, in its own schema.
ABOUT = "rebuild_about"
APPLICATION = "rebuild"
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,40}$")


class NoScratch(Exception):
    """There is no such schema of a rebuild, or the name cannot be one; the message says which."""


def checked(name: str) -> str:
    """Return the name of a scratch schema; raises NoScratch for one that cannot be."""
    if _NAME.fullmatch(name) is None or name == LIVE or name.startswith("pg_"):
        raise NoScratch(f"{name!r} is no name for a scratch schema: a-z, 0-9 and _ only")
    return name


def within(database_url: str, schema: str) -> str:
    """Return the address of the same database in which tables without a schema are that one's."""
    mark = "&" if "?" in database_url else "?"
    return f"{database_url}{mark}search_path={quote(schema)}"


async def connect(database_url: str, schema: str = LIVE) -> "asyncpg.Connection[Any]":
    """Return a connection to the schema that waits for no lock longer than some seconds."""
    return await asyncpg.connect(
        within(database_url, schema),
        server_settings={"application_name": APPLICATION, "lock_timeout": "10000"},
    )


async def create(database_url: str, name: str, *migrations: Path) -> None:
    """Make the schema anew with the tables the migrations make; raises NoScratch.

    One of an earlier rebuild goes; a schema that is none is left as it is.
    """
    connection = await connect(database_url)
    try:
        await _refuse_another(connection, migrations)
        await _drop(connection, checked(name))
        await connection.execute(f"CREATE SCHEMA {name}")
    finally:
        await connection.close()
    await migrate(within(database_url, name), *migrations)
    connection = await connect(database_url, name)
    try:
        await connection.execute(f"CREATE TABLE {ABOUT} (about jsonb NOT NULL)")
    finally:
        await connection.close()


async def _refuse_another(conn: Conn, migrations: Sequence[Path]) -> None:
    """Raise NoScratch where another service lives: its migrations are there, and ours are not."""
    if await conn.fetchval("SELECT to_regclass($1)", f"{LIVE}.schema_migration") is None:
        return
    rows = await conn.fetch(
        f"SELECT DISTINCT split_part(name, '/', 1) AS of FROM {LIVE}.schema_migration"
    )
    found = {row["of"] for row in rows} - {CORE.parent.name}
    ours = {folder.parent.name for folder in migrations}
    if found and not found & ours:
        raise NoScratch(f"the database is that of {', '.join(sorted(found))}")


async def _drop(conn: Conn, name: str) -> None:
    if await conn.fetchval("SELECT to_regnamespace($1)", name) is None:
        return
    made = await conn.fetchval("SELECT to_regclass($1)", f"{name}.{ABOUT}")
    tables = await conn.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = $1", name)
    if made is None and tables:
        raise NoScratch(f"there is a schema {name} that no rebuild made")
    await conn.execute(f"DROP SCHEMA {name} CASCADE")


async def drop(database_url: str, name: str) -> None:
    """Remove a scratch schema, if there is one; raises NoScratch for one no rebuild made."""
    connection = await connect(database_url)
    try:
        await _drop(connection, checked(name))
    finally:
        await connection.close()


async def write_about(conn: Conn, about: dict[str, Any]) -> None:
    """Write what the rebuild was made of and what came of it."""
    await conn.execute(f"DELETE FROM {ABOUT}")
    await conn.execute(f"INSERT INTO {ABOUT} VALUES ($1::jsonb)", json.dumps(about))


async def read_about(conn: Conn, name: str) -> dict[str, Any]:
    """Return what the rebuild in that schema says of itself; raises NoScratch."""
    text = None
    with suppress(asyncpg.UndefinedTableError):
        text = await conn.fetchval(f"SELECT about FROM {checked(name)}.{ABOUT}")
    if text is None:
        raise NoScratch(f"there is no rebuild in the schema {name}: make it first")
    about: dict[str, Any] = json.loads(text)
    return about


async def schema_of(conn: Conn, name: str) -> dict[str, list[str]]:
    """Return the columns of each table of a schema, but for what a rebuild says of itself."""
    rows = await conn.fetch(
        "SELECT c.relname AS name, a.attname AS column FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p')"
        " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum",
        name,
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["name"] != ABOUT:
            found[row["name"]].append(row["column"])
    return dict(found)


def named(columns: Sequence[str], prefix: str = "") -> str:
    """Return column names as they stand in a statement."""
    return ", ".join(f'{prefix}"{column}"' for column in columns)
