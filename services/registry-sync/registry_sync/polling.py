"""Asks the register in batches what became of the dossiers it was told of."""

import asyncio
import hashlib
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from contracts.envelope import Cause
from plumbing.applying import Item, Part, apply, lock
from plumbing.assembly import Running
from plumbing.database import passing
from plumbing.logs import describe, where
from registry_sync.register import Register, RegisterAway, RegisterMisspoke, Results
from registry_sync.registration import RegisterSaid, Registration
from registry_sync.store import Due, claim_due

log = structlog.get_logger()

#: The register answers at most this many dossiers in one question.
BATCH = 1000
IDLE_SECONDS = 0.2


@dataclass(frozen=True)
class Poller:
    """Claims what is due, asks by province and procedure, and applies the final words."""

    running: Running
    part: Part[Registration]
    register: Register

    async def run(self) -> None:
        """Poll until cancelled; while the register is away, ask ever more seldom."""
        pause_seconds = IDLE_SECONDS
        while True:
            decided = 0
            try:
                due = await claim_due(self.running.pool, BATCH)
                decided, away = await self._ask(due)
                pause_seconds = min(pause_seconds * 2, 30.0) if away else IDLE_SECONDS
            except Exception as error:  # what was claimed comes again; nobody else polls for us
                log.error("poll_failed", error=describe(error), traceback=where(error))
                pause_seconds = min(pause_seconds * 2, 30.0)
            if decided < BATCH:
                await asyncio.sleep(random.uniform(pause_seconds / 2, pause_seconds))

    async def _ask(self, due: Sequence[Due]) -> tuple[int, bool]:
        """Return how many were decided, and whether a question got no answer.

        By the province the register was told, and of what it does not know there, by the one
        that goes on; by procedure. A question that fails keeps no other from its answer.
        """
        lanes: dict[tuple[str, str], list[Due]] = defaultdict(list)
        for one in due:
            lanes[one.told_province, one.procedure_code].append(one)
        decided, away = 0, False
        for (province_code, procedure_code), asked in lanes.items():
            found = await self._results(asked, province_code, procedure_code)
            if found is None:
                away = True
                continue
            decided += await self._take(asked, found)
            moved = [
                replace(one, told_province=one.province_code)
                for one in asked
                if one.code not in found.known and one.province_code != one.told_province
            ]
            if moved:
                more, was_away = await self._ask(moved)
                decided, away = decided + more, away or was_away
        return decided, away

    async def _results(
        self, asked: Sequence[Due], province_code: str, procedure_code: str
    ) -> Results | None:
        codes = [one.code for one in asked]
        try:
            return await self.register.results(codes, province_code, procedure_code)
        except (RegisterAway, RegisterMisspoke) as error:
            log.warning("register_not_asked", error=describe(error), reason=str(error))
            return None

    async def _take(self, asked: Sequence[Due], found: Results) -> int:
        by_code = {one.code: one for one in asked}
        for code, reason in found.odd.items():
            whose = str(by_code[code].dossier_id) if code in by_code else ""
            log.error("register_misspoke", dossier_id=whose, reason=reason)
        known = {}
        for code, word in found.said.items():
            one = by_code.get(code)
            if one is None:
                continue
            if one.round > 1 and word.outcome == "supplement" and word.at is None:
                log.error("register_misspoke", dossier_id=str(one.dossier_id), reason="no_time")
            # The dossier may be in a later round by now; this answers the one it was asked in.
            known[one] = replace(word, round=one.round)
        return await self._apply_all(known)

    async def _apply_all(self, said: dict[Due, RegisterSaid]) -> int:
        """Apply the words together; if that fails, each by itself, so that one harms no other."""
        if not said:
            return 0
        try:
            await self._apply(said)
            return len(said)
        except Exception as error:  # a word no rule can take: find it, spare the others
            if passing(error):
                raise
            if len(said) == 1:
                (one,) = said
                log.error(
                    "register_word_not_applied",
                    dossier_id=str(one.dossier_id),
                    error=describe(error),
                    traceback=where(error),
                )
                return 0
        return sum([await self._apply_all({one: word}) for one, word in said.items()])

    async def _apply(self, said: dict[Due, RegisterSaid]) -> None:
        running = self.running
        async with running.pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {one.dossier_id: one.code for one in said})
            items = [
                Item(one.dossier_id, word, Cause(f"poll:{one.code}", _digest(word)))
                for one, word in said.items()
            ]
            await apply(conn, self.part, running.keys, heads, items, running.clock())
        running.wake()


def _digest(word: RegisterSaid) -> str:
    entry = word.entry
    # The personal number stays out: a hash of twelve digits can be guessed.
    known = (entry.number, entry.book, entry.page, entry.registered_on) if entry else ()
    return hashlib.sha256(repr((word.outcome, word.round, known)).encode()).hexdigest()
