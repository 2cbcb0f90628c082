"""JSON that says one thing only: bounded in depth, every member of an object once."""

from typing import Any, Literal

from pydantic_core import from_json

#: No document of ours is half as deep.
MOST_DEPTH = 32
#: Values and members of one document; the largest form has some hundreds.
MOST_VALUES = 50_000


#: It is no JSON; a member is named twice; it is deeper or has more values than any of ours, or a
#: number that is none.
Why = Literal["syntax", "twice", "bounds"]


class BrokenJson(Exception):
    """The bytes are no JSON document (RFC 8259), or one that readers may read differently."""

    def __init__(self, why: Why = "syntax") -> None:
        super().__init__(why)
        self.why: Why = why


def read_json(body: bytes) -> Any:
    """Return the document in the bytes; raises BrokenJson, which never quotes them.

    Refused besides what is no JSON: numbers that are none, half of a character, a member named
    twice in one object, more than 32 levels, more than 50,000 values.
    """
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise BrokenJson from None
    read = _members_read(document)
    if read is None:
        raise BrokenJson("bounds")
    # Of a member named twice the reader kept one: then more were written than are there.
    if _members_written(body) != read:
        raise BrokenJson("twice")
    return document


def _members_written(body: bytes) -> int:
    """Return how many members the text of a good document has: as many as colons outside texts.

    A backslash stands in texts alone, and pairs of them end none.
    """
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(body.split(b'"')[::2]).count(b":")


def _members_read(document: Any) -> int | None:
    """Return how many members all objects have together; None beyond what a document may be."""
    level, values, members = [document], 0, 0
    for _ in range(MOST_DEPTH):
        values += len(level)
        if values > MOST_VALUES:
            return None
        deeper: list[Any] = []
        for one in level:
            kind = type(one)
            if kind is dict:
                members += len(one)
                deeper += one.values()
            elif kind is list:
                deeper += one
            elif kind is float and one in _NO_NUMBERS:
                return None
        if not deeper:
            return members
        level = deeper
    return None


#: What a number too large for a float is read as.
_NO_NUMBERS = (float("inf"), float("-inf"))
