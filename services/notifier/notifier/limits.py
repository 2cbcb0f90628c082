"""What holds for every call: it is not tried for ever, and the erased are left alone."""

from datetime import timedelta

from notifier.store import is_erased
from plumbing.calls import Answer, Call, Caller
from plumbing.database import TRANSIENT, Pool

RETRY_HORIZON = timedelta(hours=48)


def within_horizon(caller: Caller) -> Caller:
    """Return the call with an end: from the horizon on, what did not happen is a `no`.

    What may have happened and could not be found out until then is `stuck`.
    """

    async def bounded(call: Call) -> Answer:
        answer = await caller(call)
        if call.age < RETRY_HORIZON:
            return answer
        if answer.outcome == "again":
            return Answer("no", "horizon")
        if answer.outcome == "unknown":
            return Answer("stuck", "horizon")
        return answer

    return bounded


def unless_erased(caller: Caller, pool: Pool) -> Caller:
    """Return the call without its person once the data are erased: a `no`, nothing is sent.

    A call in doubt is still made, for its answer is about what was sent before the erasure.
    """

    async def careful(call: Call) -> Answer:
        if call.in_doubt:
            return await caller(call)
        try:
            async with pool.acquire() as conn:
                erased = await is_erased(conn, call.dossier_id)
        except TRANSIENT:
            return Answer("again", "database_away")
        return Answer("no", "erased") if erased else await caller(call)

    return careful
