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


def unless_erased(caller: Caller, ask: Caller, pool: Pool) -> Caller:
    """Return the call without its person once the data are erased: nothing is sent any more.

    A call in doubt is then only asked about, by `ask`, for something may have been sent before
    the erasure; what certainly was not is a `no`.
    """

    async def careful(call: Call) -> Answer:
        try:
            async with pool.acquire() as conn:
                erased = await is_erased(conn, call.dossier_id)
        except TRANSIENT:
            # `again` ends in a `no` at the horizon, and has a mail that was begun sent anew.
            return Answer("unknown" if call.in_doubt else "again", "database_away")
        if not erased:
            return await caller(call)
        answer = await ask(call) if call.in_doubt else Answer("no")
        return Answer("no", "erased") if answer.outcome == "no" else answer

    return careful
