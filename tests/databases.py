"""Databases for tests: made once for a set of migrations, then emptied and lent again.

To make a database and migrate it took more than most tests that use one.
"""

import contextlib
import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from local_stack import plan
from plumbing.migrating import migrate

ROOT = Path(__file__).resolve().parents[1]
_SERVICES = {
    name: (ROOT / "services" / name.replace("_", "-") / name / "migrations",)
    for name in ("intake", "routing", "registry_sync", "notifier")
}
#: What the tests of a module migrate first, by how its file's name begins; the first counts.
BY_MODULE: dict[str, tuple[Path, ...] | None] = {
    "test_core_granting": None,
    **{f"test_{name}_": folders for name, folders in _SERVICES.items()},
    **dict.fromkeys(("test_tracking", "test_desk"), _SERVICES["routing"]),
    **dict.fromkeys(("test_core_", "test_stuck_", "test_operat", "test_board_operations"), ()),
    "test_board": _SERVICES["routing"],
}

#: Everything a test may change of a database beside its rows; `schema_migration` is looked at too.
_SHAPE = """
SELECT md5(concat_ws(';',
  (SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace
    WHERE nspname !~ '^pg_(toast_)?temp_'),
  (SELECT string_agg(concat_ws(' ', relname, relkind, relacl, relnatts, reloptions, relowner), ','
    ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
  (SELECT string_agg(concat_ws(' ', attrelid, attname, atttypid, attnotnull, attisdropped,
    pg_get_expr(adbin, adrelid)), ',' ORDER BY attrelid, attnum)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace),
  (SELECT string_agg(concat_ws(' ', tgrelid, tgname, tgenabled, tgfoid), ',' ORDER BY tgrelid,
    tgname) FROM pg_trigger WHERE NOT tgisinternal),
  (SELECT string_agg(concat_ws(' ', proname, prosrc), ',' ORDER BY proname, prosrc) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace),
  (SELECT string_agg(concat_ws(' ', conrelid, conname, convalidated), ',' ORDER BY conrelid,
    conname) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
  (SELECT string_agg(concat_ws(' ', indexrelid, indisvalid), ',' ORDER BY indexrelid) FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace),
  (SELECT string_agg(setconfig::text, ',') FROM pg_db_role_setting JOIN pg_database
    ON pg_database.oid = setdatabase WHERE datname = current_database()),
  (SELECT string_agg(concat_ws(' ', name, sha256), ',' ORDER BY name) FROM schema_migration)))
"""
_TABLES = """
SELECT oid::regclass::text AS name, pg_relation_size(oid) > 0 AS has_pages FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""
_END_OTHERS = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_RESTART = """
SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences
WHERE last_value IS NOT NULL
"""


@dataclass
class Lent:
    """A database: its owner's url, and of what it was when it was new its shape and rows."""

    url: str
    name: str
    shape: str = ""
    tables: frozenset[str] = frozenset()
    rows: dict[str, Any] = field(default_factory=dict)


class Databases:
    """The databases of a server that tests have used and may use again."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._free: dict[tuple[Path, ...], list[Lent]] = defaultdict(list)

    async def make(self) -> Lent:
        """Return a new, empty database with an owner of the same name."""
        name, password = f"t{secrets.token_hex(6)}", secrets.token_hex(16)
        admin = await asyncpg.connect(self._server_url)
        try:
            # To compress the copy for the log takes three times as long as to make it.
            await admin.execute("SET wal_compression = off")
            await admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
            await admin.execute(f"CREATE DATABASE {name} OWNER {name}")
        finally:
            await admin.close()
        return Lent(plan.database_url(self._server_url, name, password), name)

    async def lend(self, folders: tuple[Path, ...]) -> Lent:
        """Return a database without rows that has the core's migrations and those of folders."""
        if self._free[folders]:
            return self._free[folders].pop()
        lent = await self.make()
        await migrate(lent.url, *folders)
        conn = await self._connect(lent)
        try:
            lent.shape = await conn.fetchval(_SHAPE)
            names = {row["name"]: row["has_pages"] for row in await conn.fetch(_TABLES)}
            lent.tables = frozenset(names)
            for name in (one for one, has_pages in names.items() if has_pages):
                lent.rows[name] = await conn.fetchval(f"SELECT json_agg(t)::text FROM {name} t")
        finally:
            await conn.close()
        return lent

    async def take_back(self, lent: Lent, folders: tuple[Path, ...]) -> None:
        """Make the database as it was and keep it; one that cannot be is left alone."""
        with contextlib.suppress(asyncpg.PostgresError, OSError):
            conn = await self._connect(lent)
            try:
                await conn.fetchval(_END_OTHERS)
                await self._empty(conn, lent)
                if await conn.fetchval(_SHAPE) == lent.shape:
                    self._free[folders].append(lent)
            finally:
                await conn.close()

    async def _empty(self, conn: Any, lent: Lent) -> None:
        found = {row["name"]: row["has_pages"] for row in await conn.fetch(_TABLES)}
        if added := found.keys() - lent.tables:
            await conn.execute(f"DROP TABLE {_list(added)} CASCADE")
        kept = lent.tables - {"schema_migration"}
        if filled := [name for name in kept if found.get(name)]:
            await conn.execute(f"TRUNCATE {_list(filled)} CASCADE")
        await conn.execute(_RESTART)
        for name in kept & lent.rows.keys():
            await conn.execute(
                f"INSERT INTO {name} OVERRIDING SYSTEM VALUE"
                f" SELECT * FROM json_populate_recordset(NULL::{name}, $1::json)",
                lent.rows[name],
            )

    async def _connect(self, lent: Lent) -> Any:
        """Connect as the superuser, for whom no trigger keeps rows from being removed."""
        settings = {"session_replication_role": "replica", "lock_timeout": "5s"}
        url = f"{self._server_url.rpartition('/')[0]}/{lent.name}"
        return await asyncpg.connect(url, server_settings=settings)


def migrations_of(module: str) -> tuple[Path, ...] | None:
    """Return what tests of the module want migrated; None when they want an empty database."""
    if "_migrat" in module:
        return None
    return next((it for start, it in BY_MODULE.items() if module.startswith(start)), None)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
