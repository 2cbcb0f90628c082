"""What the OpenAPI document of every service says besides its routes: tokens, and problems."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from fastapi import FastAPI

from contracts.portal import Problem

_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_OTHER: Final = {"description": "Anything else that stood in the way", "content": _PROBLEM}
_TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of the issuer (RFC 9068).",
}
_METHODS: Final = ("get", "put", "post", "delete", "patch")
#: Marks an operation that needs no token: `openapi_extra=PUBLIC`.
PUBLIC: Final[dict[str, Any]] = {"security": []}


def with_problems(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return what makes the app's document say that tokens are needed and what problems are.

    Every answer from 400 on is a problem document, also one that no operation names.
    """
    generated = app.openapi

    def document() -> dict[str, Any]:
        found = generated()
        parts = found.setdefault("components", {})
        schemas = parts.setdefault("schemas", {})
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        # RFC 9457, 3.2: a problem may say more.
        schemas["Problem"] = schema | {"additionalProperties": True}
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        parts["securitySchemes"] = {"token": _TOKEN}
        found["security"] = [{"token": []}]
        for operation in _operations(found):
            responses = operation["responses"]
            for status, response in responses.items():
                if status.isdigit() and int(status) >= 400:
                    response["content"] = _PROBLEM
            responses.setdefault("default", _OTHER)
        return found

    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (path[method] for method in _METHODS if method in path)
