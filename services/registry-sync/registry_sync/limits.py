"""What holds for every push: of the erased and of what was ended the register is not told."""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from plumbing.calls import Answer, Call, Caller
from plumbing.database import TRANSIENT, Pool
from plumbing.together import Together
from registry_sync.register import KNOWN_THERE, RegisterAway
from registry_sync.store import why_untold

#: Whether the register has what a call tells; raises RegisterAway.
HasTaken = Callable[[Call], Awaitable[bool]]


def unless_ended(push: Caller, has_taken: HasTaken, pool: Pool) -> Caller:
    """Return the push that tells nothing once the data are erased or the dossier is ended.

    A push in doubt is then only asked about: the register may have been told before.
    """
    why: Together[UUID, str | None] = Together(partial(why_untold, pool))

    async def careful(call: Call) -> Answer:
        try:
            reason = await why(call.dossier_id)
        except TRANSIENT:
            return Answer("again", "database_away", ours=True)
        if reason is None:
            return await push(call)
        if not call.in_doubt:
            return Answer("no", reason, ours=True)
        try:
            taken = await has_taken(call)
        except RegisterAway:
            return Answer("unknown", "asked")
        return Answer("done", KNOWN_THERE) if taken else Answer("no", reason)

    return careful
