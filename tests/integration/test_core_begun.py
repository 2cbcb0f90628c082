"""Calls that cannot be taken back: what the next attempt knows after a crash."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from plumbing import effects
from plumbing.calls import Answer, Call, LeaseLost
from plumbing.effects import Executor
from tests.integration.core_kit import NOW, RING, Bench, Dossier, open_bench
from tests.integration.core_outside import DONE, TELL, Outside, all_ended, running


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(effects, "backoff", lambda _: 0.02)
    async with open_bench(database) as one:
        yield one


async def test_given_a_killed_executor_when_it_comes_back_by_name_then_its_calls_wait_for_no_lease(
    bench,
):
    dossier = Dossier()
    await bench.bring(dossier, TELL)
    outside = Outside([DONE])
    killed, back = (
        Executor(bench.part, bench.pool, RING, {"toy": outside}, lambda: NOW, owner="notifier-0")
        for _ in range(2)
    )
    await killed._claim(1)
    await killed._answers.get()

    async with running(back):
        await all_ended(bench)

    assert [call.in_doubt for call in outside.calls] == [False, True]


async def test_given_a_call_begun_when_its_executor_is_killed_then_the_next_attempt_knows(bench):
    begun: list[bool] = []

    async def irrevocable(call: Call) -> Answer:
        begun.append(call.begun)
        await call.begin()
        return DONE

    await bench.bring(Dossier(), TELL)
    killed, back = (
        Executor(bench.part, bench.pool, RING, {"toy": irrevocable}, lambda: NOW, owner="n-0")
        for _ in range(2)
    )
    await killed._claim(1)
    await killed._answers.get()

    async with running(back):
        await all_ended(bench)

    assert begun == [False, True]


async def test_given_a_call_that_certainly_did_nothing_when_made_again_then_it_was_not_begun(bench):
    begun: list[bool] = []

    async def again_once(call: Call) -> Answer:
        begun.append(call.begun)
        await call.begin()
        return DONE if len(begun) > 1 else Answer("again")

    await bench.bring(Dossier(), TELL)
    executor = Executor(bench.part, bench.pool, RING, {"toy": again_once}, lambda: NOW)

    async with running(executor):
        await all_ended(bench)

    assert begun == [False, False]


async def test_given_a_lease_that_went_to_another_when_beginning_then_it_is_refused(bench):
    await bench.bring(Dossier(), TELL)
    refused: list[str] = []

    async def late(call: Call) -> Answer:
        await bench.pool.execute("UPDATE effect SET fence = fence + 1")
        try:
            await call.begin()
        except LeaseLost:
            refused.append(call.kind)
        return DONE

    executor = Executor(bench.part, bench.pool, RING, {"toy": late}, lambda: NOW)
    await executor._claim(1)
    await executor._answers.get()

    assert refused == [TELL.kind]
