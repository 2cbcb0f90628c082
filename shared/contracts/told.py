"""What usual events tell: a shape that many share, and what is each one's own."""

from itertools import count
from typing import NamedTuple

#: So many shapes are remembered.
REMEMBERED = 20_000


class Shape:
    """How events are written but for what is each one's own: of one text there is one shape.

    In `text` the name of what was left out stands between zeros. Of a submission it is what it
    declares (`contracts.usual.DECLARED`) and its kinds of paper, with spaces between.
    """

    __slots__ = ("number", "text")

    def __init__(self, text: bytes) -> None:
        """Take a number nothing else has."""
        self.text, self.number = text, next(_NUMBERS)

    def __reduce__(self) -> tuple[object, ...]:
        """Be the same again when it was put away meanwhile."""
        return shape, (self.text,)


class Told(NamedTuple):
    """What is a usual event's own: bytes as they are written, empty where it has none.

    Moments are in Vietnamese time, without the zone; `moment` is the one it counts from. `other` is
    where somebody lives, of a submission, and who received, of a reception.
    """

    shape: Shape
    event_id: bytes
    time: bytes
    cause: bytes
    cause_hash: bytes
    moment: bytes
    unit_code: bytes
    other: bytes


def shape(text: bytes) -> Shape:
    """Return the shape of a text."""
    found = _SHAPES.get(text)
    if found is None:
        if len(_SHAPES) >= REMEMBERED:
            _SHAPES.clear()
        found = _SHAPES[text] = Shape(text)
    return found


_NUMBERS = count()
_SHAPES: dict[bytes, Shape] = {}
