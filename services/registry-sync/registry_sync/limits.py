"""What holds for every push: the erased are not told of."""

import json
from collections.abc import Awaitable, Callable

from plumbing.calls import Answer, Call, Caller
from plumbing.database import TRANSIENT, Pool
from registry_sync.domain import NOT_TOLD
from registry_sync.register import RegisterAway
from registry_sync.store import is_erased

#: Whether the register has a dossier, by its code, province and procedure; raises RegisterAway.
Knows = Callable[[str, str, str], Awaitable[bool]]


def unless_erased(push: Caller, knows: Knows, pool: Pool) -> Caller:
    """Return the push that tells the register nothing once the data are erased.

    A push in doubt is then only asked about: the register may have been told before the erasure.
    """

    async def careful(call: Call) -> Answer:
        try:
            async with pool.acquire() as conn:
                erased = await is_erased(conn, call.dossier_id)
        except TRANSIENT:
            return Answer("again", "database_away")
        if not erased:
            return await push(call)
        return await _ask(call, knows) if call.in_doubt else Answer("no", NOT_TOLD)

    return careful


async def _ask(call: Call, knows: Knows) -> Answer:
    request = json.loads(call.request)
    try:
        known = await knows(
            request["dossier_code"], request["province_code"], request["procedure_code"]
        )
    except RegisterAway:
        return Answer("unknown", "asked")
    return Answer("done", "known_to_the_register") if known else Answer("no", NOT_TOLD)
