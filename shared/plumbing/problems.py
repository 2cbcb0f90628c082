"""Answers that are problem documents (RFC 9457), and the headers every answer has."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi.responses import JSONResponse

from contracts.portal import Problem, problem_document

_TYPES = "https://hotich.example/problems/"

#: An answer loads and runs nothing, stands in no frame, is nobody else's and is kept by nobody.
#: Pages have a policy of their own, which lets them load their own files.
ANSWER_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


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
        # What is answered outside of every middleware has the headers too.
        {**ANSWER_HEADERS, **raised.headers},
        media_type="application/problem+json",
    )
