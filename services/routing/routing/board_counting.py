"""Moves facts into the board's counters, and finds what was decided without writing its facts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from uuid import UUID

import structlog

from plumbing.applying import Part, lock
from plumbing.assembly import Running
from plumbing.database import passing
from plumbing.logs import describe, where
from plumbing.waiting import rest
from reference import Reference
from routing.board_store import BATCH, forget_counts, load_uncounted, roll_up
from routing.domain import Case

log = structlog.get_logger()

#: So many cases are looked at in one look, and at most as many are counted in one transaction.
PAGE = 1000
#: An earlier release that runs beside this one writes no facts: so often they are looked for.
LOOK_SECONDS = 900.0


def provinces_of(known: Reference) -> Callable[[str, date], str]:
    """Return what gives the province of a unit on a day's map, "" for no such unit."""

    @lru_cache(maxsize=65536)
    def province_of(unit_code: str, on: date) -> str:
        unit = known.unit(unit_code, on)
        return "" if unit is None else unit.province_code

    return province_of


@dataclass
class Counting:
    """Keeps the board's counters; several may run at once."""

    running: Running
    part: Part[Case]
    known: Reference
    seconds: float
    _again: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Count every so often, and at the start and then at times look for what was left out."""
        loop, look_at = asyncio.get_running_loop(), 0.0
        while True:
            try:
                # First: what keeps the look from its end must not let the facts heap up.
                await self.roll_up()
                if self._again.is_set() or loop.time() >= look_at:
                    self._again.clear()
                    await self.catch_up()
                    look_at = loop.time() + LOOK_SECONDS
                    continue
            except Exception as error:  # what was not counted is still there
                log.error("board_not_counted", error=describe(error), traceback=where(error))
            await rest(self.seconds)

    async def roll_up(self) -> int:
        """Move every fact there is; return how many rows that were."""
        moved, province_of = 0, provinces_of(self.known)
        while True:
            async with self.running.pool.acquire() as conn:
                rows = await roll_up(conn, province_of)
            moved += rows
            if rows < BATCH:
                return moved

    async def catch_up(self) -> int:
        """Write the facts of cases that have some left, page by page; return of how many.

        One that cannot be written is passed over, so that the others behind it are counted.
        """
        after: UUID | None = UUID(int=0)
        found = 0
        while after is not None:
            async with self.running.pool.acquire() as conn:
                left, after = await load_uncounted(conn, after, PAGE)
            found += await self._written(left)
        if found:
            log.info("board_caught_up", count=found)
        return found

    async def _written(self, left: dict[UUID, str]) -> int:
        try:
            if left:
                await self._write(left)
        except Exception as error:
            if passing(error):
                raise
            if len(left) > 1:
                return sum([await self._written({one: code}) for one, code in left.items()])
            told = {"error": describe(error), "traceback": where(error)}
            log.error("case_not_counted", dossier_id=str(next(iter(left))), **told)
            return 0
        return len(left)

    async def _write(self, left: dict[UUID, str]) -> None:
        async with self.running.pool.acquire() as conn, conn.transaction():
            await lock(conn, left)
            cases = await self.part.store.load(conn, list(left))
            await self.part.store.save(conn, list(cases.values()))

    async def recount(self) -> None:
        """Forget every counter; what the cases hold is counted anew soon after.

        Until then the board shows too little.
        """
        async with self.running.pool.acquire() as conn:
            await forget_counts(conn)
        self._again.set()
