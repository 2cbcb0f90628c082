"""What an executor asks the outside to do, and what the outside may say."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import structlog

from plumbing.logs import describe, where
from plumbing.valve import Outcome
from plumbing.waiting import is_cancelled

log = structlog.get_logger()


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
    traceparent: str | None = None
    steps: list[str] = field(default_factory=list, compare=False)

    def note(self, step: str, outcome: str) -> None:
        """Keep a step of the call for whoever looks at it later: `asked`, `unknown`.

        Both are codes of ours, never what the outside said.
        """
        self.steps.append(f"{step}:{outcome}")


@dataclass(frozen=True)
class Answer:
    """What the outside said.

    `done` and `no` are final: `no` is the outside's decision. `again`: this attempt certainly did
    nothing, try later; what was in doubt before stays so. `unknown`: no answer. `never`: it
    certainly did nothing and would do nothing again; the fault is technical, a person must look.
    `stuck`: whether it happened cannot be found out; a person must look. Neither of the last two
    is repeated by itself. `words` is what the outside said, kept encrypted: it may be personal.
    `ours`: the trouble is on this side (our database is away); the valve hears nothing of it.
    `at_work`: the outside answered and others may go on calling it, though this request came to
    nothing (`again` after a 400 or 404); the valve hears that the neighbour is at work.
    `away`: the neighbour was not there, though the answer is final because someone else is; the
    valve hears that it failed. `wait_seconds` above 0: an `again` is not due before.
    """

    outcome: Literal["done", "no", "again", "unknown", "never", "stuck"]
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    ours: bool = False
    at_work: bool = False
    away: bool = False
    wait_seconds: float = 0.0

    @property
    def heard(self) -> Outcome:
        """Return what the neighbour's valve hears of it."""
        if self.away:
            return "again"
        return "done" if self.at_work else self.outcome


Caller = Callable[[Call], Awaitable[Answer]]


async def ask(caller: Caller | None, call: Call, seconds: float) -> Answer:
    """Return what the caller answers in that time; whatever goes wrong is an answer too."""
    if caller is None:
        return Answer("again", "no_such_call", ours=True)
    try:
        async with asyncio.timeout(seconds):
            return await caller(call)
    except TimeoutError:
        return Answer("unknown", "no_answer_in_time")
    except Exception as error:  # whatever it was, it may have happened before the error
        log.error("call_failed", kind=call.kind, error=describe(error), traceback=where(error))
        # What is no trouble of a connection is a fault of our own code.
        return Answer("unknown", describe(error), ours=not isinstance(error, OSError))
    except asyncio.CancelledError as error:
        if is_cancelled():
            raise
        return Answer("unknown", describe(error))


#: The pause doubles from the first up to the longest; jitter takes away up to half of it.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, LEAST_PART = 1.0, 60.0, 0.5


def longest_pause(attempt: int) -> float:
    """Return the longest wait after that attempt (from 1), in seconds: doubling to a minute."""
    doubled: float = FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 16)
    return min(LONGEST_PAUSE_SECONDS, doubled)


def backoff(attempt: int) -> float:
    """Return how long to wait after that attempt, in seconds: doubling to a minute, jittered."""
    longest = longest_pause(attempt)
    return random.uniform(longest * LEAST_PART, longest)
