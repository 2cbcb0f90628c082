"""What one connection may do: be idle, be slow, say odd things; nothing of it lasts for ever."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from plumbing import listening
from plumbing.http_settings import HttpSettings
from plumbing.serving import Health, make_app
from tests.security.kit import served

#: One request at a time shows when one never ends.
LIMITS = HttpSettings(http_head_seconds=0.5, http_body_seconds=0.5, http_max_requests=1)
LARGE = b"x" * 24_000_000
LIVE = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
NOTHING = b"POST /no-such-thing HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n"


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(listening, "KEEP_ALIVE_SECONDS", 0.3)
    app = make_app("demo", Health(), LIMITS)
    _add(app)
    async with served(app, LIMITS) as url:
        yield int(url.rpartition(":")[2])


def _add(app: FastAPI) -> None:
    @app.get("/v1/large")
    async def large() -> StreamingResponse:
        return StreamingResponse(iter([LARGE, b"end"]))

    @app.get("/v1/slow")
    async def slow() -> int:
        await asyncio.sleep(2 * LIMITS.http_body_seconds)
        return 1

    @app.post("/v1/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())


async def said(port: int, *pieces: bytes) -> bytes:
    """Return all that is answered until the server hangs up; each piece goes upon an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = b""
    try:
        async with asyncio.timeout(10):
            for n, piece in enumerate(pieces):
                answered += await reader.read(65_536) if n else b""
                writer.write(piece)
            return answered + await reader.read()
    except ConnectionError:
        return answered
    finally:
        writer.close()


async def status_of(port: int, path: str) -> bytes:
    return (await said(port, f"GET {path} HTTP/1.1\r\nconnection: close\r\n\r\n".encode()))[9:12]


# --- idle


def test_a_proxy_that_keeps_a_connection_for_a_minute_is_the_first_to_close_it() -> None:
    server = listening.http_server(make_app("demo", Health(), LIMITS), "127.0.0.1", 0, LIMITS)

    assert server.config.timeout_keep_alive > 60


@pytest.mark.parametrize(
    ("before", "after"),
    [(LIVE, b"\r\n"), (NOTHING, b"12345")],
    ids=["an empty line", "the body of what was answered"],
)
async def test_given_bytes_that_are_no_request_when_all_is_answered_then_the_connection_ends(
    port: int, before: bytes, after: bytes
) -> None:
    assert (await said(port, before, after)).count(b"HTTP/1.1 ") == 1


async def test_given_an_early_answer_when_the_body_never_comes_then_it_is_the_only_answer(
    port: int,
) -> None:
    answered = await said(port, NOTHING, b"123")

    assert answered.startswith(b"HTTP/1.1 404")
    assert answered.count(b"HTTP/1.1 ") == 1


async def test_given_two_requests_at_once_then_no_word_about_the_second_answers_the_first(
    port: int,
) -> None:
    second = b"POST /v1/raw HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc"

    assert await said(port, b"GET /v1/slow HTTP/1.1\r\nhost: x\r\n\r\n" + second) == b""


# --- slow


async def test_given_a_client_that_never_takes_its_answer_then_it_holds_nobody_up(
    port: int,
) -> None:
    deaf = _deaf(port)
    try:
        await asyncio.get_running_loop().sock_sendall(deaf, b"GET /v1/large HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(10):
            while await status_of(port, "/none") != b"503":
                await asyncio.sleep(0.01)
            while await status_of(port, "/none") == b"503":
                await asyncio.sleep(0.05)
    finally:
        deaf.close()


async def test_given_a_client_that_takes_its_answer_slowly_then_it_gets_all_of_it(
    port: int,
) -> None:
    # On a busy machine this client, too, may be given no time for so long that it is cut off.
    for _ in range(4):
        if (await _taken_slowly(port)).endswith(b"3\r\nend\r\n0\r\n\r\n"):
            return
    pytest.fail("it was cut off each time")


async def _taken_slowly(port: int) -> bytes:
    slow, loop, taken = _deaf(port), asyncio.get_running_loop(), b""
    try:
        await loop.sock_sendall(slow, b"GET /v1/large HTTP/1.1\r\nconnection: close\r\n\r\n")
        began = loop.time()
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionError):
                while piece := await loop.sock_recv(slow, 1_000_000):
                    taken += piece
                    if loop.time() - began < 3 * LIMITS.http_body_seconds:
                        await asyncio.sleep(0.02)
    finally:
        slow.close()
    return taken


def _deaf(port: int) -> socket.socket:
    """Return a connection that keeps little of what it has not read."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    deaf.connect(("127.0.0.1", port))
    deaf.setblocking(False)
    return deaf


# --- odd


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"GET /health/live HTTP/1.0\r\n\r\n", b"200"),
        (b"GET http://elsewhere.example/health/live HTTP/1.1\r\nhost: x\r\n\r\n", b"200"),
        (b"HEAD /health/live HTTP/1.1\r\nhost: x\r\n\r\n", b"405"),
        (b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", b"404"),
        (b"CONNECT elsewhere.example:443 HTTP/1.1\r\nhost: x\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (
            b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n"
            b"upgrade: websocket\r\nsec-websocket-key: eA==\r\nsec-websocket-version: 13\r\n\r\n",
            b"200",
        ),
        (
            b"POST /v1/raw HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n"
            b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"400",
        ),
        (b"POST /v1/raw HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", b"400"),
        (b"GET /health/live HTTP/1.1\nhost: x\n\n", b"400"),
        (b"GET /health/live HTTP/1.1\r\nx : y\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00", b"400"),
    ],
)
async def test_given_what_no_browser_says_then_it_is_answered_once_and_the_service_goes_on(
    port: int, asked: bytes, status: bytes
) -> None:
    answered = await said(port, asked)

    assert answered[9:12] == status, answered[:200]
    assert answered.count(b"HTTP/1.1 ") == 1
    assert await status_of(port, "/health/live") == b"200"
