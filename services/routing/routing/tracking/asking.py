"""Whether somebody who asks about a dossier may see it, and how often they may ask."""

import asyncio
import base64
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from uuid import UUID

from plumbing import metrics
from plumbing.accesses.opening import Opening, write
from plumbing.accesses.rows import By, by_service
from plumbing.assembly import Running
from plumbing.database import Conn
from plumbing.sealing import KeyRing
from routing.store import SERVICE, kept_purpose
from routing.tracking.factors import factor_of, is_factor
from routing.tracking.inputs import neighbours_of
from routing.tracking.limits import wait_of
from routing.tracking.store import Kept, Keys, find_kept, give_back, keep_factor, take_attempt

#: Who asked, as the access log has it: whoever knew code and number.
CITIZEN = "citizen"
#: How many questions are asked of the database at a time: officers need it too.
AT_ONCE = 3
#: How many questions of one address wait for that at a time; whoever sends more is not heard.
WAITING_OF_ONE = 10
_SOON = timedelta(seconds=5)
_NOBODY = UUID(int=0)
_PURPOSE = "tracking:attempt"


@dataclass(frozen=True)
class Answer:
    """The dossier if it may be seen; else none, and how long to wait if the question is unheard."""

    dossier_id: UUID | None = None
    wait: timedelta | None = None

    @property
    def outcome(self) -> Literal["shown", "limited", "wrong"]:
        """Return the answer in a word."""
        if self.wait is not None:
            return "limited"
        return "wrong" if self.dossier_id is None else "shown"


@dataclass
class Tracker:
    """Answers who gives a dossier's code and the end of the applicant's number.

    A code nobody has and a number that is wrong are answered alike, with the same work.
    """

    running: Running
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _waiting: Counter[str] = field(default_factory=Counter)
    _stand_in: bytes = b""

    def __post_init__(self) -> None:
        """Make what is opened where there is nothing to open."""
        applicant = {"applicant": {"personal_number": "x" * 12}, "form": {"note": "x" * 1500}}
        plain = json.dumps(applicant).encode()
        self._stand_in = self._keys.seal(plain, kept_purpose(_NOBODY)).pack()

    @property
    def _keys(self) -> KeyRing:
        return self.running.keys

    async def ask(self, code: str, said: str, address: str) -> Answer:
        """Return the answer to one question; that it was right is written down with it."""
        if self._waiting[address] >= WAITING_OF_ONE:
            answer = Answer(wait=_SOON)
        else:
            answer = await self._heard(code, said, address)
        metrics.TRACKING.labels(SERVICE, answer.outcome).inc()
        return answer

    async def _heard(self, code: str, said: str, address: str) -> Answer:
        self._waiting[address] += 1
        try:
            async with self._turn, self.running.pool.acquire() as conn:
                return await self._ask(conn, code, said, self._counted(code, address))
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]

    async def _ask(self, conn: Conn, code: str, said: str, keys: Keys) -> Answer:
        transaction = conn.transaction()
        await transaction.start()
        try:
            now = self.running.clock()
            wait = wait_of(await take_attempt(conn, keys, now), now)
            if wait is None:
                kept = await find_kept(conn, code)
                access = Opening(self._keys, by_service(SERVICE, "opened_to_compare", "tracking"))
                answer = Answer(self._known(kept, said, access))
                compared = [one for one in access.noted if one != _NOBODY]
                await write(conn, access.by, compared, in_equal_time=True)
                if answer.dossier_id is not None:
                    await self._shown(conn, answer.dossier_id, said, keys)
        except BaseException:
            await transaction.rollback()
            raise
        if wait is not None:
            # Not heard, so not counted: asking again and again makes nobody wait longer.
            await transaction.rollback()
            return Answer(wait=wait)
        await transaction.commit()
        return answer

    async def _shown(self, conn: Conn, dossier_id: UUID, said: str, keys: Keys) -> None:
        await give_back(conn, keys)
        await keep_factor(conn, dossier_id, factor_of(self._keys, dossier_id, said))
        by = By(CITIZEN, "tracked", "tracking", at=self.running.clock())
        await write(conn, by, [dossier_id])

    def _known(self, kept: Kept | None, said: str, access: Opening) -> UUID | None:
        """Return the dossier if that is the end of its applicant's number.

        Something is opened and compared whether there is anything or not.
        """
        dossier_id = kept.dossier_id if kept else _NOBODY
        sealed = kept.sealed if kept else None
        opened = self._factor_in(
            dossier_id if sealed else _NOBODY, sealed or self._stand_in, access
        )
        right = is_factor(self._keys, dossier_id, said, (kept and kept.factor) or opened)
        there = kept is not None and (kept.factor is not None or sealed is not None)
        return dossier_id if right and there else None

    def _factor_in(self, dossier_id: UUID, sealed: bytes, access: Opening) -> bytes:
        plain = access.open(dossier_id, sealed, kept_purpose(dossier_id))
        number = str(json.loads(plain)["applicant"]["personal_number"])
        return factor_of(self._keys, dossier_id, number)

    def _counted(self, code: str, address: str) -> Keys:
        """Return what an attempt counts against; whoever reads the table learns neither."""
        pair = f"pair {code} {neighbours_of(address)}"
        names = (pair, f"code {code}", f"address {address}")
        return Keys(*(self._keys.blind(name.encode(), _PURPOSE)[0] for name in names))


def cookie_keys(keys: KeyRing) -> str:
    """Return keys for the page's own cookies, made of those of the ring and changing with them."""
    made = keys.blind(b"cookies", "tracking:session")
    return ",".join(base64.b64encode(one).decode() for one in made)
