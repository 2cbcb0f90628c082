"""The HTTP side every service has: health by progress, metrics, problems, tokens."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

from contracts.portal import Problem, problem_document
from plumbing.database import passing
from plumbing.logs import describe, where
from plumbing.tokens import Client, IssuerAway, TokenVerifier, Unauthenticated

log = structlog.get_logger()

MAX_BODY_BYTES = 1024 * 1024
MOST_SWALLOWED_BYTES = 32 * MAX_BODY_BYTES
_TYPES = "https://hotich.example/problems/"


class ProblemRaised(Exception):
    """An HTTP answer that is a problem document (RFC 9457)."""

    def __init__(
        self,
        status: int,
        name: str,
        title: str,
        detail: str,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(name)
        self.headers = headers or {}
        errors = extra.pop("errors", ())
        self.problem = Problem(
            type=_TYPES + name, title=title, status=status, detail=detail, errors=errors
        )
        self.extra = extra


def problem_response(raised: ProblemRaised) -> JSONResponse:
    """Return the problem as `application/problem+json`."""
    document = problem_document(raised.problem) | raised.extra
    return JSONResponse(
        document,
        raised.problem.status,
        raised.headers,
        media_type="application/problem+json",
    )


class Health:
    """Whether the process makes progress (live) and may be given work (ready)."""

    def __init__(self) -> None:
        self.live: Callable[[], str | None] = lambda: None
        self.ready: Callable[[], Awaitable[str | None]] = self._never

    @staticmethod
    async def _never() -> str | None:
        return "starting"


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


_TOO_LARGE = (413, "body-too-large", "Body too large", f"At most {MAX_BODY_BYTES} bytes are read.")


def _too_large() -> JSONResponse:
    return problem_response(ProblemRaised(*_TOO_LARGE))


def make_app(title: str, health: Health) -> FastAPI:
    """Return an app with `/health/live`, `/health/ready`, `/metrics` and problem answers."""
    app = FastAPI(title=title, version="1", docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit)
    app.add_middleware(RelativeRedirects)
    app.add_exception_handler(ProblemRaised, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)

    @app.get("/health/live", include_in_schema=False)
    async def live() -> JSONResponse:
        reason = health.live()
        return JSONResponse({"live": reason is None, "reason": reason}, 503 if reason else 200)

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> JSONResponse:
        reason = await health.ready()
        answer = {"ready": reason is None, "reason": reason, "pid": os.getpid()}
        return JSONResponse(answer, 503 if reason else 200)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


async def authenticate(request: Request, verifier: TokenVerifier, scope: str) -> Client:
    """Return the caller; raises a 401, 403 or 503 problem."""
    try:
        client = await verifier.verify(request.headers.get("authorization"))
    except Unauthenticated as error:
        challenge = {"www-authenticate": f'Bearer error="invalid_token", scope="{scope}"'}
        raise ProblemRaised(
            401, "unauthenticated", "Token not valid", error.reason, challenge
        ) from None
    except IssuerAway:
        raise ProblemRaised(
            503, "issuer-away", "Token issuer away", "Try again.", {"retry-after": "2"}
        ) from None
    if scope not in client.scopes:
        raise ProblemRaised(403, "scope-missing", "Not allowed", f"The token lacks {scope}.")
    return client


async def _on_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemRaised)
    return problem_response(error)


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = tuple(
        {
            "field": ".".join(str(part) for part in item["loc"][1:]),
            "rule": item["type"],
            "detail": _in_words(item),
            "source": "OpenAPI",
        }
        for item in error.errors()
    )
    return problem_response(
        ProblemRaised(422, "invalid-request", "Invalid request", "See errors.", errors=errors)
    )


def _in_words(error: Mapping[str, Any]) -> str:
    """Return what is wrong and what is allowed; never what was given."""
    allowed = [
        f"{value}"
        for name, value in error.get("ctx", {}).items()
        if name in ("expected", "ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
    ]
    return ": ".join([error["type"].replace("_", " "), *allowed])


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem_response(
        ProblemRaised(
            error.status_code,
            "http",
            "Request not served",
            str(error.detail),
            dict(error.headers or {}),
        )
    )


async def _on_bug(_: Request, error: Exception) -> JSONResponse:
    if passing(error):
        log.warning("request_waits_for_database", error=describe(error))
        return problem_response(
            ProblemRaised(503, "try-again", "Try again", "Hệ thống tạm bận.", {"retry-after": "2"})
        )
    log.error("request_failed", error=describe(error), traceback=where(error))
    return problem_response(
        ProblemRaised(500, "internal", "Internal error", "The request was not carried out.")
    )
