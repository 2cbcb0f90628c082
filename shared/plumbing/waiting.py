"""Waits, for a bounded time: until a server that is away has come, until a client has ended."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from plumbing.database import TRANSIENT
from plumbing.logs import describe

log = structlog.get_logger()

START_SECONDS = 90.0


async def let_go(ending: Awaitable[Any], seconds: float) -> None:
    """Wait until a client of a library has ended, at most so long, whatever it says.

    aiokafka's `stop` can raise the CancelledError of a task of its own; awaited in a task of its
    own, it is not taken for a cancellation of ours.
    """
    task = asyncio.ensure_future(ending)
    task.add_done_callback(_hear)
    await asyncio.wait({task}, timeout=seconds)
    task.cancel()


def _hear(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled():
        task.exception()


async def patiently(what: str, act: Callable[[], Awaitable[Any]]) -> None:
    """Do it, again and again while its server is away, for a bounded time."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            await act()
            return
        except Exception as error:  # the wait is bounded, the last error is raised
            if time.monotonic() > until or not _may_pass(error):
                raise
            log.warning("start_waits", component=what, error=describe(error))
            await asyncio.sleep(0.5)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, TRANSIENT) or type(error).__module__.startswith("aiokafka")
