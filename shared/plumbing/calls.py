"""What an executor asks the outside to do, and what the outside may say."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID


class LeaseLost(Exception):
    """Someone else may be making this call now; it must not be made here."""


@dataclass(frozen=True)
class Call:
    """One call to make. `in_doubt`: it may have been made before; ask before telling again.

    Where nothing can be asked, `await begin()` right before the point of no return: it raises
    LeaseLost when the call is no longer ours to make, and a later attempt finds `begun` set.
    """

    effect_id: UUID
    dossier_id: UUID
    kind: str
    request: bytes
    attempt: int
    in_doubt: bool
    age: timedelta
    begun: bool
    begin: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """What the outside said.

    `done` and `no` are final. `again`: this attempt certainly did nothing, try later; what was
    in doubt before stays so. `unknown`: no answer. `stuck`: whether it happened cannot be found
    out; a person must look, it is never repeated by itself.
    """

    outcome: Literal["done", "no", "again", "unknown", "stuck"]
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


Caller = Callable[[Call], Awaitable[Answer]]


def backoff(attempt: int) -> float:
    """Return how long to wait after that attempt, in seconds: doubling to a minute, jittered."""
    ceiling = min(60.0, 0.5 * 2 ** min(attempt, 8))
    return random.uniform(ceiling / 2, ceiling)
