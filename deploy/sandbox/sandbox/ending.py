"""Ends the Kafka clients' objects."""

import asyncio
from collections.abc import Awaitable
from typing import Any


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
