"""What is remembered of a dossier while it is judged."""

from typing import NamedTuple

from contracts.told import Told
from routing.what_if.retelling import Story


class Early(NamedTuple):
    """What came of a dossier before it was submitted."""

    values: tuple[bytes, ...]


#: The first events of a dossier that is usual so far, and what each of them tells if it is usual.
Begun = tuple[tuple[bytes, Told | None], ...]


class Usual(NamedTuple):
    """A dossier that was submitted, routed and received, each as its rules say.

    `declared` are the procedure and the kinds of paper; the rest is as it is written.
    """

    declared: tuple[str, tuple[str, ...]]
    submitted_at: bytes
    unit_code: bytes
    residence: bytes
    came_at: bytes
    routed_at: bytes
    accepted_at: bytes
    actor: bytes
    at_once: bool


#: What is remembered of a dossier: its first events while it is usual, those before it was
#: submitted, what it was when it was received as usual, or its whole story.
Memory = Early | Begun | Usual | Story
