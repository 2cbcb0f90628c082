"""Lanes that people pause, turns that are fair, claims that cost the same whatever waits."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from contracts.decision import Effect
from plumbing import effects, lanes, valve
from plumbing.calls import Answer, Call
from plumbing.effects import Executor
from plumbing.leases import BY_INDEX, CLAIM, LINES
from plumbing.valves import Limit, Valves
from tests.integration.core_kit import NOW, RING, Bench, Dossier, open_bench, until
from tests.integration.core_outside import DONE, Held, Outside, all_ended, an_executor, running

MANY, PROVINCES = 100_000, 34
#: As if 34 provinces had pushed and the register had been away.
FILL = """
INSERT INTO effect (effect_id, dossier_id, kind, lane, turn, request, cause_id, cause_hash, due_at)
SELECT gen_random_uuid(), gen_random_uuid(), 'toy:told', 'register', (n % $2)::text, '\\x00', '',
    '', clock_timestamp() - make_interval(secs => n * 0.01)
FROM generate_series(1, $1) n
"""


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(effects, "backoff", lambda _: 0.02)
    async with open_bench(database) as one:
        yield one


def told(turn: str, lane: str = "register", kind: str = "toy:told") -> Effect:
    return Effect(kind, lane, turn.encode(), turn)


async def bring(bench: Bench, *brought: Effect) -> None:
    for effect in brought:
        await bench.bring(Dossier(), effect)


async def pause(bench: Bench, lane: str, turn: str = "") -> bool:
    async with bench.pool.acquire() as conn:
        return await lanes.pause(conn, lane, turn, by="operator", reason="the register asked")


async def resume(bench: Bench, lane: str, turn: str = "") -> bool:
    async with bench.pool.acquire() as conn:
        return await lanes.resume(conn, lane, turn)


async def test_given_a_paused_turn_when_resumed_then_it_goes_on_and_the_others_never_waited(bench):
    outside = Outside()
    await pause(bench, "register", "79")
    await bring(bench, told("79"), told("01"))

    async with running(an_executor(bench, outside)):
        await until(lambda: bench.count("effect WHERE state = 'DONE'"))
        assert [call.request for call in outside.calls] == [b"01"]
        assert await resume(bench, "register", "79")
        await all_ended(bench)

    assert [call.request for call in outside.calls] == [b"01", b"79"]


async def test_given_a_paused_lane_then_all_its_turns_wait_and_other_lanes_go_on(bench):
    outside = Outside()
    await pause(bench, "register")
    await bring(bench, told("79"), told(""), told("01", "citizen"))

    async with running(an_executor(bench, outside)):
        await until(lambda: bench.count("effect WHERE state = 'DONE'"))

    assert [call.request for call in outside.calls] == [b"01"]


async def test_given_a_call_under_way_when_its_lane_is_paused_then_it_ends_and_no_other_begins(
    bench,
):
    held = Held(DONE)
    await bring(bench, told("79"))
    executor = an_executor(bench, held)

    async with running(executor):
        await held.begun.wait()
        await pause(bench, "register")
        await bring(bench, told("79"))
        held.go.set()
        await until(lambda: bench.count("effect WHERE state = 'DONE'"))
        assert await executor._claim(10) == 0

    assert await bench.count("effect WHERE attempt = 0") == 1


async def test_given_pauses_when_asked_then_lane_turn_who_and_why_are_told(bench):
    first = await pause(bench, "register", "79"), await pause(bench, "register", "79")
    await pause(bench, "citizen")

    async with bench.pool.acquire() as conn:
        asked = [
            await lanes.is_paused(conn, *place)
            for place in (("register",), ("register", "79"), ("register", "01"), ("citizen", "01"))
        ]
        pauses = await lanes.load_pauses(conn)
        again = await lanes.resume(conn, "register"), await lanes.resume(conn, "register", "79")

    assert first == (True, False)
    assert asked == [False, True, False, True]
    assert [(p.lane, p.turn, p.paused_by, p.reason) for p in pauses] == [
        ("citizen", "", "operator", "the register asked"),
        ("register", "79", "operator", "the register asked"),
    ]
    assert again == (False, True)


async def test_given_what_waits_when_lanes_are_listed_then_with_count_age_and_pause(bench):
    await bring(bench, told("79"), told("79"), told("01"), told("", "citizen", "sms:accepted"))
    await pause(bench, "register", "79")

    async with bench.pool.acquire() as conn:
        listed = await lanes.load_lanes(conn)

    assert [(one.lane, one.turn, one.call, one.open, one.pause is None) for one in listed] == [
        ("citizen", "", "sms", 1, True),
        ("register", "01", "toy", 1, True),
        ("register", "79", "toy", 2, False),
    ]
    assert all(one.oldest.total_seconds() > 0 for one in listed)


async def test_given_a_province_with_a_long_backlog_when_others_come_then_they_do_not_wait_for_it(
    bench,
):
    outside = Outside()
    await bring(bench, *[told("79")] * 40, *[told("01")] * 3, *[told("48")] * 3)
    valves = Valves({"toy": Limit(concurrency=1)})
    executor = Executor(bench.part, bench.pool, RING, {"toy": outside}, lambda: NOW, valves=valves)

    async with running(executor):
        await until(lambda: len(outside.calls) >= 12)

    first = Counter(call.request for call in outside.calls[:9])
    assert first == {b"79": 3, b"01": 3, b"48": 3}


async def test_given_a_turn_then_its_oldest_is_called_first(bench):
    outside = Outside()
    await bring(bench, *[told("79", kind=f"toy:{n}") for n in range(6)])
    await bench.pool.execute("UPDATE effect SET due_at = due_at - position * interval '1 minute'")
    valves = Valves({"toy": Limit(concurrency=1)})
    executor = Executor(bench.part, bench.pool, RING, {"toy": outside}, lambda: NOW, valves=valves)

    async with running(executor):
        await all_ended(bench)

    assert [call.kind for call in outside.calls] == [f"toy:{n}" for n in reversed(range(6))]


async def pages(conn: Any, statement: str) -> int:
    """Return how many pages the prepared statement touches now."""
    plan = json.loads(await conn.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"))
    return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])


@pytest.mark.parametrize("analysed", [False, True])
async def test_given_a_hundred_thousand_waiting_when_claimed_then_few_pages_are_touched(
    bench, analysed
):
    provinces = ",".join(str(n) for n in range(32))
    toy, register = ",".join(["toy"] * 32), ",".join(["register"] * 32)
    lines = "EXECUTE lines('{}')"
    claim = (
        "EXECUTE claim(60, NULL, '{}',"
        f" '{{{toy}}}', '{{{provinces}}}', '{{{register}}}', array_fill(1, ARRAY[32]))"
    )
    async with bench.pool.acquire() as conn:
        await conn.execute(f"PREPARE lines (uuid[]) AS {LINES}")
        types = "float8, text, uuid[], text[], text[], text[], int[]"
        await conn.execute(f"PREPARE claim ({types}) AS {CLAIM}")
        await conn.execute("SET plan_cache_mode = force_generic_plan")
        async with conn.transaction():
            await conn.execute(BY_INDEX)
            for statement in (lines, claim):  # the plans are made while nothing waits
                assert await conn.fetch(statement) == []
        await conn.execute(FILL, MANY, PROVINCES)
        if analysed:
            await conn.execute("ANALYZE effect")
        async with conn.transaction():
            await conn.execute(BY_INDEX)
            assert len(await conn.fetch(lines)) == PROVINCES
            touched = await pages(conn, lines), await pages(conn, claim)

    assert await bench.count("effect WHERE state = 'IN_FLIGHT'") == 32
    assert max(touched) < 1_000, touched


class Flaky:
    """A neighbour that is away until it comes back; notes how many calls it saw at once."""

    def __init__(self) -> None:
        self.away, self.now, self.most = True, 0, 0
        self.calls: list[Call] = []

    async def __call__(self, call: Call) -> Answer:
        self.calls.append(call)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0.005)
        finally:
            self.now -= 1
        return Answer("again") if self.away else DONE


async def test_given_an_outage_when_it_is_over_then_what_waited_was_not_tried_and_comes_as_a_ramp(
    bench, monkeypatch
):
    monkeypatch.setattr(valve, "PAUSE_SECONDS", 0.05)
    outside = Flaky()
    await bring(bench, *[told(str(n % 5)) for n in range(300)])
    valves = Valves({"toy": Limit(concurrency=16)})
    executor = Executor(bench.part, bench.pool, RING, {"toy": outside}, lambda: NOW, valves=valves)

    async with running(executor):
        await until(lambda: any(one.state == "shut" for one in valves.states()))
        first = len(outside.calls)
        await until(lambda: len(outside.calls) >= first + 3)
        tried = await bench.count("effect WHERE attempt > 0")
        outside.most, outside.away = 0, False
        before = len(outside.calls)
        await until(lambda: len(outside.calls) >= before + 3)
        at_first = outside.most
        await all_ended(bench)

    assert first <= 16
    assert tried <= len(outside.calls) - 300 + 16
    assert at_first <= 2
    assert outside.most <= 16
    assert await bench.count("effect WHERE attempt > 1") <= tried
