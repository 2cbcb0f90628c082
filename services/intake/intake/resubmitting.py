"""The HTTP road of supplements and withdrawals: one transaction each, the same answer again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.portal import Receipt
from intake import problems
from intake.domain import Party
from intake.follow_ups import read_supplement, read_withdrawal
from intake.following import Asked, Followed, follow_up, supplement_receipt
from intake.reading import fingerprint_of
from intake.store import UsedKey, claim_key, find_key, name_round
from intake.submitting import Answered, Counter
from intake.telling import tell_followed, tell_refused
from plumbing.database import Conn
from plumbing.serving import ProblemRaised


@dataclass(frozen=True)
class FollowUps:
    """Where portals add to what they handed in at the counter, and ask it back."""

    counter: Counter

    async def supplement(self, party: Party, reference: str, key: str, document: Any) -> Answered:
        """Add the supplement, or find what its key or its content added before.

        Raises a problem and stores nothing when it is refused.
        """
        now = self.counter.clock()
        read = read_supplement(document, reference, now)
        asked = Asked(party, reference, "supplement", read, fingerprint_of(document))
        try:
            async with self.counter.pool.acquire() as conn, conn.transaction():
                answered = await self._supplement(conn, asked, key, now)
        except ProblemRaised as refusal:
            tell_refused(party, refusal.problem)
            raise
        return self._committed(asked, answered)

    async def withdraw(self, party: Party, reference: str, document: Any) -> Answered:
        """Ask the dossier back, or find when that was asked first.

        Raises a problem and stores nothing when it is refused.
        """
        now = self.counter.clock()
        read = read_withdrawal(document, reference, now)
        asked = Asked(party, reference, "withdrawal", read, fingerprint_of(document))
        try:
            async with self.counter.pool.acquire() as conn, conn.transaction():
                followed = await self._follow(conn, asked, now)
        except ProblemRaised as refusal:
            tell_refused(party, refusal.problem)
            raise
        return self._committed(asked, _answered(followed))

    async def _supplement(self, conn: Conn, asked: Asked, key: str, now: datetime) -> Answered:
        portal, dossier_id = asked.party.portal, asked.dossier_id
        used = await find_key(conn, portal, key)
        # Waits for a request with the same key that is under way.
        used = used or await claim_key(conn, portal, key, asked.fingerprint, dossier_id)
        if used is not None:
            return Answered(await self._replayed(conn, used, asked), "replayed")
        followed = await self._follow(conn, asked, now)
        await name_round(conn, portal, key, followed.round)
        return _answered(followed)

    async def _follow(self, conn: Conn, asked: Asked, now: datetime) -> Followed:
        (answer,) = await follow_up(conn, self.counter.desk, [asked], now)
        if isinstance(answer, ProblemRaised):
            raise answer
        return answer

    async def _replayed(self, conn: Conn, used: UsedKey, asked: Asked) -> Receipt:
        if used.dossier_id != asked.dossier_id or not used.is_for(
            asked.fingerprint, supplement=True
        ):
            raise problems.key_reused()
        found = await self.counter.desk.part.store.load(conn, [used.dossier_id])
        dossier = found.get(used.dossier_id)
        if dossier is None or dossier.taken is None:
            raise problems.not_found()
        return supplement_receipt(dossier, dossier.taken, used.round)

    def _committed(self, asked: Asked, answered: Answered) -> Answered:
        if answered.how == "taken":
            self.counter.committed()
            tell_followed(asked)
        return answered


def _answered(followed: Followed) -> Answered:
    return Answered(followed.receipt, "taken" if followed.fresh else "known")
