"""What the SQL of the leases must do, asked of a real PostgreSQL."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

from plumbing import cursors, leases
from plumbing.sequencing import Cursor

Statements = Mapping[str, str]

#: The statements that are constants; the others are changed where they stand in a function.
LEASES: Statements = {
    name: getattr(leases, name) for name in ("LINES", "CLAIM", "FINISH", "BEGIN", "RELEASE")
}
ERASED = 2**31 - 1

_EFFECT = {
    "lane": "a",
    "turn": "",
    "state": "IN_FLIGHT",
    "fence": 2,
    "attempt": 2,
    "in_doubt": False,
    "begun": True,
    "owner": "me",
    "request": b"request",
    "due": 0,
    "lease": 60,
    "since": None,
}


async def _effect(conn: Any, number: int, dossier: int = 0, **changes: Any) -> UUID:
    row = {**_EFFECT, **changes}
    identity = UUID(int=number)
    await conn.execute(
        "INSERT INTO effect (effect_id, dossier_id, kind, lane, turn, state, fence, attempt,"
        " in_doubt, begun, owner, request, due_at, lease_until, doubt_since, cause_id, cause_hash)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
        " clock_timestamp() + make_interval(secs => $13),"
        " clock_timestamp() + make_interval(secs => $14),"
        " clock_timestamp() + make_interval(secs => $15), '', '')",
        *(identity, UUID(int=dossier or number), f"call:{number}"),
        *(row[name] for name in list(_EFFECT)[:9]),
        *(None if row[name] is None else float(row[name]) for name in ("due", "lease", "since")),
    )
    return identity


async def answers_count_under_their_fence_only(conn: Any, sql: Statements) -> None:
    """FINISH: a stale answer, or one to what is not under way, writes nothing."""
    await cursors.save_cursors(
        conn,
        {
            (UUID(int=8), "particulars"): Cursor(ERASED, None, ""),
            (UUID(int=9), "particulars"): Cursor(ERASED - 1, None, ""),
            (UUID(int=9), "routing"): Cursor(ERASED, None, ""),
        },
    )
    given: list[tuple[dict[str, Any], tuple[int, str, bool], tuple[Any, ...]]] = [
        ({}, (2, "DONE", False), ("DONE", False, True, False, False, True)),
        ({}, (1, "DONE", False), ("IN_FLIGHT", False, True, True, False, False)),
        ({}, (3, "DONE", False), ("IN_FLIGHT", False, True, True, False, False)),
        ({"state": "PENDING"}, (2, "DONE", False), ("PENDING", False, True, True, False, False)),
        ({"in_doubt": True}, (2, "PENDING", False), ("IN_DOUBT", True, False, True, False, False)),
        ({}, (2, "PENDING", False), ("PENDING", False, False, True, False, False)),
        ({}, (2, "IN_DOUBT", True), ("IN_DOUBT", True, True, True, True, False)),
        ({}, (2, "MANUAL", True), ("MANUAL", True, True, False, True, True)),
        ({}, (2, "MANUAL", True), ("MANUAL", True, True, True, True, True)),
        ({"begun": False}, (2, "REJECTED", False), ("REJECTED", False, False, False, False, True)),
        ({"begun": False}, (2, "DONE", True), ("DONE", True, False, False, True, True)),
        ({"in_doubt": True}, (2, "IN_DOUBT", False), ("IN_DOUBT", True, True, True, False, False)),
        ({"since": -500}, (2, "IN_DOUBT", True), ("IN_DOUBT", True, True, True, True, False)),
        ({"since": -500}, (2, "DONE", False), ("DONE", False, True, False, True, True)),
    ]
    ids = [await _effect(conn, n, **row) for n, (row, _, _) in enumerate(given, 1)]
    rows = await conn.fetch(
        sql["FINISH"],
        ids,
        [fence for _, (fence, _, _), _ in given],
        [state for _, (_, state, _), _ in given],
        [f"reason {n}" for n in range(len(given))],
        [doubt for _, (_, _, doubt), _ in given],
        [100.0] * len(given),
    )
    live = {row["effect_id"] for row in rows}
    assert live == {one for n, one in enumerate(ids) if n not in (1, 2, 3)}
    assert {row["fence"] for row in rows} == {2}
    told = await conn.fetch(
        "SELECT state, in_doubt, begun, request IS NOT NULL, doubt_since IS NOT NULL,"
        " ended_at IS NOT NULL FROM effect ORDER BY effect_id"
    )
    assert [tuple(row) for row in told] == [expected for _, _, expected in given]
    counted = await conn.fetch(
        "SELECT effect_id, lease_until IS NULL AS free, reason,"
        " due_at > clock_timestamp() + interval '50 s' AS later,"
        " doubt_since < clock_timestamp() - interval '400 s' AS since FROM effect"
    )
    for row in counted:
        place = ids.index(row["effect_id"])
        counts = row["effect_id"] in live
        assert (row["free"], row["later"], row["reason"] is not None) == (counts,) * 3
        assert row["since"] == {6: False, 7: False, 8: False, 10: False}.get(
            place, True if place in (12, 13) else None
        )


async def a_call_begins_under_its_fence_only(conn: Any, sql: Statements) -> None:
    """BEGIN: the fence, the effect and the state decide."""
    one = await _effect(conn, 1, begun=False)
    two = await _effect(conn, 2, begun=False)
    over = await _effect(conn, 3, begun=False, state="IN_DOUBT")
    assert await conn.fetch(sql["BEGIN"], [one, one, over], [1, 3, 2]) == []
    assert await conn.fetchval("SELECT count(*) FROM effect WHERE begun") == 0
    rows = await conn.fetch(sql["BEGIN"], [one, over, two], [2, 2, 1])
    assert [tuple(row) for row in rows] == [(one, 2)]
    assert [row[0] for row in await conn.fetch("SELECT effect_id FROM effect WHERE begun")] == [one]


async def a_replica_releases_its_own_calls_only(conn: Any, sql: Statements) -> None:
    """RELEASE: what the owner had under way, nothing else."""
    await _effect(conn, 1)
    await _effect(conn, 2, owner="another")
    await _effect(conn, 3, state="PENDING")
    await conn.execute(sql["RELEASE"], "me")
    over = await conn.fetch("SELECT effect_id FROM effect WHERE lease_until <= clock_timestamp()")
    assert [row[0].int for row in over] == [1]


async def what_is_due_is_claimed_once(conn: Any, sql: Statements) -> None:
    """LINES and CLAIM: due and free, first of its lane; the fence and the doubt go up."""
    due: dict[str, Any] = {"lease": -5, "begun": False}
    fresh = {"state": "PENDING", "fence": 0, "attempt": 0, "due": -50, **due}
    claims = {
        await _effect(conn, 1, **fresh): (False, 1, 1),
        await _effect(conn, 2, state="IN_DOUBT", **due): (True, 3, 3),
        await _effect(conn, 3, **due): (True, 3, 3),
        await _effect(conn, 4, **{**fresh, "in_doubt": True}): (True, 1, 1),
    }
    await _effect(conn, 11)
    await _effect(conn, 12, **{**fresh, "due": 50})
    await _effect(conn, 13, **{**fresh, "state": "DONE"})
    await _effect(conn, 14, **{**fresh, "state": "MANUAL"})
    excluded = await _effect(conn, 15, **fresh)
    await _effect(conn, 21, 30, lease=60)
    await _effect(conn, 22, 30, **fresh)
    claims[await _effect(conn, 23, 31, state="DONE")] = (False, 2, 2)
    claims[await _effect(conn, 24, 31, **fresh)] = (False, 1, 1)
    claims[await _effect(conn, 25, 30, **{**fresh, "lane": "b"})] = (False, 1, 1)
    del claims[UUID(int=23)]
    lines = sorted(tuple(row) for row in await conn.fetch(sql["LINES"], [excluded]))
    assert lines == [("call", "", "a"), ("call", "", "b")]
    arguments = [["call", "call"], ["", ""], ["a", "b"], [100, 100]]
    rows = await conn.fetch(sql["CLAIM"], 60.0, "you", [excluded], *arguments)
    told = {row["effect_id"]: (row["in_doubt"], row["fence"], row["attempt"]) for row in rows}
    assert told == claims
    assert await conn.fetch(sql["CLAIM"], 60.0, "you", [excluded], *arguments) == []
    assert await conn.fetch(sql["LINES"], [excluded]) == []
    held = await conn.fetch(
        "SELECT effect_id, lease_until - clock_timestamp() AS left FROM effect"
        " WHERE owner = 'you' AND state = 'IN_FLIGHT'"
    )
    assert {row["effect_id"] for row in held} == set(claims)
    assert all(timedelta(seconds=50) < row["left"] <= timedelta(seconds=60) for row in held)
    lost = await conn.fetch("SELECT effect_id, fence, attempt, outcome FROM effect_attempt")
    assert [tuple(row) for row in lost] == [(UUID(int=3), 2, 2, "lost")]


async def each_turn_and_lane_waits_for_itself(conn: Any, sql: Statements) -> None:
    """LINES and CLAIM: what waits in one line says nothing of another; a pause holds its own."""
    fresh = {"state": "PENDING", "fence": 0, "attempt": 0, "due": -50, "lease": None}
    later = {**fresh, "due": 50}
    await _effect(conn, 1, **{**later, "turn": "x"})
    due = await _effect(conn, 2, **{**fresh, "turn": "y"})
    await _effect(conn, 3, **{**later, "turn": "y", "lane": "b"})
    for number, (turn, lane) in enumerate(product("xy", "pq"), 4):
        await _effect(conn, number, **{**fresh, "turn": turn, "lane": lane})
    for lane, turn in (("p", ""), ("q", "x")):
        await conn.execute("INSERT INTO lane_pause VALUES ($1, $2, 'me', 'why')", lane, turn)
    lines = sorted(tuple(row) for row in await conn.fetch(sql["LINES"], []))
    assert lines == [("call", "y", "a"), ("call", "y", "q")]
    nothing = await conn.fetch(
        sql["CLAIM"], 60.0, "you", [], ["call", "call"], ["x", "y"], ["a", "b"], [9, 9]
    )
    assert nothing == []
    rows = await conn.fetch(sql["CLAIM"], 60.0, "you", [], ["call"], ["y"], ["a"], [9])
    assert [row["effect_id"] for row in rows] == [due]
