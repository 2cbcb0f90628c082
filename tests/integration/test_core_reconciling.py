"""Runs of comparisons: one a day, one at a time, one replica at a time, from where they were."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from plumbing import reconciling
from plumbing.comparing import NotNow, Reconciler
from plumbing.database import Pool, open_pool
from plumbing.migrating import migrate
from plumbing.reconciling import Compared, Finding, Run
from tests.integration.core_kit import until

#: Two in the morning in Vietnam.
DUE = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)


@dataclass
class Toy:
    """Compares numbers with a neighbour: `pages` of references, each with what differs."""

    pool: Pool
    pages: list[list[Finding]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    is_away: bool = False
    neighbour: str = "register"

    async def step(self, run: Run) -> Run | None:
        """Compare the next page once the gate is open."""
        await self.gate.wait()
        if self.is_away:
            raise NotNow("away")
        number = int(run.position or 0)
        if number == len(self.pages):
            return None
        self.steps.append(str(number))
        references = [f"{number}-{n}" for n in range(3)]
        done = Compared(str(number + 1), references, self.pages[number])
        async with self.pool.acquire() as conn, conn.transaction():
            return await reconciling.advance(conn, run, done)


@dataclass
class Clock:
    """A clock a test sets."""

    now: datetime

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.now


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    await migrate(database)
    opened = await open_pool(database, application="reconciling-core")
    yield opened
    opened.terminate()


def a_reconciler(toy: Toy, now: datetime = DUE) -> Reconciler:
    return Reconciler("registry-sync", toy, toy.pool, Clock(now), time(2))


def an_open_toy(pool: Pool, *pages: list[Finding], neighbour: str = "register") -> Toy:
    toy = Toy(pool, list(pages), neighbour=neighbour)
    toy.gate.set()
    return toy


def differs(reference: str, **more: Any) -> Finding:
    return Finding(reference, "missing_there", "pushed", "unknown", **more)


async def runs(pool: Pool, neighbour: str = "") -> list[Any]:
    async with pool.acquire() as conn:
        return await reconciling.latest(conn, "registry-sync", neighbour, 50)


async def test_given_replicas_that_look_all_day_then_there_is_one_run_a_day(pool: Pool):
    toy = an_open_toy(pool, [])
    replicas = [a_reconciler(toy), a_reconciler(toy)]

    for hours in range(48):
        for one in replicas:
            one.clock = Clock(DUE + timedelta(hours=hours))
            assert not await one._make()

    assert [(run.scope, run.asked_by, run.compared) for run in await runs(pool)] == [
        ("changed", "daily", 3)
    ] * 2


async def test_given_nobody_ran_at_that_time_then_the_run_is_made_up_for(pool: Pool):
    reconciler = a_reconciler(an_open_toy(pool), DUE + timedelta(hours=7))

    await reconciler._make()

    assert len(await runs(pool)) == 1


async def test_given_a_run_is_open_when_another_is_asked_for_then_there_is_none(pool: Pool):
    async with pool.acquire() as conn:
        first = await reconciling.start(conn, "register", "all", "operator")
        second = await reconciling.start(conn, "register", "changed", "operator-2")
        elsewhere = await reconciling.start(conn, "national-portal", "all", "operator")

    assert first is not None
    assert second is None
    assert elsewhere is not None


async def test_given_one_replica_compares_then_another_one_leaves_it_the_run(pool: Pool):
    toy, other = Toy(pool, [[], []]), an_open_toy(pool, [], [])
    at_work = asyncio.create_task(a_reconciler(toy)._make())
    await until(lambda: _is_locked(pool))

    assert not await a_reconciler(other)._make()
    toy.gate.set()
    assert not await at_work

    assert (toy.steps, other.steps) == (["0", "1"], [])


async def test_given_the_replica_at_work_is_killed_then_another_goes_on_at_its_place(pool: Pool):
    toy = an_open_toy(pool, [], [], [])
    async with pool.acquire() as conn:
        await reconciling.start(conn, "register", "all", "operator")
        run = await reconciling.open_run(conn, "register")
    assert run is not None
    await toy.step(run)
    killed = asyncio.create_task(a_reconciler(Toy(pool, [[], [], []]))._make())
    await until(lambda: _is_locked(pool))
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)

    assert not await a_reconciler(toy)._make()

    assert toy.steps == ["0", "1", "2"]
    (made,) = await runs(pool)
    assert (made.scope, made.compared) == ("all", 9)
    assert made.finished_at is not None


async def _is_locked(pool: Pool) -> bool:
    sql = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND granted AND"
    sql += " database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    return bool(await pool.fetchval(sql))


async def test_given_the_neighbour_is_away_then_the_run_waits_and_is_made_once_it_is_back(
    pool: Pool,
):
    toy = an_open_toy(pool, [])
    toy.is_away = True
    reconciler = a_reconciler(toy)
    assert await reconciler._make()
    (waiting,) = await runs(pool)
    toy.is_away = False
    task = asyncio.create_task(reconciler.run())

    async def is_finished() -> bool:
        (run,) = await runs(pool)
        return run.finished_at is not None

    await until(is_finished)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert waiting.finished_at is None


async def test_given_differences_of_two_neighbours_then_each_settles_its_own(pool: Pool):
    async with pool.acquire() as conn:
        for neighbour in ("national-portal", "moj-direct"):
            await reconciling.start(conn, neighbour, "all", "operator")
    first = an_open_toy(pool, [differs("0-1")], neighbour="national-portal")
    second = an_open_toy(pool, [differs("0-1")], neighbour="moj-direct")
    await a_reconciler(first)._make()
    await a_reconciler(second)._make()
    first.pages = [[]]
    async with pool.acquire() as conn:
        await reconciling.start(conn, "national-portal", "all", "operator")

    await a_reconciler(first)._make()

    repaired = {run.neighbour: run.repaired for run in await runs(pool) if run.differences}
    assert repaired == {"national-portal": 1, "moj-direct": 0}


async def test_given_many_differences_then_pages_bring_each_once_by_province_and_unit(pool: Pool):
    found = [
        differs(f"0-{n:03d}", province_code=f"{n % 3:02d}", unit_code=f"{n % 7:05d}")
        for n in range(100)
    ]
    toy = an_open_toy(pool, found)
    await a_reconciler(toy)._make()
    (run,) = await runs(pool)

    pages, after = [], ""
    async with pool.acquire() as conn:
        while True:
            page, after = await reconciling.differences(conn, run.run_id, after, 20)
            pages += page
            if not after:
                break

    places = [(one.province_code, one.unit_code, one.reference) for one in pages]
    assert places == sorted(places)
    assert {one.reference for one in pages} == {one.reference for one in found}
    assert len(pages) == run.differences["missing_there"] == 100


async def test_given_more_neighbours_than_connections_then_all_are_compared(pool: Pool):
    toys = [an_open_toy(pool, [], [], neighbour=f"portal-{n}") for n in range(20)]

    turn = asyncio.Lock()
    replicas = [replace(a_reconciler(toy), turn=turn) for toy in toys]
    tasks = [asyncio.create_task(one.run()) for one in replicas]

    async def are_finished() -> bool:
        sql = "SELECT count(*) = 20 FROM reconciliation WHERE finished_at IS NOT NULL"
        return bool(await pool.fetchval(sql))

    await until(are_finished, 15)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert {run.compared for run in await runs(pool)} == {6}


async def test_given_no_run_of_that_id_then_there_is_nothing_to_read(pool: Pool):
    async with pool.acquire() as conn:
        assert await reconciling.read(conn, "registry-sync", uuid4()) is None
