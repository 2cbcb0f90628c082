"""Ending clients of a library that may raise anything, and starting over after them."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from plumbing import effects, running
from plumbing import relay as relay_module
from plumbing.relay import Relay
from plumbing.waiting import is_cancelled, let_go, rest, woken


async def cancelled_inside() -> None:
    """Raise the CancelledError of a task that is not the caller's, as aiokafka's stop does."""
    inner = asyncio.ensure_future(asyncio.sleep(60))
    await asyncio.sleep(0)
    inner.cancel()
    await inner


async def broken() -> None:
    raise RuntimeError("half closed")


@pytest.mark.parametrize("ending", [cancelled_inside, broken])
async def test_given_a_client_that_ends_badly_when_let_go_then_nothing_is_raised(ending):
    await let_go(ending(), 1)


async def test_given_a_client_that_never_ends_when_let_go_then_it_is_left_after_the_time():
    endless = asyncio.ensure_future(asyncio.sleep(60))

    await let_go(endless, 0.01)
    await asyncio.wait({endless})

    assert endless.cancelled()


class _Connection:
    def terminate(self) -> None:
        pass


async def test_given_a_task_cancelled_inside_the_client_when_relaying_then_it_starts_over(
    monkeypatch: pytest.MonkeyPatch,
):
    turns = 0

    async def connect(*_: object, **__: object) -> _Connection:
        return _Connection()

    async def turn(relay: Relay, _: object) -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            await cancelled_inside()
        await asyncio.sleep(0.01)

    monkeypatch.setattr(asyncpg, "connect", connect)
    monkeypatch.setattr(relay_module.Relay, "_turn", turn)
    running = asyncio.ensure_future(Relay("routing", "nowhere", "nowhere").run())
    async with asyncio.timeout(20):
        while turns < 2:
            await asyncio.sleep(0.01)

    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("waits", [lambda: woken(asyncio.Event(), 0.001), lambda: rest(0.001)])
async def test_given_a_cancellation_that_was_lost_when_the_task_waits_for_a_wake_then_it_ends(
    waits: Callable[[], Coroutine[Any, Any, None]],
):
    turns = 0

    async def in_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            with suppress(asyncio.CancelledError):  # as a library does that loses one
                await asyncio.sleep(0)
            await waits()

    task = asyncio.create_task(in_turns())
    while turns < 3 and not task.done():
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=5)

    assert task.cancelled()


async def test_given_no_wake_then_the_wait_ends_in_time_and_the_task_goes_on():
    event = asyncio.Event()

    await woken(event, 0.001)
    event.set()
    await woken(event, 60)

    assert not is_cancelled()


def test_a_stop_waits_longer_than_the_claim_and_the_calls_it_waits_for():
    assert effects.CLAIM_SECONDS + effects.DRAIN_SECONDS < running.STOP_SECONDS
