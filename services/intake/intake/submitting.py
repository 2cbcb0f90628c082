"""The HTTP road: a submission under its idempotency key, with others or in its own transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID

from contracts.portal import Receipt, Submission
from intake import problems
from intake.declared import read_reference
from intake.domain import Dossier, Party, dossier_id_of
from intake.reading import Problems, check_submission, fingerprint_of
from intake.rush import Wanted, take_together
from intake.store import UsedKey, claim_key, find_key
from intake.taking import Desk, Handed, erase, receipt_of, take
from intake.telling import tell_refused, tell_taken
from plumbing.applying import lock
from plumbing.database import Conn, Pool
from plumbing.serving import ProblemRaised
from plumbing.together import Together

How = Literal["taken", "known", "replayed"]


@dataclass(frozen=True)
class Answered:
    """The receipt, and whether this request took the dossier, knew it, or is a replay."""

    receipt: Receipt
    how: How


@dataclass(frozen=True)
class Counter:
    """Where portals hand in over HTTP. `committed` is called after each change."""

    pool: Pool
    desk: Desk
    clock: Callable[[], datetime]
    committed: Callable[[], None]
    _together: Together[Wanted, Dossier | None] = field(init=False)

    def __post_init__(self) -> None:
        """Give those who hand in at the same moment a place to meet."""
        take = partial(take_together, self.pool, self.desk)
        object.__setattr__(self, "_together", Together(take))

    async def hand_in(self, party: Party, key: str, document: Any) -> Answered:
        """Take the submission or find what its key or its reference took before.

        Raises a problem and stores nothing when it is refused.
        """
        try:
            return await self._hand_in(party, key, document, fingerprint_of(document))
        except ProblemRaised as refusal:
            tell_refused(party, refusal.problem)
            raise

    async def _hand_in(self, party: Party, key: str, document: Any, fingerprint: str) -> Answered:
        # One instant for the law of the day, the code and the receipt.
        now = self.clock()
        checked = check_submission(document, party, now, self.desk.reference)
        if not isinstance(checked, Submission):
            return await self._alone(party, key, document, fingerprint, checked, now)
        handed = Handed(party, checked, fingerprint)
        dossier = await self._together(Wanted(handed, key, now))
        if dossier is None:
            return await self._alone(party, key, document, fingerprint, handed, now)
        self.committed()
        tell_taken(handed)
        return Answered(_receipt(dossier), "taken")

    async def _alone(
        self,
        party: Party,
        key: str,
        document: Any,
        fingerprint: str,
        checked: Handed | Problems,
        now: datetime,
    ) -> Answered:
        async with self.pool.acquire() as conn:
            used = await find_key(conn, party.portal, key)
            if used is not None:
                return await self._replay(conn, used, fingerprint)
            found = await self._find(conn, party, document, checked)
            async with conn.transaction():
                used = await claim_key(conn, party.portal, key, fingerprint, found.dossier_id)
                if used is not None:
                    return await self._replay(conn, used, fingerprint)
                answered = await self._settle(conn, found, fingerprint, now)
        if isinstance(found, Handed) and answered.how == "taken":
            self.committed()
            tell_taken(found)
        return answered

    async def receipt(self, portal: str, portal_reference: str) -> Receipt:
        """Return the receipt of what the portal submitted; raises a problem if it did not."""
        async with self.pool.acquire() as conn:
            dossier_id = dossier_id_of(portal, portal_reference)
            found = await self.desk.part.store.load(conn, [dossier_id])
        return _receipt(found.get(dossier_id))

    async def erase(self, dossier_id: UUID, by: str) -> bool:
        """Erase the personal data; return whether any were left, raise a problem if unknown."""
        async with self.pool.acquire() as conn, conn.transaction():
            erased = await erase(conn, self.desk, dossier_id, by, self.clock())
        if erased is None:
            raise problems.not_found()
        if erased:
            self.committed()
        return erased

    async def _find(
        self, conn: Conn, party: Party, document: Any, checked: Handed | Problems
    ) -> Handed | Dossier:
        """Return the dossier taken before, whatever the rules now, else the checked submission."""
        reference = read_reference(document)
        if reference is not None:
            dossier_id = dossier_id_of(party.portal, reference)
            known = await self.desk.part.store.load(conn, [dossier_id])
            if dossier_id in known:
                return known[dossier_id]
        if isinstance(checked, Handed):
            return checked
        raise problems.not_acceptable(checked)

    async def _settle(
        self, conn: Conn, found: Handed | Dossier, fingerprint: str, now: datetime
    ) -> Answered:
        how: How = "known"
        if isinstance(found, Handed):
            took = await take(conn, self.desk, [found], now)
            dossier = took.dossiers[found.dossier_id]
            how = "taken" if took.fresh else "known"
        else:
            # An erasure may be under way, after which contents cannot be compared.
            await lock(conn, {found.dossier_id: found.code})
            dossier = (await self.desk.part.store.load(conn, [found.dossier_id]))[found.dossier_id]
        if dossier.taken is None or dossier.taken.fingerprint != fingerprint:
            raise problems.other_content()
        return Answered(_receipt(dossier), how)

    async def _replay(self, conn: Conn, used: UsedKey, fingerprint: str) -> Answered:
        if not used.is_for(fingerprint):
            raise problems.key_reused()
        found = await self.desk.part.store.load(conn, [used.dossier_id])
        return Answered(_receipt(found.get(used.dossier_id)), "replayed")


def _receipt(dossier: Dossier | None) -> Receipt:
    if dossier is None or dossier.taken is None:
        raise problems.not_found()
    return receipt_of(dossier, dossier.taken)
