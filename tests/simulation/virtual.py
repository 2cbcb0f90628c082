"""Puts virtual time, seeded dice and the in-memory database under the core's modules."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import asyncpg
import structlog

from plumbing import calls, consuming, effects, relay, sending, settling
from tests.simulation.client import Sessions
from tests.simulation.loop import SimulatedLoop


@contextmanager
def virtual(loop: SimulatedLoop, sessions: Sessions, say: Callable[..., None]) -> Iterator[None]:
    """Give the core this time, these dice and this database; `say` hears what it logs."""
    time_ = SimpleNamespace(monotonic=loop.time)
    dice = SimpleNamespace(uniform=loop.rng.uniform)

    async def connect(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(0)
        return sessions.connect()

    client = SimpleNamespace(connect=connect, PostgresError=asyncpg.PostgresError)
    before = structlog.get_config()
    structlog.configure(
        processors=[partial(_pass_on, say)],
    )
    try:
        with (
            patch.object(settling, "time", time_),
            patch.object(effects, "time", time_),
            patch.object(effects, "random", dice),
            patch.object(calls, "random", dice),
            patch.object(relay, "time", time_),
            patch.object(relay, "IDLE_SECONDS", 2.0),
            patch.object(consuming, "time", time_),
            patch.object(consuming, "random", dice),
            patch.object(consuming, "WATCH_SECONDS", 15.0),
            patch.object(relay, "asyncpg", client),
            patch.object(sending, "time", time_),
        ):
            yield
    finally:
        structlog.configure(**before)


def _pass_on(say: Callable[..., None], _: Any, __: str, event: dict[str, Any]) -> Any:
    say("log", *event.values())
    raise structlog.DropEvent
