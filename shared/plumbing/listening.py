"""The HTTP server of a process: made one way, and served until it is told to end."""

import asyncio
import contextlib
from functools import partial
from typing import Any, cast

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from plumbing.http_settings import HttpSettings
from plumbing.observing import watched_loop

log = structlog.get_logger()

#: So long an answer under way may take once the server was told to end.
STOP_SECONDS = 5
_PHRASES = {408: "Request Timeout", 431: "Request Header Fields Too Large"}


def http_server(
    app: FastAPI, host: str, port: int, limits: HttpSettings | None = None
) -> uvicorn.Server:
    """Return the server, not yet listening; the process handles its signals itself."""
    bounded = partial(BoundedHttp, limits=limits or HttpSettings())
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=STOP_SECONDS,
            # Whose word counts about a client's address is said by a setting, where it counts.
            proxy_headers=False,
            server_header=False,
            http=cast(type[asyncio.Protocol], bounded),
            ws="none",
        )
    )


async def listen(server: uvicorn.Server) -> bool:
    """Serve until the server should exit; return False, and say so, if its port did not open."""
    async with watched_loop(server.config.app):
        with contextlib.suppress(SystemExit):
            await server._serve()
    if not server.should_exit:
        log.critical("port_not_opened", host=server.config.host, port=server.config.port)
    return bool(server.should_exit)


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 from whoever connects: a request comes in time, and its head is not endless.

    The parser underneath bounds neither.
    """

    def __init__(self, *given: Any, limits: HttpSettings, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limits = limits
        #: Bytes since the parser last gave something on: a head or trailers not yet at their end.
        self._pending = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, but not for ever."""
        super().connection_made(transport)
        self._expect(self._limits.http_head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._expect(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; too many that lead to nothing end the connection."""
        self._pending += len(data)
        super().data_received(data)
        if self._pending > 2 * self._limits.http_max_header_bytes:
            self._refuse(431)

    def on_message_begin(self) -> None:
        """Wait for the head of a request."""
        super().on_message_begin()
        self._expect(self._limits.http_head_seconds)

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        self._pending = 0
        self._expect(self._limits.http_body_seconds)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._pending = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait no more: the request is here."""
        self._pending = 0
        self._expect(None)
        super().on_message_complete()

    def _expect(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._refuse, 408)

    def _refuse(self, status: int) -> None:
        """End the connection; say why where no answer has begun."""
        self._expect(None)
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            answered = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        else:
            answered = False
        if not answered:
            line = f"HTTP/1.1 {status} {_PHRASES[status]}\r\n"
            self.transport.write(f"{line}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        self.transport.close()
