"""Calls to the outside on a real database: leased, fenced, in lane order, never twice at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio

from contracts.decision import Effect
from plumbing import effects
from plumbing.applying import lock
from plumbing.calls import Answer
from plumbing.effects import Executor
from plumbing.valve import IN_A_ROW
from plumbing.valves import Limit, Valves
from tests.integration.core_kit import (
    NOW,
    RING,
    Bench,
    Dossier,
    open_bench,
    terminate_backends,
    until,
)
from tests.integration.core_outside import (
    DONE,
    NO,
    TELL,
    UNKNOWN,
    Held,
    Outside,
    all_ended,
    an_executor,
    end_leases,
    kill_in_a_call,
    running,
    states,
)


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(effects, "backoff", lambda _: 0.02)
    async with open_bench(database) as one:
        yield one


async def test_given_a_killed_executor_when_its_lease_is_over_then_the_next_call_is_in_doubt(
    bench,
):
    dossier, outside = Dossier(), Outside([UNKNOWN, UNKNOWN, DONE])
    await bench.bring(dossier, TELL)
    await kill_in_a_call(bench)

    async with running(an_executor(bench, outside)):
        await all_ended(bench)

    assert [(call.attempt, call.in_doubt) for call in outside.calls] == [
        (2, True),
        (3, True),
        (4, True),
    ]
    doubt = "doubt toy:told final=False"
    assert await bench.trail(dossier) == ("brought", doubt, "done toy:told")


async def test_given_a_lease_that_runs_when_another_executor_looks_then_it_claims_nothing(bench):
    held, outside = Held(DONE), Outside()
    await bench.bring(Dossier(), TELL)
    first, second = an_executor(bench, held), an_executor(bench, outside)

    async with running(first):
        await held.begun.wait()
        assert await second._claim(10) == 0
        held.go.set()
        await all_ended(bench)

    assert outside.calls == []


@pytest.mark.parametrize("other_is", ["under way", "over"])
async def test_given_a_zombie_when_it_answers_after_its_lease_then_its_answer_is_discarded(
    bench, other_is
):
    dossier, late, held = Dossier(), Held(NO), Held(DONE)
    await bench.bring(dossier, TELL)
    zombie = an_executor(bench, late)
    await zombie._claim(1)
    await end_leases(bench)

    async with running(an_executor(bench, held)):
        await held.begun.wait()
        if other_is == "over":
            held.go.set()
            await all_ended(bench)
        late.go.set()
        await zombie._record([await zombie._answers.get()])
        held.go.set()
        await all_ended(bench)

    assert await states(bench) == [(TELL.kind, "DONE", "")]
    assert await bench.trail(dossier) == ("brought", "done toy:told")
    assert await bench.count("outbox") == 1


async def test_given_a_stale_and_a_live_answer_in_one_batch_when_recorded_then_one_is_heard(
    bench, monkeypatch
):
    monkeypatch.setattr(effects, "LEASE_SECONDS", 0.05)
    dossier = Dossier()
    await bench.bring(dossier, TELL)
    frozen, other = an_executor(bench, Outside([NO])), an_executor(bench, Outside([DONE]))
    await frozen._claim(1)
    stale = await frozen._answers.get()
    await until(lambda: bench.count("effect WHERE lease_until < clock_timestamp()"))
    await other._claim(1)
    live = await other._answers.get()

    await other._record([stale, live])

    assert await states(bench) == [(TELL.kind, "DONE", "")]
    assert await bench.trail(dossier) == ("brought", "done toy:told")


async def test_given_an_answer_not_yet_written_when_its_lease_is_over_then_it_is_not_asked_again(
    bench, monkeypatch
):
    monkeypatch.setattr(effects, "LEASE_SECONDS", 0.05)
    dossier = Dossier()
    await bench.bring(dossier, TELL)
    outside = Outside([DONE, NO])
    executor = an_executor(bench, outside)
    await executor._claim(1)
    answer = await executor._answers.get()
    await until(lambda: bench.count("effect WHERE lease_until < clock_timestamp()"))

    assert await executor._claim(1) == 0
    await executor._record([answer])

    assert len(outside.calls) == 1
    assert await states(bench) == [(TELL.kind, "DONE", "")]


async def test_given_a_database_that_goes_away_when_an_answer_is_recorded_then_it_is_not_lost(
    bench,
):
    dossier, outside = Dossier(), Outside([DONE, NO])
    await bench.bring(dossier, TELL)
    executor = an_executor(bench, outside)
    await executor._claim(1)
    answer = await executor._answers.get()
    waiting = "pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with bench.pool.acquire() as conn, conn.transaction():
        await lock(conn, {dossier.id: dossier.code})
        recording = asyncio.create_task(executor._record([answer]))
        await until(lambda: bench.count(waiting))
        await conn.execute(f"SELECT pg_terminate_backend(pid) FROM {waiting}")
    await recording

    assert len(outside.calls) == 1
    assert await states(bench) == [(TELL.kind, "DONE", "")]


async def test_given_a_lane_when_its_first_call_is_not_ended_then_only_that_lane_waits(bench):
    held, outside, dossier, other = Held(DONE), Outside(), Dossier(), Dossier()
    first, second = Effect("held:first", "a", b"1"), Effect("toy:second", "a", b"2")
    await bench.bring(dossier, first, second, Effect("toy:third", "b", b"3"))
    await bench.bring(other, Effect("toy:second", "a", b"4"))
    callers = {"toy": outside, "held": held}
    executor = Executor(bench.part, bench.pool, RING, callers, lambda: NOW)

    async with running(executor):
        await until(lambda: len(outside.calls) == 2)
        await until(lambda: bench.count("effect WHERE state = 'DONE'"))
        assert sorted(call.request for call in outside.calls) == [b"3", b"4"]
        held.go.set()
        await all_ended(bench)

    assert [call.request for call in outside.calls][-1] == b"2"
    trail = await bench.trail(dossier)
    assert trail.index("done held:first") < trail.index("done toy:second")


async def test_given_two_executors_when_they_run_at_once_then_no_call_is_made_twice(bench):
    outside = Outside(seconds=0.01)
    dossiers = [Dossier() for _ in range(40)]
    lanes = [Effect(f"toy:{n}", f"lane-{n % 2}", b"") for n in range(4)]
    for dossier in dossiers:
        await bench.bring(dossier, *lanes)

    async with running(an_executor(bench, outside), an_executor(bench, outside)):
        await all_ended(bench)

    assert Counter(Counter(call.effect_id for call in outside.calls).values()) == {1: 160}
    assert (outside.overlaps, await bench.count("outbox")) == (0, 160)


async def test_given_no_caller_for_an_effect_in_doubt_when_tried_then_the_doubt_stays(
    bench,
):
    outside = Outside()
    await bench.bring(Dossier(), TELL)
    await kill_in_a_call(bench)

    async with running(an_executor(bench, None)):
        await until(lambda: bench.count("effect WHERE attempt > 2"))
    async with running(an_executor(bench, outside)):
        await all_ended(bench)

    assert outside.doubts == [True]


async def test_given_a_stop_when_a_call_is_under_way_then_its_answer_is_still_recorded(bench):
    dossier, held = Dossier(), Held(DONE)
    await bench.bring(dossier, TELL)
    task = asyncio.create_task(an_executor(bench, held).run())
    await held.begun.wait()

    task.cancel()
    await asyncio.sleep(0)
    held.go.set()
    with suppress(asyncio.CancelledError):
        await task

    assert await states(bench) == [(TELL.kind, "DONE", "")]


async def test_given_a_stop_when_a_claim_is_committed_and_not_yet_heard_of_then_it_is_called(
    bench, monkeypatch
):
    outside, claimed, heard = Outside(), asyncio.Event(), asyncio.Event()
    await bench.bring(Dossier(), TELL)
    executor = an_executor(bench, outside)
    claim = executor._claiming.claim

    async def heard_of_late(*given: Any) -> Any:
        rows = await claim(*given)
        claimed.set()
        await heard.wait()
        return rows

    monkeypatch.setattr(executor._claiming, "claim", heard_of_late)
    task = asyncio.create_task(executor.run())
    await claimed.wait()
    task.cancel()
    await asyncio.sleep(0)
    heard.set()
    with suppress(asyncio.CancelledError):
        await task

    assert await states(bench) == [(TELL.kind, "DONE", "")]


async def test_given_a_connection_that_breaks_when_given_back_then_what_was_claimed_is_called(
    bench, monkeypatch
):
    valves = Valves({"toy": Limit(concurrency=2, start=2)})
    outside = Outside()
    for _ in range(6):
        await bench.bring(Dossier(), TELL)
    executor = Executor(bench.part, bench.pool, RING, {"toy": outside}, lambda: NOW, valves=valves)
    claim, broken = executor._claiming.claim, []

    async def claim_and_break(conn: Any, *more: Any) -> Any:
        rows = await claim(conn, *more)
        if rows and not broken:
            broken.append(await conn.fetchval("SELECT pg_backend_pid()"))
            await terminate_backends(bench.url, broken)
        return rows

    monkeypatch.setattr(executor._claiming, "claim", claim_and_break)
    async with running(executor):
        await all_ended(bench)

    assert Counter(call.attempt for call in outside.calls) == {1: 6}
    assert [(one.state, one.flying) for one in valves.states()] == [("open", 0)]


async def test_given_answers_that_cannot_be_recorded_then_no_more_is_called_than_may_wait(
    bench, monkeypatch
):
    monkeypatch.setattr(effects, "MOST_WAITING", 5)
    dossiers, outside = [Dossier() for _ in range(20)], Outside()
    for dossier in dossiers:
        await bench.bring(dossier, TELL)
    executor = an_executor(bench, outside)

    async with bench.pool.acquire() as conn, running(executor):
        async with conn.transaction():
            await lock(conn, {dossier.id: dossier.code for dossier in dossiers})
            await until(lambda: len(executor._unrecorded) == 5 and not executor._flying)
            turn = executor.last_turn
            await until(lambda: executor.last_turn > turn + 0.5)
            waiting = len(outside.calls)
        await all_ended(bench)

    assert (waiting, len(outside.calls)) == (5, 20)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer("again", "http_404", at_work=True), "open"),
        (ZeroDivisionError(), "open"),
        (Answer("again", "http_503"), "shut"),
        (ConnectionResetError(), "shut"),
    ],
    ids=["at work", "our own fault", "failure", "connection"],
)
async def test_given_many_calls_that_come_to_nothing_then_its_valve_hears_whose_fault_it_is(
    bench, answer, state
):
    for _ in range(IN_A_ROW):
        await bench.bring(Dossier(), TELL)
    valves = Valves({"toy": Limit(start=IN_A_ROW)}, clock=lambda: 0.0)
    callers = {"toy": Outside([answer])}
    executor = Executor(bench.part, bench.pool, RING, callers, lambda: NOW, valves=valves)

    await executor._claim(IN_A_ROW)
    await until(lambda: not executor._flying)

    assert [one.state for one in valves.states()] == [state]
