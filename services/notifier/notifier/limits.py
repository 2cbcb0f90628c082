"""What holds for every call: it is not tried for ever, and the erased are left alone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Literal
from uuid import UUID

from notifier.store import are_erased
from plumbing.calls import Answer, Call, Caller
from plumbing.database import TRANSIENT, Pool
from plumbing.together import Together

RETRY_HORIZON = timedelta(hours=48)
#: A call that old was perhaps held back by a pause or a shut valve: it is still tried so often.
LAST_ATTEMPTS = 10
#: What is past the horizon is counted for so many calls; whose count is forgotten starts anew.
COUNTED = 10_000

_ENDS: Mapping[str, Literal["no", "stuck"]] = {"again": "no", "unknown": "stuck"}


def within_horizon(caller: Caller) -> Caller:
    """Return the call with an end: past the horizon and its last attempts it is a `no`.

    What may have happened and could not be found out until then is `stuck`. Each of the last
    attempts is answered as it was, so that the valve hears of it; only then the call is given
    up, without being made once more unless it is in doubt.
    """
    tried: dict[UUID, int] = {}

    async def bounded(call: Call) -> Answer:
        if call.age < RETRY_HORIZON:
            return await caller(call)
        was_last = tried.get(call.effect_id, 0) >= LAST_ATTEMPTS
        if was_last and not (call.in_doubt or call.begun):
            del tried[call.effect_id]
            return Answer("no", "horizon", ours=True)
        answer = await caller(call)
        if answer.outcome not in _ENDS:
            tried.pop(call.effect_id, None)
            return answer
        if not was_last:
            _count(tried, call.effect_id)
            return answer
        tried.pop(call.effect_id, None)
        return replace(
            answer, outcome=_ENDS[answer.outcome], reason="horizon", ours=not answer.at_work
        )

    return bounded


def _count(tried: dict[UUID, int], effect_id: UUID) -> None:
    tried[effect_id] = tried.pop(effect_id, 0) + 1
    if len(tried) > COUNTED:
        del tried[next(iter(tried))]


#: Whether the personal data of a dossier were erased.
IsErased = Callable[[UUID], Awaitable[bool]]


def erasures(pool: Pool) -> IsErased:
    """Return what asks the database, once for all who ask at the same time."""
    return Together(partial(are_erased, pool))


def unless_erased(caller: Caller, ask: Caller, is_erased: IsErased) -> Caller:
    """Return the call without its person once the data are erased: nothing is sent any more.

    A call in doubt is then only asked about, by `ask`, for something may have been sent before
    the erasure; what certainly was not is a `no`.
    """

    async def careful(call: Call) -> Answer:
        try:
            erased = await is_erased(call.dossier_id)
        except TRANSIENT:
            # `again` ends in a `no` at the horizon, and has a mail that was begun sent anew.
            outcome: Literal["unknown", "again"] = "unknown" if call.in_doubt else "again"
            return Answer(outcome, "database_away", ours=True)
        if not erased:
            return await caller(call)
        answer = await ask(call) if call.in_doubt else Answer("no")
        return Answer("no", "erased", ours=True) if answer.outcome == "no" else answer

    return careful
