"""The comparisons of one process have turns: one without an end holds up no other for long."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

import pytest
from structlog.testing import capture_logs

from plumbing import comparing, reconciling
from plumbing.comparing import NotNow, Reconciler
from plumbing.database import Pool, open_pool
from plumbing.migrating import migrate
from plumbing.reconciling import Compared, Run
from tests.integration.core_kit import until

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


@dataclass
class Endless:
    """Always has another page."""

    pool: Pool
    neighbour: str
    steps: list[str]

    async def step(self, run: Run) -> Run | None:
        """Compare the next page, and tell so."""
        self.steps.append(self.neighbour)
        async with self.pool.acquire() as conn, conn.transaction():
            done = Compared(str(int(run.position or 0) + 1), ())
            return await reconciling.advance(conn, run, done)


@dataclass
class Away:
    """Can never be asked."""

    neighbour: str = "away"
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def step(self, run: Run) -> Run | None:
        """Say so."""
        self.asked.set()
        raise NotNow("away")


async def test_given_lists_without_an_end_then_each_has_its_turn_again_and_again(
    database, monkeypatch
):
    monkeypatch.setattr(comparing, "PAGES_A_TURN", 3)
    await migrate(database)
    pool = await open_pool(database, application="test")
    steps: list[str] = []
    turn = asyncio.Lock()
    works = [
        asyncio.create_task(
            Reconciler("s", Endless(pool, name, steps), pool, lambda: NOW, time(2), turn=turn).run()
        )
        for name in ("a", "b")
    ]
    try:

        async def enough() -> bool:
            return len(steps) >= 18

        await until(enough)
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        pool.terminate()

    assert "".join(steps[:18]) in ("aaabbb" * 3, "bbbaaa" * 3)


@pytest.mark.parametrize(("hours", "is_told"), [(5, False), (7, True)])
async def test_given_a_run_that_waits_for_hours_then_it_is_told_as_an_error(
    database, hours, is_told
):
    await migrate(database)
    pool = await open_pool(database, application="test")
    async with pool.acquire() as conn:
        await reconciling.start(conn, "away", "all", "a test")
        await conn.execute(
            "UPDATE reconciliation SET started_at = started_at - make_interval(hours => $1)", hours
        )
    away = Away()
    reconciler = Reconciler("s", away, pool, lambda: NOW, time(2))
    with capture_logs() as lines:
        waits = await reconciler._make()
    pool.terminate()

    errors = [one for one in lines if one["log_level"] == "error"]
    assert waits == "waits"
    assert [one["event"] for one in errors] == ["reconciliation_unfinished"] * is_told
