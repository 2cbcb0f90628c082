"""The register's answers, also odd ones: each harms nobody but its own dossier."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web

import reference
import registry_sync
from contracts.decision import Context
from plumbing.applying import Part
from plumbing.database import Pool, open_pool
from plumbing.migrating import migrate
from plumbing.valves import Valves
from registry_sync.domain import RULES
from registry_sync.polling import RESULTS, RESULTS_LIMIT, Poller
from registry_sync.register import Register
from registry_sync.registration import Registration
from registry_sync.store import RegistrationStore
from tests.integration.core_kit import NOW, RING, until
from tests.integration.register_double import RegisterDouble, serving

GOOD = {"ngayDangKy": "24.11.2026", "soDangKy": "7", "quyenSo": "01/2026"}
ODD: dict[str, dict[str, Any]] = {
    "a book line that is a list": {"ketQuaXuLy": [1]},
    "no book line": {"ketQuaXuLy": None},
    "no book": {"ketQuaXuLy": {"ngayDangKy": "24.11.2026", "soDangKy": "7"}},
    "a day that is none": {"ketQuaXuLy": GOOD | {"ngayDangKy": "31.02.2026"}},
    "a year beyond all": {"ketQuaXuLy": GOOD | {"ngayDangKy": f"01.01.{'9' * 20}"}},
    "a number too long": {"ketQuaXuLy": GOOD | {"soDangKy": "7" * 100}},
    "no dossier code": {"maHoSoMCDT": None},
    "a code nobody asked for": {"maHoSoMCDT": "H29.26734-261124-9999"},
}


class PlayedRegister:
    """Answers every question: registered, with changes for one dossier."""

    def __init__(self, odd_code: str, changes: dict[str, Any]) -> None:
        self._odd_code, self._changes = odd_code, changes

    async def answer(self, request: web.Request) -> web.Response:
        asked = (await request.json())["maDinhDanhHoSo"]
        value = [
            {"maHoSoMCDT": code, "trangThai": 4, "ketQuaXuLy": GOOD}
            | (self._changes if code == self._odd_code else {})
            for code in asked
        ]
        return web.json_response({"status": "1", "value": value})


@contextlib.asynccontextmanager
async def polling(database: str, changes: dict[str, Any]) -> AsyncIterator[Pool]:
    """Give a pool while six pushed dossiers are polled for; one gets the changed answer."""
    pool = await a_pool(database)
    store = RegistrationStore(RING)
    codes = [f"H29.26734-261124-{number:04d}" for number in range(6)]
    async with pool.acquire() as conn, conn.transaction():
        rows = [Registration(uuid4(), c, "pushed", "26734", "79", "1.001193", NOW) for c in codes]
        await store.save(conn, rows)
    app = web.Application()
    app.router.add_post("/LayKetQua", PlayedRegister(codes[0], changes).answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as session, polled(pool, Register(session, url)):
        yield pool
    await runner.cleanup()
    pool.terminate()


async def a_pool(database: str) -> Pool:
    """Return connections to the database, with the tables there."""
    await migrate(database, Path(registry_sync.__file__).parent / "migrations")
    return await open_pool(database, application="polling")


@contextlib.asynccontextmanager
async def polled(pool: Pool, register: Register) -> AsyncIterator[None]:
    """Poll the register meanwhile."""
    known = reference.load()
    part = Part("registry-sync", RULES, RegistrationStore(RING), lambda now: Context(now, known))
    running = SimpleNamespace(
        pool=pool,
        keys=RING,
        clock=lambda: datetime.now(UTC),
        wake=lambda: None,
        valves=Valves({RESULTS: RESULTS_LIMIT}),
    )
    task = asyncio.create_task(Poller(running, part, register).run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_given_a_province_that_does_not_know_it_any_more_then_the_one_that_goes_on_is_asked(
    database: str,
):
    told, moved, unknown = (f"H29.26734-261124-{number:04d}" for number in range(3))
    line = {"trangThai": 4, "ketQuaXuLy": GOOD}
    states = {
        "79": [{"maHoSoMCDT": told} | line],
        "48": [{"maHoSoMCDT": moved} | line],
    }
    double = RegisterDouble(states=states)
    pool = await a_pool(database)
    rows = [
        Registration(
            *(uuid4(), code, "pushed", "20194", "48", "1.001193", NOW),
            told_unit="26734",
            told_province="79",
        )
        for code in (told, moved, unknown)
    ]
    store = RegistrationStore(RING)
    async with pool.acquire() as conn, conn.transaction():
        await store.save(conn, rows)

    async with serving(double) as register, polled(pool, register):
        await until(lambda: _count(pool, 2), 10)
        await until(lambda: _polled_again(pool), 10)

    assert double.asked[:2] == ["79", "48"]
    assert await registered(pool) == 2
    pool.terminate()


async def test_given_a_dossier_that_spoils_the_whole_answer_then_the_others_are_registered(
    database: str,
):
    codes = [f"H29.26734-261124-{number:04d}" for number in range(6)]
    line = {"trangThai": 4, "ketQuaXuLy": GOOD}
    double = RegisterDouble(
        states={"79": [{"maHoSoMCDT": code} | line for code in codes]},
        spoilt={codes[2]: {"status": "0", "statusDescription": "Lỗi"}},
    )
    pool = await a_pool(database)
    rows = [Registration(uuid4(), c, "pushed", "26734", "79", "1.001193", NOW) for c in codes]
    async with pool.acquire() as conn, conn.transaction():
        await RegistrationStore(RING).save(conn, rows)

    async with serving(double) as register, polled(pool, register):
        await until(lambda: _count(pool, 5), 10)

    pool.terminate()


async def registered(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM registration WHERE status = 'registered'"))


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
async def test_given_one_odd_answer_when_polled_then_the_others_are_registered(
    database: str, changes: dict[str, Any]
):
    async with polling(database, changes) as pool:
        await until(lambda: _count(pool, 5), 10)
        await until(lambda: _polled_again(pool), 10)

        assert await registered(pool) == 5


@pytest.mark.parametrize("book", ["01/2026-ĐKKS", "Q.3", "01-TP/HT-2015-GH"])
async def test_given_a_book_as_registers_name_it_when_polled_then_it_is_taken(
    database: str, book: str
):
    async with polling(database, {"ketQuaXuLy": GOOD | {"quyenSo": book}}) as pool:
        await until(lambda: _count(pool, 6), 10)


async def _count(pool: Pool, count: int) -> bool:
    return await registered(pool) == count


async def _polled_again(pool: Pool) -> bool:
    sql = "SELECT max(polls) FROM registration WHERE status = 'pushed'"
    return int(await pool.fetchval(sql)) >= 2
