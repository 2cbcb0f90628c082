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
#: A proxy keeps a connection for about a minute: whoever closes first must be the proxy, or a
#: request it sends in that moment is lost and its sender sees a 502.
KEEP_ALIVE_SECONDS = 75
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
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
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
    """HTTP/1.1 from whoever connects: requests come and answers are taken in time, heads end.

    The parser underneath bounds nothing of that.
    """

    def __init__(self, *given: Any, limits: HttpSettings, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limits = limits
        #: Bytes since the parser last gave something on: a head or trailers not yet at their end.
        self._pending = 0
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, but not for ever."""
        super().connection_made(transport)
        self._expect(self._limits.http_head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._expect(None)
        self._forget_unread()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; too many that lead to nothing end the connection."""
        self._pending += len(data)
        super().data_received(data)
        if self._pending > 2 * self._limits.http_max_header_bytes:
            self._refuse(431)
        elif self._is_idle():
            # An empty line, or the rest of a body answered early: still nobody's request.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _is_idle(self) -> bool:
        """Return whether nothing is awaited of the client, and nothing ends the connection."""
        answered = self.cycle is not None and self.cycle.response_complete
        waits = self._timer is not None or self.timeout_keep_alive_task is not None
        return answered and not waits and not self.transport.is_closing()

    def pause_writing(self) -> None:
        """Wait for the client to take what it was answered, but not for ever."""
        super().pause_writing()
        self._expect_taken()

    def resume_writing(self) -> None:
        """Wait no more: the client took it."""
        self._forget_unread()
        super().resume_writing()

    def _expect_taken(self) -> None:
        self._forget_unread()
        seconds, left = self._limits.http_body_seconds, self.transport.get_write_buffer_size()
        self._unread = self.loop.call_later(seconds, self._taken, left)

    def _taken(self, left: int) -> None:
        """End the connection unless something was taken meanwhile; a slow one may go on."""
        if self.transport.get_write_buffer_size() < left:
            self._expect_taken()
        else:
            self.transport.abort()

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
        self._unread = None

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
        answered, cycle = False, self.cycle
        if cycle is not None and cycle.response_complete:
            # Answered before its body was there: a second answer would be taken for the next one's.
            answered = cycle.more_body
        elif cycle is not None:
            # Of requests sent one upon the other the answer to an earlier one may have begun.
            answered = cycle.response_started or bool(self.pipeline)
            cycle.disconnected = True
            cycle.message_event.set()
        if not answered:
            line = f"HTTP/1.1 {status} {_PHRASES[status]}\r\n"
            self.transport.write(f"{line}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        self.transport.close()
