"""Asks the register about dossiers to compare: behind the polls, and not where people paused it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from plumbing.comparing import NotNow, leave_to_ask
from plumbing.database import Conn
from plumbing.lanes import load_pauses
from plumbing.valves import Valves
from registry_sync.asking import ask_in_parts
from registry_sync.polling import RESULTS, ROOM_SECONDS
from registry_sync.pushing import REGISTER_LANE
from registry_sync.reconciling_rules import There
from registry_sync.reconciling_store import Listed, Place
from registry_sync.register import Register, RegisterAway
from registry_sync.results import RegisterMisspoke

#: How often leave is asked for until the register counts as shut.
LEAVE_TRIES = 100


async def paused_provinces(conn: Conn) -> list[str]:
    """Return the provinces people paused; raises NotNow while the whole lane is paused."""
    turns = [one.turn for one in await load_pauses(conn) if one.lane == REGISTER_LANE]
    if "" in turns:
        raise NotNow("paused")
    return turns


class NoAnswer(NotNow):
    """The register did not answer this question; it may answer others."""


@dataclass(frozen=True)
class Heard:
    """What the register says of each, and which of them it has; of the others it said nothing."""

    there: dict[UUID, There]
    known: set[UUID]


@dataclass(frozen=True)
class Questions:
    """Puts questions to the register, through the valve of its answers."""

    register: Register
    valves: Valves

    async def ask(
        self, page: Sequence[Listed], place: Place, *, also_failed: bool = False
    ) -> Heard:
        """Return what the register says of each, in the province it was told or the one now.

        Of whom it did not say anything is left out. With `also_failed`, what makes it fail is
        looked for and is `unreadable`. Raises NotNow, or NoAnswer.
        """
        procedure = place.procedure_code
        heard = await self._in(page, place.province_code, procedure, also_failed)
        moved: dict[str, list[Listed]] = {}
        for one in page:
            is_moved = one.province_code != place.province_code
            if is_moved and heard.there.get(one.dossier_id) in ("unknown", "unreadable"):
                moved.setdefault(one.province_code, []).append(one)
        for province_code, listed in moved.items():
            elsewhere = await self._in(listed, province_code, procedure, also_failed)
            heard.known.update(elsewhere.known)
            for one in listed:
                said = elsewhere.there.get(one.dossier_id)
                if said is None:
                    del heard.there[one.dossier_id]
                elif said != "unknown":
                    heard.there[one.dossier_id] = said
        return heard

    async def _in(
        self, page: Sequence[Listed], province_code: str, procedure_code: str, also_failed: bool
    ) -> Heard:
        codes = [one.code for one in page]
        # Behind the polls.
        leave_now = leave_to_ask(self.valves, RESULTS, tries=LEAVE_TRIES, seconds=ROOM_SECONDS)
        with await leave_now as leave:
            whose = f"{province_code}:{procedure_code}"
            try:
                found = await ask_in_parts(
                    self.register, codes, province_code, procedure_code, also_failed=also_failed
                )
            except (RegisterAway, RegisterMisspoke) as error:
                leave.report("unknown", whose)
                raise NoAnswer(str(error)) from None
            leave.report("done", whose)
        there: dict[str, There] = dict.fromkeys(codes, "unknown")
        there |= dict.fromkeys(found.known, "processing")
        there |= dict.fromkeys(found.odd, "unreadable")
        there |= found.said
        asked = [one for one in page if one.code not in found.unasked]
        return Heard(
            {one.dossier_id: there[one.code] for one in asked},
            {one.dossier_id for one in asked if one.code in found.known},
        )
