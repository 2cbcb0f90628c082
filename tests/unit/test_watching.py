"""Figures of the database that cannot be read are seen to be old."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from plumbing import watching
from plumbing.valves import Valves

SERVICE = "life"


class Database:
    """A pool whose database is away, and then is not; `looks` counts what was tried."""

    is_away = True
    looks = 0

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """Give a connection, or raise as a pool does."""
        self.looks += 1
        if self.is_away:
            raise ConnectionRefusedError
        yield self

    async def fetch(self, sql: str) -> list[Any]:
        """Return one row of zeros."""
        return [defaultdict(int)]


def age() -> float | None:
    return REGISTRY.get_sample_value("dossiers_figures_age_seconds", {"service": SERVICE})


async def test_given_a_database_that_is_away_then_the_figures_grow_old_until_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, database = SimpleNamespace(seconds=1000.0), Database()
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    monkeypatch.setattr(watching, "GAUGE_SECONDS", 0.0)

    async def nothing(*_: object) -> None:
        """Stand for what is counted elsewhere."""

    monkeypatch.setattr(watching.counting, "refresh", nothing)

    async def until(looks: int) -> None:
        async with asyncio.timeout(20):
            while database.looks < looks:
                await asyncio.sleep(0)

    task = asyncio.create_task(watching.refresh_gauges(database, SERVICE, Valves()))  # type: ignore[arg-type]
    try:
        await until(2)
        now.seconds += 300
        assert age() == 300
        database.is_away = False
        await until(database.looks + 3)
        assert age() == 0
    finally:
        task.cancel()
