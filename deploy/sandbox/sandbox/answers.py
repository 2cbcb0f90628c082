"""What all played systems share over HTTP: bodies in, problems out, secrets compared."""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")

compact_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))


class Refused(Exception):
    """The caller is answered with this response and nothing was done."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


def answer(body: object, *, status: int = 200) -> web.Response:
    """Return a JSON response."""
    return web.json_response(body, status=status, dumps=compact_json)


def problem(
    status: int, title: str, detail: str, errors: Sequence[dict[str, str]] = ()
) -> web.Response:
    """Return an RFC 9457 problem; `errors` name each field at fault."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    body["detail"] = detail
    if errors:
        body["errors"] = list(errors)
    response = answer(body, status=status)
    response.content_type = "application/problem+json"
    return response


def refused(status: int, title: str, detail: str, **faulty: str) -> Refused:
    """Return the refusal to raise; `faulty` maps each field at fault to what is wrong with it."""
    errors = [{"field": field, "detail": wrong} for field, wrong in faulty.items()]
    return Refused(problem(status, title, detail, errors))


async def read_object(request: web.Request) -> dict[str, Any]:
    """Return the JSON object in the body; raises Refused with 400 when there is none."""
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refused(400, "Malformed body", "the body must be one JSON object in UTF-8")
    return body


def read_basic(request: web.Request) -> tuple[str, str] | None:
    """Return user and password of a Basic Authorization header, None without a readable one."""
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        plain = base64.b64decode(coded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, password = plain.partition(":")
    return (user, password) if colon else None


def is_same(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


@web.middleware
async def answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn Refused and the router's own errors into problem responses."""
    try:
        return await handler(request)
    except Refused as refusal:
        return refusal.response
    except web.HTTPException as trouble:
        if trouble.status < 400:
            raise
        return problem(trouble.status, trouble.reason, f"{request.method} {request.path}")
