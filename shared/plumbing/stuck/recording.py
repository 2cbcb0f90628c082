"""Who proposed what, who approved it and what came of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

from plumbing.database import Conn
from plumbing.stuck.views import ActItem, ActView
from plumbing.stuck.workbench import Impossible

ACTS = 50

_PROPOSE = """
INSERT INTO stuck_act (act_id, item, act, reason, proposed_by, proposed_at)
SELECT $1, item, $3, $4, $5, $6 FROM unnest($2::text[]) item
"""
_DONE_AT_ONCE = """
INSERT INTO stuck_act (act_id, item, act, reason, proposed_by, outcome, done_at)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
"""
_COLUMNS = """
SELECT act_id, item, act, reason, proposed_by, proposed_at, approved_by, outcome, done_at
FROM stuck_act
"""
_FINISH = """
UPDATE stuck_act a SET outcome = t.outcome, approved_by = $2, approved_at = clock_timestamp(),
    done_at = clock_timestamp()
FROM unnest($3::text[], $4::text[]) t(item, outcome) WHERE a.act_id = $1 AND a.item = t.item
"""
#: Starts the outcome of an act that did nothing to the item.
_NOT = "not: "
#: What an act did nothing to was not acted on.
_ACTED_ON = f"""
SELECT EXISTS (SELECT 1 FROM stuck_act WHERE item = $1 AND act IN ('redrive', 'discard')
    AND done_at > $2 AND outcome NOT LIKE '{_NOT}%')
"""
#: The act of an older date comes first when it is asked for what lies before an instant.
_PAGE = """
SELECT act_id FROM stuck_act WHERE proposed_at < coalesce($1::timestamptz, 'infinity')
    AND (NOT $2::boolean OR done_at IS NULL)
GROUP BY act_id ORDER BY min(proposed_at) DESC LIMIT $3
"""


async def propose(
    conn: Conn,
    act_id: UUID,
    items: Sequence[str],
    act: str,
    reason: str,
    person: str,
    seen_at: datetime,
) -> bool:
    """Write a proposal about the items, by what was seen at that time.

    Returns whether it was written: false when there is an act of that id already.
    """
    # Of two at the same time the second waits until the first is written.
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", str(act_id))
    if await held(conn, act_id) is not None:
        return False
    await conn.execute(_PROPOSE, act_id, items, act, reason, person, seen_at)
    return True


async def was_acted_on(conn: Conn, item: str, since: datetime) -> bool:
    """Return whether people redrove or discarded the item after that time."""
    return bool(await conn.fetchval(_ACTED_ON, item, since))


async def note(
    conn: Conn, item: str, act: str, reason: str, person: str, outcome: str = "done"
) -> UUID:
    """Write an act that one person is enough for, done already; return its id."""
    act_id = uuid4()
    await conn.execute(_DONE_AT_ONCE, act_id, item, act, reason, person, outcome)
    return act_id


async def hold(conn: Conn, item: str, person: str) -> None:
    """Write who looks after the item from now on."""
    await conn.execute(
        "INSERT INTO stuck_holder (item, holder) VALUES ($1, $2) ON CONFLICT (item)"
        " DO UPDATE SET holder = excluded.holder, since = clock_timestamp()",
        item,
        person,
    )


async def held(conn: Conn, act_id: UUID) -> ActView | None:
    """Return the act, locked until the transaction ends, or None when there is none."""
    rows = await conn.fetch(f"{_COLUMNS} WHERE act_id = $1 ORDER BY item FOR UPDATE", act_id)
    return _view(rows) if rows else None


async def finish(conn: Conn, act_id: UUID, person: str, items: Iterable[ActItem]) -> None:
    """Write what came of the act for each item, and who approved it."""
    items = tuple(items)
    outcomes = [one.outcome if one.possible else _NOT + one.outcome for one in items]
    await conn.execute(_FINISH, act_id, person, [one.item for one in items], outcomes)


async def latest(conn: Conn, before: datetime | None, *, only_open: bool) -> tuple[ActView, ...]:
    """Return the newest acts first, at most fifty, proposed before that instant."""
    ids = [row["act_id"] for row in await conn.fetch(_PAGE, before, only_open, ACTS)]
    sql = f"{_COLUMNS} WHERE act_id = ANY($1::uuid[]) ORDER BY proposed_at DESC, act_id, item"
    return _views(await conn.fetch(sql, ids))


async def acts_about(conn: Conn, item: str) -> tuple[ActView, ...]:
    """Return the acts about one item, oldest first, each with that item alone."""
    sql = f"{_COLUMNS} WHERE item = $1 ORDER BY proposed_at"
    return tuple(_view([row]) for row in await conn.fetch(sql, item))


async def settle_conflict(conn: Conn, number: int, act_id: UUID) -> str:
    """Take the conflict off the list: two people say it is dealt with; raises Impossible."""
    sql = (
        "UPDATE conflict SET settled_by = $2, settled_at = clock_timestamp()"
        " WHERE id = $1 AND settled_at IS NULL RETURNING 1"
    )
    if await conn.fetchval(sql, number, act_id) is None:
        raise Impossible("no_such_item")
    return "discarded"


def _views(rows: Sequence[Any]) -> tuple[ActView, ...]:
    return tuple(_view(list(group)) for _, group in groupby(rows, lambda row: row["act_id"]))


def _view(rows: Sequence[Any]) -> ActView:
    first = rows[0]
    names = ("act_id", "act", "reason", "proposed_by", "proposed_at", "approved_by", "done_at")
    return ActView(**{name: first[name] for name in names}, items=tuple(map(_item, rows)))


def _item(row: Any) -> ActItem:
    outcome = row["outcome"] or "proposed"
    possible = not outcome.startswith(_NOT)
    return ActItem(item=row["item"], possible=possible, outcome=outcome.removeprefix(_NOT))
