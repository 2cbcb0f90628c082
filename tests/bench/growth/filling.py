"""Many dossiers from a few real ones: every row again, with other ids, codes and hashes."""

import secrets
from typing import Any

#: What waits in these would be sent or called.
_LEFT_OUT = ("outbox", "effect")
#: A table smaller than this is read whole because that is quickest.
SMALL = 10_000
_TABLES = """
SELECT c.oid, c.relname AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL ($1)
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'dossier_id')
"""
_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
    a.attidentity <> '' OR a.attgenerated <> ''
        OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval%', false) AS made,
    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique
        AND a.attnum = ANY (i.indkey)) AS is_unique
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_WHOLE = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE n_live_tup >= $1"
_OTHER = {
    "uuid": "md5({0}::text || n)::uuid",
    "text": "{0} || '-' || n",
    "bytea": "sha256({0} || n::bytea)",
}


async def fill(connection: Any, lives: int, more: int) -> None:
    """Store so many more dossiers, made of those that are there, and vacuum.

    `lives` is how many there are; each is repeated equally often, so that there may be fewer than
    `lives` too many.
    """
    rounds, own = -(-more // lives), secrets.token_hex(3)
    tables = await connection.fetch(_TABLES, _LEFT_OUT) if rounds else ()
    for table in tables:
        columns = [one for one in await connection.fetch(_COLUMNS, table["oid"]) if not one["made"]]
        names = ", ".join(f'"{one["name"]}"' for one in columns)
        values = ", ".join(map(_value, columns))
        await connection.execute(
            f'INSERT INTO "{table["name"]}" ({names})'
            f' SELECT {values} FROM "{table["name"]}" t,'
            f" (SELECT '{own}' || one AS n FROM generate_series(1, {rounds}) one) numbered",
            timeout=1800,
        )
    await connection.execute("VACUUM ANALYZE", timeout=1800)


def _value(column: Any) -> str:
    """Return what a column has in the n-th copy: the same, or what belongs to the copy."""
    name = f't."{column["name"]}"'
    kind = column["type"]
    is_own = kind == "uuid" or column["name"] == "code" or (kind == "bytea" and column["is_unique"])
    return _OTHER[kind].format(name) if is_own else name


async def read_whole(connection: Any, least: int = 0) -> dict[str, int]:
    """Return how often each table of so many rows was read from end to end so far."""
    await connection.execute("SELECT pg_stat_force_next_flush()")
    await connection.execute("SELECT pg_stat_clear_snapshot()")
    return {row["relname"]: row["seq_scan"] for row in await connection.fetch(_WHOLE, least)}
