"""A rebuild beside the live tables: which rows are missing on a side, which columns differ."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from plumbing.database import Conn
from plumbing.inlets import PARTICULARS
from plumbing.rebuilding.planning import Plan
from plumbing.rebuilding.scratch import LIVE, checked, read_about
from plumbing.rebuilding.tables import Table

#: `missing_here`: the live schema lacks what the log tells. `missing_there`: the log does not tell
#: of it.
Kind = Literal["missing_here", "missing_there", "differs"]
#: `damage`: the log says otherwise. `later`: the live side knows more of the dossier than the log
#: that was read. `behind`: it has not read that far. `inexact`: the log knows less of it.
Class = Literal["damage", "later", "behind", "inexact"]

MOST_SHOWN = 1000

_MOVED = """
CREATE TEMP TABLE rebuild_moved AS
SELECT dossier_id, bool_or(later) AS later, bool_or(behind) AS behind FROM (
    SELECT dossier_id, l.sequence > coalesce(s.sequence, 0) AS later, false AS behind
    FROM {live}.stream l LEFT JOIN {name}.stream s USING (dossier_id)
    UNION ALL
    SELECT dossier_id, coalesce(l.last_seq, 0) > coalesce(s.last_seq, 0),
        coalesce(l.last_seq, 0) < coalesce(s.last_seq, 0) AND $1
    FROM {live}.inbound_cursor l FULL JOIN {name}.inbound_cursor s USING (dossier_id, source)
    WHERE source <> '{particulars}' OR $2
) t GROUP BY dossier_id HAVING bool_or(later) OR bool_or(behind)
"""
_OFFSETS = """
SELECT topic, part, l.next_offset AS here, s.next_offset AS there
FROM {live}.consumer_offset l FULL JOIN {name}.consumer_offset s USING (part, topic, grp)
WHERE s.next_offset IS NOT NULL AND l.next_offset IS DISTINCT FROM s.next_offset
ORDER BY topic, part
"""


@dataclass(frozen=True)
class Difference:
    """A row that is missing on a side or has other values in these columns; no value is said."""

    table: str
    kind: Kind
    found: Class
    key: tuple[str, ...]
    columns: tuple[str, ...] = ()


@dataclass
class Compared:
    """How a rebuild and the live schema differ.

    `counts` are by table, kind and class; `shown` the first differences, damage first. `offsets`
    are how far each side has read, where that is not the same: (topic, partition, here, there).
    """

    service: str
    rows: dict[str, int] = field(default_factory=dict)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shown: list[Difference] = field(default_factory=list)
    offsets: list[tuple[str, int, int | None, int | None]] = field(default_factory=list)

    @property
    def damage(self) -> int:
        """Return how many rows are otherwise than the log says."""
        return sum(count for (_, _, found), count in self.counts.items() if found == "damage")


async def compare(conn: Conn, plan: Plan[Any], name: str, *, most: int = MOST_SHOWN) -> Compared:
    """Return how the rebuild in the schema `name` and the live one differ; raises NoScratch.

    Reads one state of the database. Tables the log does not know are left out.
    """
    about = await read_about(conn, checked(name))
    has_particulars = bool(about["has_particulars"])
    found = Compared(plan.service)
    async with conn.transaction(isolation="repeatable_read"):
        rows = await conn.fetch(_OFFSETS.format(live=LIVE, name=name))
        found.offsets = [tuple(row) for row in rows]
        is_behind = any(here is None or here < (there or 0) for _, _, here, there in found.offsets)
        await conn.execute("DROP TABLE IF EXISTS rebuild_moved")
        sql = _MOVED.format(live=LIVE, name=name, particulars=PARTICULARS)
        # A statement with values cannot make a table.
        sql = sql.replace("$1", str(is_behind)).replace("$2", str(has_particulars))
        await conn.execute(sql)
        for table in plan.tables:
            if table.origin == "rebuilt" and table.of_dossier:
                await _compare_table(conn, table, name, found, most, has_particulars)
        await conn.execute("DROP TABLE rebuild_moved")
    return found


async def _compare_table(
    conn: Conn, table: Table, name: str, found: Compared, most: int, has_particulars: bool
) -> None:
    found.rows[table.name] = await conn.fetchval(f"SELECT count(*) FROM {name}.{table.name}")
    if table.needs_particulars and not has_particulars:
        return
    compared = _compared(table, has_particulars)
    async for row in conn.cursor(_statement(table, name, compared, has_particulars)):
        for one in _differences(table, row, has_particulars):
            found.counts[table.name, one.kind, one.found] += 1
            if len(found.shown) < most:
                found.shown.append(one)


def _compared(table: Table, has_particulars: bool) -> dict[str, str]:
    """Return what is compared of a row, by column: an expression of `{}`, which is a side's row."""
    found = {column: f'{{}}."{column}"' for column in table.columns}
    found |= {name: form.replace("{0}", found[name]) for name, form in table.told_as.items()}
    if has_particulars:
        found |= {column: f'({{}}."{column}" IS NULL)' for column in table.sealed}
        return found
    return {column: one for column, one in found.items() if column not in table.personal}


def _statement(table: Table, name: str, compared: dict[str, str], has_particulars: bool) -> str:
    keys = ", ".join(f'"{key}"' for key in table.key)
    first = f'"{table.key[0]}"'
    differing = [
        f"CASE WHEN {form.format(*['l'] * form.count('{}'))} IS DISTINCT FROM"
        f" {form.format(*['s'] * form.count('{}'))} THEN '{column}' END"
        for column, form in compared.items()
    ]
    documents = [
        f'(SELECT array_agg(k ORDER BY k) FROM (SELECT jsonb_object_keys(l."{one}") UNION'
        f' SELECT jsonb_object_keys(s."{one}")) t(k)'
        f' WHERE l."{one}" -> k IS DISTINCT FROM s."{one}" -> k)'
        for one in table.documents
    ]
    columns = f"array_remove(ARRAY[{', '.join(differing)}]::text[], NULL)" if differing else "'{}'"
    fields = " || ".join(f"coalesce({one}, '{{}}')" for one in documents) or "'{}'::text[]"
    where = "true"
    if table.name == "inbound_cursor":
        # Of whom nothing was heard there was a cursor in releases of before.
        where = "greatest(l.last_seq, s.last_seq) > 0"
        where += "" if has_particulars else f" AND source <> '{PARTICULARS}'"
    return (
        f"SELECT t.*, m.later, m.behind FROM (SELECT {keys}, dossier_id AS of_dossier,"
        f" l.{first} IS NULL AS not_here,"
        f" coalesce({table.untold}, false) AS untold,"
        f" s.{first} IS NULL AS not_there, {columns} AS columns, {fields} AS fields"
        f" FROM {LIVE}.{table.name} l FULL JOIN {name}.{table.name} s USING ({keys})"
        f" WHERE {where}) t LEFT JOIN rebuild_moved m ON m.dossier_id = t.of_dossier"
        " WHERE not_here OR not_there OR cardinality(columns) > 0 OR cardinality(fields) > 0"
        f" ORDER BY {', '.join(f't.{key}' for key in table.key)}"
    )


def _differences(table: Table, row: Any, has_particulars: bool) -> Iterator[Difference]:
    key = tuple(str(row[name]) for name in table.key)
    moved: Class | None = "later" if row["later"] else "behind" if row["behind"] else None
    if row["not_here"] or row["not_there"]:
        kind: Kind = "missing_here" if row["not_here"] else "missing_there"
        usual: Class = "inexact" if row["not_there"] and row["untold"] else "damage"
        yield Difference(table.name, kind, moved or usual, key)
        return
    left_out = () if has_particulars else table.personal
    fields = [one for one in row["fields"] if one not in left_out]
    named = [*row["columns"], *fields]
    certain = tuple(one for one in named if one not in table.inexact)
    unsure = tuple(one for one in named if one in table.inexact)
    if certain:
        yield Difference(table.name, "differs", moved or "damage", key, certain)
    if unsure:
        yield Difference(table.name, "differs", moved or "inexact", key, unsure)
