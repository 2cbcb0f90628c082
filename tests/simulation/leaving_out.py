"""The core with one of its clauses left out: the simulation must find each of these wrong."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from contracts.envelope import Cause
from plumbing import beginning, effects, inlets, leases, offsets, relay
from plumbing.applying import Item
from plumbing.database import Conn
from plumbing.inlets import Settled
from plumbing.offsets import Step
from plumbing.sequencing import Arrived, Cursor, Key, Sorted, Waiting
from plumbing.settling import Portion, Settler
from tests.simulation.client import Connection
from tests.simulation.server import Transaction
from tests.simulation.statements import Record as Row
from tests.simulation.statements import on
from tests.simulation.verdict import wrongs
from tests.simulation.world import World

_BLIND = (
    "UPDATE consumer_offset SET next_offset = t.following"
    " FROM unnest($3::int[], $4::bigint[]) t(part, following)"
    " WHERE consumer_offset.part = t.part AND topic = $1 AND grp = $2"
)


def _takes(
    is_taken: Callable[[Arrived, Cursor], bool],
) -> Callable[[Sequence[Arrived], dict[Key, Cursor], Waiting], Sorted]:
    def sort(arrived: Sequence[Arrived], cursors: dict[Key, Cursor], _: Waiting) -> Sorted:
        result = Sorted(cursors=cursors)
        for record in arrived:
            cursor = cursors.setdefault(record.key, Cursor())
            if is_taken(record, cursor):
                event = record.event
                cursor.sequence, cursor.event_id, cursor.hash = (
                    event.sequence,
                    event.id,
                    record.hash,
                )
                item = Item(event.dossierid, event, Cause(str(event.id), record.hash))
                result.items.append(item)
        return result

    return sort


async def _advance_blindly(conn: Conn, group: str, topic: str, steps: Sequence[Step]) -> None:
    parts, _, following = zip(*steps, strict=True)
    await conn.execute(_BLIND, topic, group, parts, following)


@on(_BLIND)
async def _move(
    _: Connection,
    tx: Transaction,
    topic: str,
    grp: str,
    parts: Sequence[int],
    following: Sequence[int],
) -> list[Row]:
    for part, offset in zip(parts, following, strict=True):
        key, moved = (part, topic, grp), {"next_offset": offset}
        await tx.update("consumer_offset", key, lambda _: True, lambda _, to=moved: to)
    return []


async def _acknowledge_first(self: Settler, portions: Sequence[Portion]) -> Settled:
    topic = portions[0].tp.topic
    steps = [one.step for one in portions]
    async with self.pool.acquire() as conn, conn.transaction():
        await offsets.advance(conn, self.group, topic, steps)
    async with self.pool.acquire() as conn, conn.transaction():
        records = [record for portion in portions for record in portion.records]
        return await self.inlets[topic](conn, records, self.clock())


def _forget_what_failed(rows: Sequence[Any], outcomes: Sequence[BaseException | None]) -> Any:
    return [row["id"] for row in rows], next((one for one in outcomes if one), None)


_UNFENCED_FINISH = leases.FINISH.replace("AND e.fence = t.fence", "")
_UNFENCED_BEGIN = leases.BEGIN.replace("AND e.fence = t.fence", "")

#: By clause: what is replaced in the core.
CLAUSES: dict[str, list[Any]] = {
    "the sequence check": [patch.object(inlets, "sort", _takes(lambda _, __: True))],
    "the order, newest wins": [
        patch.object(inlets, "sort", _takes(lambda r, c: r.event.sequence > c.sequence))
    ],
    "compare-and-set": [patch.object(offsets, "advance", _advance_blindly)],
    "effects before the acknowledgement": [patch.object(Settler, "_once", _acknowledge_first)],
    "the fence": [
        patch.object(effects, "FINISH", _UNFENCED_FINISH),
        patch.object(beginning, "BEGIN", _UNFENCED_BEGIN),
    ],
    "asking before telling again": [],
    "keeping what was not sent": [patch.object(relay, "acknowledged_prefix", _forget_what_failed)],
}


@contextmanager
def without(clause: str | None) -> Iterator[None]:
    """Run the core without the clause."""
    with ExitStack() as stack:
        for one in CLAUSES[clause] if clause else ():
            stack.enter_context(one)
        yield


def a_world(seed: int, clause: str | None = None, *, trace: bool = False) -> World:
    """Return a world whose callers keep to the rules unless that is what is left out."""
    return World(seed, asks_first=clause != "asking before telling again", trace=trace)


def play(seed: int, clause: str | None = None, *, trace: bool = False) -> tuple[World, list[str]]:
    """Play a seed; return its world and what was wrong."""
    world = a_world(seed, clause, trace=trace)
    with without(clause):
        world.run()
    return world, wrongs(world)


def first_found(clause: str, seeds: Sequence[int]) -> int | None:
    """Return the first seed that finds the core wrong without the clause."""
    return next((seed for seed in seeds if play(seed, clause)[1]), None)
