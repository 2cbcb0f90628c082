"""What we ask of neighbours goes to them alone, and what they answer is bounded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from plumbing.bodies import document, whole
from plumbing.calls import Call
from registry_sync.register import Register, RegisterAway
from tests.unit.pages_kit import listening


@asynccontextmanager
async def answering(answer: Any) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve that answer to everything meanwhile; gives the address and what was asked."""
    asked: list[str] = []

    async def take(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        made: web.StreamResponse = answer()
        return made

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    with listening() as (listener, url):
        await web.SockSite(runner, listener).start()
        try:
            yield url, asked
        finally:
            await runner.cleanup()


async def _begun() -> None:
    return None


def a_call() -> Call:
    return Call(
        UUID(int=1), UUID(int=2), "push", b"{}", 1, False, timedelta(0), False, begin=_begun
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_given_the_register_sends_us_elsewhere_then_nobody_there_learns_anything(
    status: int,
) -> None:
    async with answering(lambda: web.json_response({"status": "1", "value": []})) as (there, heard):

        def elsewhere() -> web.Response:
            return web.Response(status=status, headers={"location": f"{there}/taken"})

        async with answering(elsewhere) as (url, asked), aiohttp.ClientSession() as session:
            register = Register(session, url)
            with pytest.raises(RegisterAway):
                await register.results(["H29.26737-261123-0001"], "79", "1.001193")
            told = await register._tell(a_call(), {"hoTen": "Nguyễn Thị Thử Nghiệm"})

    assert asked == ["/LayKetQua", "/NhanDKHT"]
    assert heard == []
    assert told.outcome == "unknown"


@pytest.mark.parametrize(
    "body",
    [b'{"status":' + b"[" * 200_000, b'{"status": "1"', b"\xff\xfe", b""],
    ids=["deep", "cut", "no text", "empty"],
)
async def test_given_results_nobody_can_read_then_the_register_is_away(body: bytes) -> None:
    async with (
        answering(lambda: web.Response(body=body)) as (url, _),
        aiohttp.ClientSession() as session,
    ):
        with pytest.raises(RegisterAway):
            await Register(session, url).results(["H29.26737-261123-0001"], "79", "1.001193")


async def test_given_an_answer_without_an_end_then_it_is_read_to_its_limit_alone() -> None:
    def long() -> web.Response:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(1_000):
                yield b"x" * 10_000

        return web.Response(body=pieces())

    async with answering(long) as (url, _), aiohttp.ClientSession() as session:
        for read in (whole, document):
            async with session.get(url) as response:
                with pytest.raises(ValueError, match="too long"):
                    await read(response, 50_000)
