"""What a request goes through on its way to a route: its body bounded, and read strictly."""

from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders

from plumbing.problems import ProblemRaised, problem_response
from plumbing.strict_json import MOST_DEPTH, MOST_VALUES, BrokenJson, read_json

MAX_BODY_BYTES: Final = 1024 * 1024
MOST_SWALLOWED_BYTES: Final = 32 * MAX_BODY_BYTES


class BodyLimit:
    """Refuses bodies over the limit with 413, whether their length is declared or not."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
            await _swallow(receive)
            await _too_large()(scope, receive, send)
            return
        taken = 0

        async def counted() -> Any:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY_BYTES:
                raise ProblemRaised(*_TOO_LARGE)
            return message

        await self._app(scope, counted, send)


class RelativeRedirects:
    """Redirects to the way a path is written within this service, whatever the host is said to be.

    Behind a proxy the host and the scheme that reach us need not be those of the browser.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def relative(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 307:
                headers = MutableHeaders(scope=message)
                url = urlsplit(headers["location"])
                # Two slashes at the beginning would name a host again.
                path = f"/{url.path.lstrip('/')}"
                headers["location"] = urlunsplit(("", "", path, url.query, ""))
            await send(message)

        await self._app(scope, receive, relative if scope["type"] == "http" else send)


async def _swallow(receive: Any) -> None:
    """Read a body that is too large, within reason: a client cut off does not see the answer."""
    taken = 0
    while taken < MOST_SWALLOWED_BYTES:
        message = await receive()
        taken += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


_BROKEN = {
    "syntax": "The body is no JSON.",
    "twice": "An object of the body names a member twice.",
    "bounds": f"At most {MOST_DEPTH} levels, {MOST_VALUES} values and finite numbers are read.",
}
_TOO_LARGE = (413, "body-too-large", "Body too large", f"At most {MAX_BODY_BYTES} bytes are read.")


def _too_large() -> JSONResponse:
    return problem_response(ProblemRaised(*_TOO_LARGE))


class StrictRoute(APIRoute):
    """Reads the JSON body of an operation strictly before anybody else reads it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which answers a body that is no JSON with a 400 problem."""
        handler = super().get_route_handler()
        if self.body_field is None:
            return handler

        async def strict(request: Request) -> Response:
            body = await request.body()
            try:
                if body:
                    read_json(body)
            except BrokenJson as error:
                detail = _BROKEN[error.why]
                raise ProblemRaised(400, "broken-json", "Broken JSON", detail) from None
            return await handler(request)

        return strict
