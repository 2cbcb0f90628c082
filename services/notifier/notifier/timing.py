"""What holds an SMS back for a while, or for good: the hour, and what came after it."""

from collections.abc import Callable
from datetime import datetime

from notifier.freshness import FRESH, why_stale
from notifier.gateways import step_key
from notifier.quiet import QuietHours
from notifier.store import load_news
from plumbing.calls import Answer, Call, Caller
from plumbing.database import TRANSIENT, Pool
from reference import Reference

#: What waits for another hour looks again so often: other settings hold from then on.
LONGEST_WAIT_SECONDS = 3600.0


def not_before(due: datetime, now: datetime, reason: str) -> Answer:
    """Return the answer of a call that waits until then; nobody outside was asked."""
    seconds = min(max((due - now).total_seconds(), 1.0), LONGEST_WAIT_SECONDS)
    return Answer("again", reason, ours=True, wait_seconds=seconds)


def not_at_night(
    caller: Caller,
    ask: Caller,
    quiet: QuietHours | None,
    reference: Reference,
    clock: Callable[[], datetime],
) -> Caller:
    """Return the call that is not made in quiet hours, but waits for their end.

    What is in doubt is asked about at any hour, and told again only by day.
    """
    if quiet is None:
        return caller

    async def careful(call: Call) -> Answer:
        now = clock()
        opens_at = quiet.opens_at(now, reference)
        if opens_at <= now:
            return await caller(call)
        if call.in_doubt:
            answer = await ask(call)
            call.note("asked", answer.reason if answer.outcome == "no" else answer.outcome)
            if answer.outcome != "no":
                return answer
        return not_before(opens_at, now, "quiet_hours")

    return careful


def while_news(caller: Caller, pool: Pool) -> Caller:
    """Return the call that ends when its message waited so long that it is no news any more.

    What is in doubt, or was begun, may be with the citizen already: that is found out as ever.
    """

    async def careful(call: Call) -> Answer:
        if call.age < FRESH or call.in_doubt or call.begun:
            return await caller(call)
        try:
            async with pool.acquire() as conn:
                told = await load_news(conn, call.dossier_id)
        except TRANSIENT:
            return Answer("again", "database_away", ours=True)
        stale = why_stale(told, step_key(call.kind), call.age)
        return Answer("no", stale, ours=True) if stale else await caller(call)

    return careful
