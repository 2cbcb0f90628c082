"""The first thing a request meets: limits of its shape and number, headers of every answer."""

import math
from collections.abc import Mapping
from typing import Any, Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from plumbing.addresses import client_address, networks
from plumbing.http_settings import HttpSettings
from plumbing.problems import ANSWER_HEADERS, ProblemRaised, problem_response
from plumbing.rates import Rates
from plumbing.tokens import Client

log = structlog.get_logger()

#: Answered however much is under way: whoever watches has to see it.
_ALWAYS: Final = ("/health/live", "/health/ready", "/metrics")
_SCOPE: Final = "hotich.gate"
_A_YEAR: Final = 365 * 86_400
#: Of what is refused again and again one line is written in so many seconds.
_TOLD_SECONDS: Final = 10

_URL = (414, "url-too-long", "Address too long")
_HEAD = (431, "headers-too-large", "Headers too large")
_BUSY = (503, "busy", "Too much at once", "Try again.", {"retry-after": "1"})


class Limits:
    """What one process counts of its clients."""

    def __init__(self, settings: HttpSettings) -> None:
        self._trusted = networks(settings.trusted_proxies)
        self._clients = Rates(settings.http_client_rate, settings.http_client_burst)
        failures, sign_ins = settings.http_failures_per_minute, settings.http_sign_ins_per_minute
        self._failures = Rates(failures / 60, failures)
        self._sign_ins = Rates(sign_ins / 60, sign_ins)
        self._told = Rates(1 / _TOLD_SECONDS, 1)

    def came(self, client: Client) -> None:
        """Count a request of that client; raises a 429 problem when there are too many.

        People who come by one client are counted each for themselves.
        """
        who = (client.client_id, str(client.claims.get("sub")))
        self._wait(self._clients.take(who), "client", client.client_id)

    def failed(self, request: Request) -> None:
        """Count a token that was not believed; raises a 429 problem when there are too many.

        Good tokens of the same network are heard on: nobody shuts out a neighbour.
        """
        self._wait(self._failures.take(client_address(request, self._trusted)), "failures")

    def signs_in(self, request: Request) -> float:
        """Count a step of a sign-in; return 0, or the seconds to wait when there are too many."""
        wait = self._sign_ins.take(client_address(request, self._trusted))
        if wait and self.may_tell("sign_ins"):
            log.warning("client_too_fast", kind="sign_ins")
        return wait

    def may_tell(self, *what: str) -> bool:
        """Return whether that may be written to the log: not as often as it happens."""
        return not self._told.take(what)

    def _wait(self, seconds: float, kind: str, client: str = "") -> None:
        if not seconds:
            return
        if self.may_tell(kind, client):
            log.warning("client_too_fast", kind=kind, client=client)
        raise ProblemRaised(
            429, "too-many-requests", "Too many requests", "Slow down.", seconds_header(seconds)
        )


def limits_of(request: Request) -> Limits | None:
    """Return the limits of the process that serves the request; None outside of one."""
    found: Limits | None = request.scope.get(_SCOPE)
    return found


def seconds_header(wait: float) -> dict[str, str]:
    """Return the header that says when to come again."""
    return {"retry-after": str(max(1, math.ceil(wait)))}


class Gate:
    """Refuses what is too large or too much before anything is read; dresses every answer."""

    def __init__(self, app: Any, settings: HttpSettings) -> None:
        self._app, self._settings = app, settings
        self._limits, self._under_way = Limits(settings), 0
        self._headers: Mapping[str, str] = dict(ANSWER_HEADERS)
        if settings.public_url.startswith("https:"):
            self._headers |= {"strict-transport-security": f"max-age={_A_YEAR}; includeSubDomains"}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await problem_response(refused)(scope, receive, dressed)
            return
        self._under_way += 1
        try:
            await self._app({**scope, _SCOPE: self._limits}, receive, dressed)
        finally:
            self._under_way -= 1

    def _refused(self, scope: Any) -> ProblemRaised | None:
        limits, headers = self._settings, scope["headers"]
        asked = len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b""))
        if asked > limits.http_max_url_bytes:
            return ProblemRaised(*_URL, f"At most {limits.http_max_url_bytes} bytes.")
        size = sum(len(name) + len(value) for name, value in headers)
        if len(headers) > limits.http_max_headers or size > limits.http_max_header_bytes:
            most = f"At most {limits.http_max_headers}, of {limits.http_max_header_bytes} bytes."
            return ProblemRaised(*_HEAD, most)
        if self._under_way >= limits.http_max_requests and scope["path"] not in _ALWAYS:
            if self._limits.may_tell("busy"):
                log.warning("too_much_at_once", count=self._under_way)
            return ProblemRaised(*_BUSY)
        return None
