"""Looks again and again for what time has brought about: supplements over, units that are no more.

Several may sweep at once: whoever comes second is refused by the rules.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog

from contracts.decision import Decision
from contracts.envelope import Cause
from contracts.model import local_day
from plumbing import metrics
from plumbing.applying import Item, Part, apply, lock
from plumbing.assembly import Running
from plumbing.database import Conn, passing
from plumbing.logs import describe, where
from plumbing.waiting import rest
from routing.domain import Case, Expire, Merge, RoutingContext, may_expire, may_merge
from routing.domain.stopping import UNDER_WAY
from routing.holding import holder_of
from routing.overview import Holder, count_open, load_expired, load_held, load_holders
from routing.store import SERVICE

log = structlog.get_logger()

#: So many cases are locked at once.
BATCH = 500
#: A unit whose cases no rule hands on is not looked at again for so long.
QUIET = timedelta(hours=1)
_OPEN = ("received", "supplement", "accepted", "stopped")

#: Gives the page of cases after one, at most BATCH.
Page = Callable[[Conn, Case | None], Awaitable[list[Case]]]


@dataclass(frozen=True)
class Sweeper:
    """Ends what time ended, hands on what a merger left behind, and counts what is late."""

    running: Running
    part: Part[Case]
    seconds: float
    _quiet_until: dict[Holder, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Sweep at once and then every so often, until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception as error:  # what was not done comes again; nobody else sweeps for us
                log.error("sweep_failed", error=describe(error), traceback=where(error))
            await rest(self.seconds)

    async def sweep(self) -> int:
        """Do everything once and refresh the gauges; return how many cases were moved on."""
        context = self.part.context(self.running.clock())
        assert isinstance(context, RoutingContext)
        moved = await self._expire(context) + await self._merge(context)
        await self._count(context)
        return moved

    async def _expire(self, context: RoutingContext) -> int:
        async def page(conn: Conn, after: Case | None) -> list[Case]:
            return await load_expired(conn, context.now - UNDER_WAY, after, BATCH)

        return await self._sweep_pages(
            "expire", page, lambda case: may_expire(case, context.now), Expire()
        )

    async def _merge(self, context: RoutingContext) -> int:
        async with self.running.pool.acquire() as conn:
            holders = await load_holders(conn)
        today, moved = local_day(context.now), 0
        for holder in holders:
            stands, before = _stands(holder, today, context)
            if stands or self._quiet_until.get(holder, context.now) > context.now:
                continue
            handed_on, left = await self._merge_unit(holder.unit_code, before, context)
            if not handed_on:
                self._quiet_until[holder] = context.now + QUIET
                if left:
                    log.warning("nobody_goes_on", unit_code=holder.unit_code, count=left)
            moved += handed_on
        return moved

    async def _merge_unit(
        self, unit_code: str, before: date | None, context: RoutingContext
    ) -> tuple[int, int]:
        """Return how many cases were handed on, and how many are left that nobody can."""
        left = 0

        async def page(conn: Conn, after: Case | None) -> list[Case]:
            return await load_held(conn, unit_code, before, after, BATCH)

        def may(case: Case) -> bool:
            nonlocal left
            left += _nobody_holds(case, context)
            return may_merge(case, context)

        return await self._sweep_pages("merge", page, may, Merge()), left

    async def _sweep_pages(
        self, what: str, page: Page, may: Callable[[Case], bool], command: object
    ) -> int:
        """Page by page, so that cases no rule moves on do not stand before the others."""
        after: Case | None = None
        moved = 0
        while True:
            async with self.running.pool.acquire() as conn:
                cases = await page(conn, after)
            moved += await self._apply_all(what, [case for case in cases if may(case)], command)
            if len(cases) < BATCH:
                break
            after = cases[-1]
        if moved:
            log.info("swept", kind=what, count=moved)
        return moved

    async def _apply_all(self, what: str, cases: Sequence[Case], command: object) -> int:
        """Apply to all together; if that fails, to each by itself, so that one harms no other."""
        if not cases:
            return 0
        try:
            return await self._apply(what, cases, command)
        except Exception as error:  # a case no rule can take: find it, spare the others
            if passing(error):
                raise
            if len(cases) == 1:
                log.error(
                    "case_not_swept",
                    kind=what,
                    dossier_id=str(cases[0].dossier_id),
                    error=describe(error),
                    traceback=where(error),
                )
                return 0
        return sum([await self._apply_all(what, [case], command) for case in cases])

    async def _apply(self, what: str, cases: Sequence[Case], command: object) -> int:
        running = self.running
        async with running.pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {case.dossier_id: case.code for case in cases})
            items = [Item(case.dossier_id, command, _cause(what, case)) for case in cases]
            decisions = await apply(conn, self.part, running.keys, heads, items, running.clock())
        running.wake()
        return sum(isinstance(decision, Decision) for decision in decisions)

    async def _count(self, context: RoutingContext) -> None:
        async with self.running.pool.acquire() as conn:
            counts = await count_open(conn, context.now)
        for status in _OPEN:
            metrics.OPEN_CASES.labels(SERVICE, status).set(counts[status])
        for kind in ("reception", "appointment"):
            metrics.OVERDUE_CASES.labels(SERVICE, kind).set(counts[f"late_{kind}"])


def _stands(holder: Holder, today: date, context: RoutingContext) -> tuple[bool, date | None]:
    """Return whether the unit is the one its cases were given to, else since when it is not.

    Codes are used again after a merger: one of an earlier map may be another place today.
    """
    unit = context.reference.unit(holder.unit_code, today)
    if unit is None:
        return False, None
    return holder.since is None or holder.since >= unit.valid_from, unit.valid_from


def _nobody_holds(case: Case, context: RoutingContext) -> bool:
    """Return whether no unit of today is the case's, nor goes on for the one it was given to."""
    holder, today = holder_of(case, context), local_day(context.now)
    return holder is None or context.reference.unit(holder, today) is None


def _cause(what: str, case: Case) -> Cause:
    known = (what, str(case.dossier_id), case.unit_code, str(case.unit_on), len(case.trail))
    return Cause(f"sweep:{what}:{case.code}", hashlib.sha256(repr(known).encode()).hexdigest())
