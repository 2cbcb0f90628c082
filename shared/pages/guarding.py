"""What stands around every page: its security headers, and a page for what nobody foresaw."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from pages.problems import PageProblem
from plumbing.database import passing
from plumbing.logs import describe, where

log = structlog.get_logger()

#: A page loads from its own service alone, runs no script of another, stands in no frame and is
#: kept by nobody on the way.
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; connect-src 'self'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


class Guard:
    """Gives every answer the headers it lacks; answers an unforeseen error with a page."""

    def __init__(
        self, app: Any, on_problem: Callable[[Request, Exception], Awaitable[Response]]
    ) -> None:
        self._app, self._on_problem = app, on_problem

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = False

        async def guarded(message: Any) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception as error:  # whatever it is, the person is told, and no value is shown
            if began:
                raise
            response = await self._on_problem(Request(scope, receive), _unforeseen(error))
            await response(scope, receive, guarded)


def _unforeseen(error: Exception) -> PageProblem:
    if passing(error):
        log.warning("request_waits_for_database", error=describe(error))
        return PageProblem(503, "problem.try_again", {"retry-after": "2"})
    log.error("request_failed", error=describe(error), traceback=where(error))
    return PageProblem(500, "problem.internal")
