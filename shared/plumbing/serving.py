"""The HTTP side every service has: health by progress, metrics, problems, tokens."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from plumbing.database import passing
from plumbing.documents import with_problems
from plumbing.gate import Gate, limits_of
from plumbing.http_settings import HttpSettings
from plumbing.logs import describe, where
from plumbing.observing import Measured, Named
from plumbing.problems import ProblemRaised, problem_response
from plumbing.requests import BodyLimit, RelativeRedirects, StrictRoute
from plumbing.tokens import Client, IssuerAway, TokenVerifier, Unauthenticated

__all__ = ["Health", "ProblemRaised", "authenticate", "make_app", "problem_response"]

log = structlog.get_logger()


class Health:
    """Whether the process makes progress (live) and may be given work (ready)."""

    def __init__(self) -> None:
        self.live: Callable[[], str | None] = lambda: None
        self.ready: Callable[[], Awaitable[str | None]] = self._never

    @staticmethod
    async def _never() -> str | None:
        return "starting"


def make_app(title: str, health: Health, limits: HttpSettings | None = None) -> FastAPI:
    """Return an app with `/health/live`, `/health/ready`, `/metrics` and problem answers.

    Without `limits` those of the environment hold. No page describes or tries out the API.
    """
    limits = limits or HttpSettings()
    app = FastAPI(
        title=title,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if limits.http_openapi else None,
    )
    app.openapi = with_problems(app)  # type: ignore[method-assign]
    app.router.route_class = StrictRoute
    app.add_middleware(Named)
    app.add_middleware(BodyLimit)
    app.add_middleware(RelativeRedirects)
    app.add_middleware(Gate, settings=limits)
    app.add_middleware(Measured, service=title)
    app.add_exception_handler(ProblemRaised, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_gone)
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
    """Return the caller; raises a 401, 403, 429 or 503 problem."""
    limits = limits_of(request)
    try:
        client = await verifier.verify(_authorization(request))
    except Unauthenticated as error:
        if limits is not None:
            limits.failed(request)
        # No code where nothing was given; source: RFC 6750, 3.1.
        code = "" if error.reason == "token_missing" else 'error="invalid_token", '
        challenge = {"www-authenticate": f'Bearer {code}scope="{scope}"'}
        raise ProblemRaised(
            401, "unauthenticated", "Token not valid", error.reason, challenge
        ) from None
    except IssuerAway:
        raise ProblemRaised(
            503, "issuer-away", "Token issuer away", "Try again.", {"retry-after": "2"}
        ) from None
    if limits is not None:
        limits.came(client)
    if scope not in client.scopes:
        challenge = {"www-authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
        detail = f"The token lacks {scope}."
        raise ProblemRaised(403, "scope-missing", "Not allowed", detail, challenge)
    return client


def _authorization(request: Request) -> str | None:
    """Return the one header a token may come in; raises Unauthenticated when there is more.

    An address is kept by proxies and browsers. Source: RFC 6750, 2; RFC 9700, 4.3.2.
    """
    if "access_token" in request.query_params:
        raise Unauthenticated("token_in_address")
    given = request.headers.getlist("authorization")
    if len(given) > 1:
        raise Unauthenticated("token_given_twice")
    return given[0] if given else None


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


async def _on_gone(_: Request, __: Exception) -> Response:
    # Nobody hears it: the client went away, or was too slow.
    return Response(status_code=400)


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
