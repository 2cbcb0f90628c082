"""What the SQL of offsets, cursors and leases must do, asked of a real PostgreSQL.

The in-memory database of the simulation does what a statement's text meant when its handler was
written; a wrong in the text only a real one shows.
"""

from collections.abc import Awaitable, Callable
from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import TopicPartition

from contracts.envelope import decode, sha256
from plumbing import cursors, offsets
from plumbing.offsets import NotOwner, Step
from plumbing.sequencing import Arrived, Cursor
from tests.integration.core_kit import ROUTING, Dossier
from tests.mutation.lease_checks import (
    Statements,
    a_call_begins_under_its_fence_only,
    a_replica_releases_its_own_calls_only,
    answers_count_under_their_fence_only,
    each_turn_and_lane_waits_for_itself,
    what_is_due_is_claimed_once,
)

Check = Callable[["asyncpg.Connection[Any]", Statements], Awaitable[None]]

_SEEN = (AssertionError, LookupError, NotOwner, TypeError, ValueError)
ONE, OTHER = UUID(int=1), UUID(int=2)


async def offsets_are_moved_one_by_one(conn: Any, _: Statements) -> None:
    """Every partition has its own offset; only who knows it moves it."""
    places = list(product(("g", "h"), ("t", "u"), (0, 1)))
    for n, (group, topic, part) in enumerate(places):
        await offsets.begin(conn, group, TopicPartition(topic, part), 10 + n)
        await offsets.begin(conn, group, TopicPartition(topic, part), 99)
    for moved, (group, topic, part) in enumerate(places):
        for wrong in (9 + moved, 11 + moved):
            try:
                await offsets.advance(conn, group, topic, [Step(part, wrong, 50)])
            except NotOwner:
                continue
            raise AssertionError("moved by somebody else")
        step = Step(part, 10 + moved, 100 + moved)
        await offsets.advance(conn, group, topic, [step])
        for n, (g, t, p) in enumerate(places):
            expected = 100 + n if n <= moved else 10 + n
            assert await offsets.load_next(conn, g, TopicPartition(t, p)) == expected
    assert await offsets.load_next(conn, "g", TopicPartition("none", 0)) is None
    await offsets.advance(conn, "g", "t", [Step(0, 100, 200), Step(1, 101, 201)])
    for steps in ([Step(0, 200, 300), Step(1, 101, 301)], [Step(0, 200, 300), Step(2, 0, 1)]):
        try:
            await offsets.advance(conn, "g", "t", steps)
        except NotOwner:
            continue
        raise AssertionError("one of two was not ours, and nobody was told")


async def what_is_parked_goes_with_its_own_cursor(conn: Any, _: Statements) -> None:
    """What waited goes up to its cursor, of that dossier and source."""
    one, other = Dossier(ONE), Dossier(OTHER)
    parked = [
        _parked(dossier, n, name)
        for dossier in (one, other)
        for name in ("routed", "submitted")
        for n in range(4)
    ]
    await cursors.save_parked(conn, parked)
    await cursors.save_parked(conn, parked[:1])
    await cursors.save_cursors(conn, {(OTHER, "intake"): Cursor(2, ONE, "a" * 64)})
    await cursors.drop_parked(conn, [OTHER])
    assert await _waiting(conn) == {
        (ONE, "routing"): [1, 2, 3, 4],
        (ONE, "intake"): [1, 2, 3, 4],
        (OTHER, "routing"): [1, 2, 3, 4],
        (OTHER, "intake"): [3, 4],
    }
    # Below the cursor of another dossier: not ours to drop.
    await cursors.save_parked(conn, [one for one in parked if one.event.dossierid == OTHER])
    await cursors.save_cursors(conn, {(ONE, "routing"): Cursor(3, OTHER, "b" * 64)})
    await cursors.drop_parked(conn, [ONE])
    assert await _waiting(conn) == {
        (ONE, "routing"): [4],
        (ONE, "intake"): [1, 2, 3, 4],
        (OTHER, "routing"): [1, 2, 3, 4],
        (OTHER, "intake"): [1, 2, 3, 4],
    }
    mine = await cursors.load_waiting(conn, [ONE])
    assert {slot[0] for slot in mine} == {ONE}
    assert mine[ONE, "routing", 4] == {parked[3].hash: parked[3]}


def _parked(dossier: Dossier, n: int, name: str) -> Arrived:
    body = dossier.says(name)
    return Arrived(decode(body), sha256(body), body, ROUTING, 0, n)


async def _waiting(conn: Any) -> dict[tuple[UUID, str], list[int]]:
    found: dict[tuple[UUID, str], list[int]] = {}
    for slot in sorted(await cursors.load_waiting(conn, [ONE, OTHER])):
        found.setdefault((slot[0], slot[1]), []).append(slot[2])
    return found


async def cursors_are_written_and_read(conn: Any, _: Statements) -> None:
    """A cursor comes back as it was last written, of the dossiers asked for."""
    first = {(ONE, "routing"): Cursor(1, ONE, "a" * 64), (OTHER, "intake"): Cursor()}
    await cursors.save_cursors(conn, first)
    await cursors.save_cursors(conn, {(ONE, "routing"): Cursor(2, OTHER, "b" * 64)})
    assert await cursors.load_cursors(conn, [ONE]) == {(ONE, "routing"): Cursor(2, OTHER, "b" * 64)}
    both = await cursors.load_cursors(conn, [ONE, OTHER])
    assert both[OTHER, "intake"] == Cursor()


CHECKS: tuple[Check, ...] = (
    offsets_are_moved_one_by_one,
    what_is_parked_goes_with_its_own_cursor,
    cursors_are_written_and_read,
    answers_count_under_their_fence_only,
    a_call_begins_under_its_fence_only,
    a_replica_releases_its_own_calls_only,
    what_is_due_is_claimed_once,
    each_turn_and_lane_waits_for_itself,
)


async def first_to_fail(conn: "asyncpg.Connection[Any]", sql: Statements) -> str | None:
    """Return which check sees something wrong, or None."""
    for check in CHECKS:
        attempt = conn.transaction()
        await attempt.start()
        try:
            await check(conn, sql)
        except (*_SEEN, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return f"{check.__name__}: {error!r}"
        finally:
            await attempt.rollback()
    return None
