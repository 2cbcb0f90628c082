"""The HTTP road when many hand in: what comes at the same moment is taken in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from contracts.model import local_day
from intake.domain import Dossier
from intake.store import claim_keys, free_keys
from intake.taking import Desk, Handed, take
from plumbing.database import Pool, passing
from plumbing.logs import describe

log = structlog.get_logger()


@dataclass(frozen=True)
class Wanted:
    """A submission that was checked at `now`, and the key it came under."""

    handed: Handed
    key: str
    now: datetime

    @property
    def claim(self) -> tuple[str, str]:
        """Return portal and key."""
        return self.handed.party.portal, self.key

    @property
    def of(self) -> tuple[str, UUID]:
        """Return what the key is claimed for: the content's fingerprint and the dossier."""
        return self.handed.fingerprint, self.handed.dossier_id


async def take_together(pool: Pool, desk: Desk, wanted: Sequence[Wanted]) -> list[Dossier | None]:
    """Return each dossier that was taken just now, None of every other.

    Nothing is stored of what was not taken: its key or its dossier was known before, another one
    of these has it too, or it spoils the others. Raises what passes by itself.
    """
    try:
        return await _take(pool, desk, wanted)
    except Exception as error:  # whatever it is, it may be about one of them alone
        if passing(error):
            raise
        log.info("submissions_taken_apart", count=len(wanted), error=describe(error))
        return [None] * len(wanted)


async def _take(pool: Pool, desk: Desk, wanted: Sequence[Wanted]) -> list[Dossier | None]:
    # One instant for the code and the receipts, on the day by whose law each was checked.
    now = max(one.now for one in wanted)
    today = [one for one in wanted if local_day(one.now) == local_day(now)]
    by_dossier = {one.handed.dossier_id: one for one in reversed(today)}
    by_claim = {one.claim: one for one in by_dossier.values()}
    async with pool.acquire() as conn, conn.transaction():
        claimed = await claim_keys(conn, {at: one.of for at, one in by_claim.items()})
        mine = {at: one.handed for at, one in by_claim.items() if at in claimed}
        took = await take(conn, desk, list(mine.values()), now)
        taken = {at: one for at, one in mine.items() if one.dossier_id in took.fresh}
        await free_keys(conn, [at for at in mine if at not in taken])
    return [
        took.dossiers[one.handed.dossier_id] if taken.get(one.claim) is one.handed else None
        for one in wanted
    ]
