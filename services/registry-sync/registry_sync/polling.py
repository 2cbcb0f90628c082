"""Asks the register in batches what became of the dossiers it was told of."""

import asyncio
import hashlib
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from contracts.envelope import Cause
from plumbing.applying import Item, Part, apply, lock
from plumbing.assembly import Running
from plumbing.database import TRANSIENT
from plumbing.logs import describe
from registry_sync.domain import RegisterSaid, Registration
from registry_sync.register import Register, RegisterAway, RegisterMisspoke
from registry_sync.store import Due, claim_due

log = structlog.get_logger()

#: The register answers at most this many dossiers in one question.
BATCH = 1000
IDLE_SECONDS = 0.2
AWAY: tuple[type[BaseException], ...] = (*TRANSIENT, RegisterAway, RegisterMisspoke)


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
            try:
                due = await claim_due(self.running.pool, BATCH)
                said = await self._ask(due)
                pause_seconds = IDLE_SECONDS
            except AWAY as error:
                log.warning("poll_failed", error=describe(error))
                pause_seconds = min(pause_seconds * 2, 30.0)
                due, said = [], 0
            if said == 0 or len(due) < BATCH:
                await asyncio.sleep(random.uniform(pause_seconds / 2, pause_seconds))

    async def _ask(self, due: Sequence[Due]) -> int:
        lanes: dict[tuple[str, str], list[Due]] = defaultdict(list)
        for one in due:
            lanes[one.province_code, one.procedure_code].append(one)
        total = 0
        for (province_code, procedure_code), asked in lanes.items():
            started = time.monotonic()
            by_code = {one.code: one for one in asked}
            said = await self.register.results(list(by_code), province_code, procedure_code)
            known = {by_code[code]: word for code, word in said.items() if code in by_code}
            if known:
                await self._apply(known)
                log.info(
                    "register_decided",
                    count=len(known),
                    duration_ms=round((time.monotonic() - started) * 1000),
                )
            total += len(known)
        return total

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
    return hashlib.sha256(repr((word.outcome, known)).encode()).hexdigest()
