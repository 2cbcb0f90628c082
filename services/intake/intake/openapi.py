"""How the request body, which the intake reads itself, stands in the OpenAPI document."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from contracts.portal import Submission

_BODY = Submission.model_json_schema(ref_template="#/components/schemas/{model}")
_PARTS: dict[str, Any] = _BODY.pop("$defs")


def submission_request(key_pattern: str) -> dict[str, Any]:
    """Return the body and the mandatory header of a submission, for one operation."""
    return {
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "pattern": f"^{key_pattern}$"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Submission"}}
            },
        },
    }


def with_submission(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return what makes the app's document complete with the schema of a submission."""
    generated = app.openapi

    def document() -> dict[str, Any]:
        found = generated()
        found["components"]["schemas"] |= {**_PARTS, "Submission": _BODY}
        return found

    return document
