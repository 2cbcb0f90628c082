"""Puts a rebuild in the place of the live schema: in one transaction, or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.topics import PARTICULARS
from plumbing.database import Conn
from plumbing.granting import grant, runtime_roles, take
from plumbing.rebuilding.checking import check
from plumbing.rebuilding.planning import ENDED, Plan
from plumbing.rebuilding.scratch import ABOUT, LIVE, checked, named, read_about, schema_of
from plumbing.rebuilding.tables import Table

_ENDED = ", ".join(f"'{state}'" for state in sorted(ENDED))


class _DryRun(Exception):
    """Ends the transaction of a swap that was only tried."""


@dataclass
class Swapped:
    """What a swap did, or would do: rows taken over by table, and under which name the old is."""

    service: str
    kept_as: str = ""
    carried: dict[str, int] = field(default_factory=dict)
    open_calls: int = 0
    unsent: int = 0
    in_doubt: int = 0
    done: bool = False


async def swap(
    conn: Conn, plan: Plan[Any], name: str, *, yes: bool, ends: Mapping[str, int] | None = None
) -> Swapped:
    """Put the rebuild in the live schema's place and keep that one; without `yes` only try.

    `ends` are the ends of the service's own topic, `topic/partition` -> next offset, where the
    broker was asked. Raises NotSwapped with the live schema as it was, NoScratch without a rebuild.
    """
    about = await read_about(conn, checked(name))
    done = Swapped(plan.service)
    try:
        async with conn.transaction():
            await check(conn, plan, name, about, ends)
            await _carry(conn, plan, name, done, about)
            await _rename(conn, name, done)
            await plan.after_swap(conn)
            _go_back_unless(yes)
    except _DryRun:
        return done
    done.done = True
    return done


def _go_back_unless(yes: bool) -> None:
    if not yes:
        raise _DryRun


async def _carry(
    conn: Conn, plan: Plan[Any], name: str, done: Swapped, about: Mapping[str, Any]
) -> None:
    """Take over what the log does not know."""
    schema = await schema_of(conn, LIVE)
    for table in plan.tables:
        if table.name not in schema:
            continue
        if table.origin == "carried":
            await _empty(conn, table.name, name)
            done.carried[table.name] = await _copy(conn, table.name, schema[table.name], name)
        elif table.newest:
            done.carried[table.name] = await _merge(conn, table, schema[table.name], name)
        elif table.carry:
            done.carried[table.name] = await _carry_columns(conn, table, name)
    await _carry_offsets(conn, name, about)
    done.carried["effect"] = await _carry_effects(conn, schema["effect"], name)
    await _go_on_counting(conn, schema, name)
    done.unsent = await conn.fetchval(f"SELECT count(*) FROM {name}.outbox")
    counted = await conn.fetchrow(
        "SELECT count(*) AS open, count(*) FILTER (WHERE l.kind IS NULL) AS unknown"
        f" FROM {name}.effect s LEFT JOIN {LIVE}.effect l USING (dossier_id, kind)"
        f" WHERE s.state NOT IN ({_ENDED})"
    )
    assert counted is not None
    done.open_calls, done.in_doubt = counted["open"], counted["unknown"]


async def _copy(conn: Conn, table: str, columns: Sequence[str], name: str, where: str = "") -> int:
    made = await _own_columns(conn, table, columns)
    status = await conn.execute(
        f"INSERT INTO {name}.{table} ({named(made)}) OVERRIDING SYSTEM VALUE"
        f" SELECT {named(made, 'l.')} FROM {LIVE}.{table} l {where}"
    )
    return int(status.rpartition(" ")[2])


async def _empty(conn: Conn, table: str, name: str) -> None:
    """Drop what the migrations and the rebuild wrote, where the live table has rows of its own."""
    if not await conn.fetchval(f"SELECT EXISTS (SELECT FROM {LIVE}.{table})"):
        return
    if await conn.fetchval(f"SELECT EXISTS (SELECT FROM {name}.{table})"):
        await conn.execute(f"ALTER TABLE {name}.{table} DISABLE TRIGGER USER")
        await conn.execute(f"DELETE FROM {name}.{table}")
        await conn.execute(f"ALTER TABLE {name}.{table} ENABLE TRIGGER USER")


async def _own_columns(conn: Conn, table: str, columns: Sequence[str]) -> list[str]:
    """Return the columns that can be written; the others are computed."""
    rows = await conn.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attgenerated <> ''",
        f"{LIVE}.{table}",
    )
    computed = {row["attname"] for row in rows}
    return [column for column in columns if column not in computed]


async def _carry_columns(conn: Conn, table: Table, name: str) -> int:
    sets = ", ".join(f'"{column}" = {form}' for column, form in table.carry.items())
    same = " AND ".join(f's."{key}" = l."{key}"' for key in table.key)
    status = await conn.execute(
        f"UPDATE {name}.{table.name} s SET {sets} FROM {LIVE}.{table.name} l WHERE {same}"
    )
    return int(status.rpartition(" ")[2])


async def _merge(conn: Conn, table: Table, columns: Sequence[str], name: str) -> int:
    """Take over the live rows that the rebuild has not, or has not newer; return how many."""
    made = [one for one in columns if one not in table.key]
    sets = ", ".join(f'"{column}" = excluded."{column}"' for column in made)
    status = await conn.execute(
        f"INSERT INTO {name}.{table.name} AS s ({named(columns)})"
        f" SELECT {named(columns, 'l.')} FROM {LIVE}.{table.name} l"
        f" ON CONFLICT ({named(table.key)}) DO UPDATE SET {sets}"
        f' WHERE s."{table.newest}" <= excluded."{table.newest}"'
    )
    return int(status.rpartition(" ")[2])


async def _carry_offsets(conn: Conn, name: str, about: Mapping[str, Any]) -> None:
    """Take over how far topics were read that no archive has; personal data that were not read
    for the rebuild are read again from the beginning.
    """
    again = [] if about["has_particulars"] else [PARTICULARS.name]
    await conn.execute(
        f"INSERT INTO {name}.consumer_offset (part, topic, grp, next_offset)"
        f" SELECT part, topic, grp, next_offset FROM {LIVE}.consumer_offset"
        " WHERE topic <> ALL($1::text[]) ON CONFLICT DO NOTHING",
        again,
    )


async def _carry_effects(conn: Conn, columns: Sequence[str], name: str) -> int:
    """Take over every call as it stands, but for those the log shows answered and live has open."""
    await conn.execute(
        f"DELETE FROM {name}.effect s USING {LIVE}.effect l"
        " WHERE s.dossier_id = l.dossier_id AND s.kind = l.kind"
        f" AND NOT (s.state IN ({_ENDED}) AND l.state NOT IN ({_ENDED}))"
    )
    where = (
        f"WHERE NOT EXISTS (SELECT FROM {name}.effect s"
        " WHERE s.dossier_id = l.dossier_id AND s.kind = l.kind)"
    )
    return await _copy(conn, "effect", columns, name, where)


async def _go_on_counting(conn: Conn, schema: Mapping[str, Sequence[str]], name: str) -> None:
    """Let identity columns go on after the live ones: some numbers are in other tables too."""
    for table, columns in schema.items():
        for column in columns:
            counts = await conn.fetchval(
                "SELECT pg_get_serial_sequence($1, $2)", f"{LIVE}.{table}", column
            )
            if counts is None:
                continue
            mine = await conn.fetchval(
                "SELECT pg_get_serial_sequence($1, $2)", f"{name}.{table}", column
            )
            await conn.execute(
                f"SELECT setval('{mine}', greatest((SELECT last_value FROM {counts}),"
                f" (SELECT last_value FROM {mine}),"
                f' (SELECT coalesce(max("{column}"), 1) FROM {name}.{table})))'
            )


async def _rename(conn: Conn, name: str, done: Swapped) -> None:
    number = 1
    while await conn.fetchval("SELECT to_regnamespace($1)", f"{LIVE}_before_{number}"):
        number += 1
    done.kept_as = f"{LIVE}_before_{number}"
    roles = await runtime_roles(conn)
    await conn.execute(f"ALTER SCHEMA {LIVE} RENAME TO {done.kept_as}")
    await conn.execute(f"ALTER SCHEMA {name} RENAME TO {LIVE}")
    # What the rebuild said of itself stays beside what it replaced.
    await conn.execute(f"ALTER TABLE {LIVE}.{ABOUT} SET SCHEMA {done.kept_as}")
    for role in roles:
        await grant(conn, role)
        await take(conn, role, done.kept_as)
