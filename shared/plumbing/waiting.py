"""Waits, for a bounded time, until a server that is away has come."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from plumbing.database import TRANSIENT
from plumbing.logs import describe

log = structlog.get_logger()

START_SECONDS = 90.0


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
