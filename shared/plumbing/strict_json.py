"""JSON that says one thing only: bounded in depth, every member of an object once."""

import json
from typing import Any

from pydantic_core import from_json

#: No document of ours is half as deep.
MOST_DEPTH = 32
#: Values and members of one document; the largest form has some hundreds.
MOST_VALUES = 50_000


class BrokenJson(Exception):
    """The bytes are no JSON document (RFC 8259), or one that readers may read differently."""


def read_json(body: bytes) -> Any:
    """Return the document in the bytes; raises BrokenJson, which never quotes them.

    Refused besides what is no JSON: numbers that are none, half of a character, a member named
    twice in one object, more than 32 levels, more than 50,000 values.
    """
    try:
        document = from_json(body, allow_inf_nan=False)
        if not _is_within(document):
            raise BrokenJson
        # Not deep any more: the second reader, which sees every member, cannot run out of stack.
        json.loads(body, object_pairs_hook=_once, parse_int=str, parse_float=str)
    except ValueError:
        raise BrokenJson from None
    return document


def _is_within(document: Any) -> bool:
    level, values = [document], 0
    for _ in range(MOST_DEPTH):
        values += len(level)
        if values > MOST_VALUES:
            return False
        deeper: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                deeper += one.values()
            elif isinstance(one, list):
                deeper += one
            elif one in _NO_NUMBERS:
                return False
        if not deeper:
            return True
        level = deeper
    return False


#: What a number too large for a float is read as.
_NO_NUMBERS = (float("inf"), float("-inf"))


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError
