"""Waits, for a bounded time: until a server that is away has come, until a client has ended."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

from plumbing.database import passing
from plumbing.logs import describe

log = structlog.get_logger()
T = TypeVar("T")


async def woken(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set, at most so long; whoever was told to end, ends here at last."""
    # Not wait_for: Python 3.11's loses a cancellation that comes together with the event. The
    # database's client uses it all the same, so one may have been lost before.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    if is_cancelled():
        raise asyncio.CancelledError


async def rest(seconds: float) -> None:
    """Sleep between two rounds of a task that runs for ever; who was told to end, ends here.

    What the round waited for may have lost the cancellation.
    """
    if is_cancelled():
        raise asyncio.CancelledError
    await asyncio.sleep(seconds)


async def let_go(ending: Awaitable[Any], seconds: float) -> None:
    """Wait until a client of a library has ended, at most so long, whatever it says.

    aiokafka's `stop` can raise the CancelledError of a task of its own; awaited in a task of its
    own, it is not taken for a cancellation of ours.
    """
    task = asyncio.ensure_future(ending)
    task.add_done_callback(_hear)
    await asyncio.wait({task}, timeout=seconds)
    task.cancel()


async def to_its_end(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Return what the work gives; told to end meanwhile, wait until it has, at most so long."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(_hear)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=seconds)
        task.cancel()
        raise


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work gives, or None when it was stopped first."""
    task, waiter = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if task.done():
        return task.result()
    task.cancel()
    return None


def is_cancelled() -> bool:
    """Return whether this task was asked to end, not one inside a client it waits for."""
    task = asyncio.current_task()
    return task is None or bool(task.cancelling())


def _hear(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled():
        task.exception()


async def patiently(what: str, act: Callable[[], Awaitable[Any]]) -> None:
    """Do it, again and again while its server is away; what does not pass is raised."""
    pause_seconds = 0.5
    while True:
        try:
            await act()
            return
        except Exception as error:  # its server will come; SIGTERM ends the wait
            if not (passing(error) or type(error).__module__.startswith("aiokafka")):
                raise
            log.warning("start_waits", component=what, error=describe(error))
        await rest(pause_seconds)
        pause_seconds = min(pause_seconds * 1.5, 5.0)
