"""A register that says what a test tells it to: for what the sandbox's register never says."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
from aiohttp import web

from contracts.model import VIETNAM
from registry_sync.register import Register

TAKEN_BEFORE = {"status": "0", "errorDescription": "Hồ sơ X đã được tiếp nhận"}


def shown(at: datetime) -> str:
    """Return the moment as the register writes it."""
    return at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")


@dataclass
class RegisterDouble:
    """Answers a push with `answer` and a question with the states of the province asked for.

    A question about one of `spoilt` is answered with the body it stands for, or that HTTP status;
    one about a province of `silent` with 500.
    """

    answer: Any = field(default_factory=lambda: TAKEN_BEFORE)
    states: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pushes: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    push_status: int = 200
    results_status: int = 200
    spoilt: dict[str, Any] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    async def push(self, request: web.Request) -> web.Response:
        """Take a push."""
        self.pushes.append(await request.json())
        return web.json_response(self.answer, status=self.push_status)

    async def results(self, request: web.Request) -> web.Response:
        """Answer a question."""
        question = await request.json()
        self.asked.append(question["maTinh"])
        known = self.states.get(question["maTinh"], [])
        value = [one for one in known if one["maHoSoMCDT"] in question["maDinhDanhHoSo"]]
        for code in self.spoilt.keys() & set(question["maDinhDanhHoSo"]):
            if isinstance(self.spoilt[code], int):
                return web.json_response({}, status=self.spoilt[code])
            return web.json_response(self.spoilt[code])
        if question["maTinh"] in self.silent:
            return web.json_response({}, status=500)
        body = {"status": "1", "value": value}
        return web.json_response(body, status=self.results_status)


@contextlib.asynccontextmanager
async def serving(double: RegisterDouble) -> AsyncIterator[Register]:
    """Give a client of the register while it answers."""
    app = web.Application()
    app.router.add_post("/NhanDKHT", double.push)
    app.router.add_post("/LayKetQua", double.results)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Register(session, f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()
