"""Reading one fact at a time from a document that may be broken."""

import json
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


def read(adapter: TypeAdapter[T], document: Any, *path: str) -> T | None:
    """Return the fact under that path, or None if it is absent or is none of its kind."""
    value = document
    for name in path:
        value = at(value, name)
    if value is None:
        return None
    try:
        return adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return None


def at(value: Any, name: str) -> Any:
    """Return a member of an object, or None if it has none or is none."""
    return value.get(name) if isinstance(value, dict) else None
