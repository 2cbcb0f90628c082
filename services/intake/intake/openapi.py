"""How request bodies, which the intake reads itself, stand in the OpenAPI document."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from contracts.portal import Submission, Supplement, Withdrawal

_TEMPLATE = "#/components/schemas/{model}"
_BODIES = (Submission, Supplement, Withdrawal)


def body_of(model: type) -> dict[str, Any]:
    """Return the JSON body of that model, for one operation."""
    schema = {"$ref": _TEMPLATE.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def with_key(key_pattern: str) -> dict[str, Any]:
    """Return the mandatory header that makes a request the same one again, for one operation."""
    header = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{key_pattern}$"},
    }
    return {"parameters": [header]}


def with_bodies(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return what makes the app's document complete with the schemas of all bodies."""
    generated = app.openapi

    def document() -> dict[str, Any]:
        found = generated()
        for model in _BODIES:
            schema = model.model_json_schema(ref_template=_TEMPLATE)
            parts = schema.pop("$defs", {})
            found["components"]["schemas"] |= {**parts, model.__name__: schema}
        return found

    return document
