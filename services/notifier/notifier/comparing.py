"""Compares what a portal was told with what it says, and tells it again what it does not have."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from notifier.comparing_page import PageComparison
from notifier.comparing_rules import TOO_YOUNG, UNREADABLE
from notifier.comparing_store import compared_since, known_references, mark, next_page
from notifier.correspondence import Correspondence
from notifier.portal_lists import PAGE, PortalAway, PortalList, PortalMisspoke, PortalPage
from notifier.requests import PORTAL
from plumbing.applying import Part, lock
from plumbing.assembly import Running
from plumbing.comparing import NotNow, leave_to_ask
from plumbing.lanes import is_paused
from plumbing.reconciling import Compared, Finding, Run, advance

log = structlog.get_logger()

#: First every dossier of ours is asked about, then the portal's own list is read.
_OURS, _THEIRS = "ours", "theirs"
#: How often, and after what time each, leave is asked for until the portal counts as shut.
LEAVE_TRIES, LEAVE_SECONDS = 20, 0.1
#: What the valve knows every question by: a list that fails tells little of the callbacks.
_QUESTION = "list"


@dataclass(frozen=True)
class PortalComparison:
    """Compares with one portal, a page of dossiers at a time, in constant memory."""

    running: Running
    part: Part[Correspondence]
    portal: PortalList
    neighbour: str

    async def step(self, run: Run) -> Run | None:
        """Compare the next page; None after the portal's last. Raises NotNow."""
        phase, _, place = (run.position or f"{_OURS}|").partition("|")
        if phase == "end":
            return None
        async with self.running.pool.acquire() as conn:
            if await is_paused(conn, PORTAL, self.neighbour):
                raise NotNow("paused")
        return await (self._ours(run, place) if phase == _OURS else self._theirs(run, place))

    async def _ours(self, run: Run, place: str) -> Run:
        pool = self.running.pool
        async with pool.acquire() as conn:
            page = await next_page(conn, run, place, PAGE)
        if not page:
            async with pool.acquire() as conn, conn.transaction():
                return await advance(conn, run, Compared(f"{_THEIRS}|", ()))
        said = await self._asked(partial(self.portal.of, [one.reference for one in page]))
        async with pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {one.dossier_id: one.code for one in page})
            seen = await PageComparison(self.running, self.part).compare(conn, heads, page, said)
            same, differing = (
                [one.dossier_id for one in listed] for listed in (seen.same, seen.differing)
            )
            await mark(conn, same, differing)
            references = [one.reference for one in (*seen.same, *seen.differing)]
            done = Compared(f"{_OURS}|{page[-1].reference}", references, seen.findings)
            run = await advance(conn, run, done)
        if seen.is_told:
            self.running.wake()
        return run

    async def _theirs(self, run: Run, place: str) -> Run:
        """Read the portal's list on: what we never heard of is missing here."""
        pool = self.running.pool
        async with pool.acquire() as conn:
            since = await compared_since(conn, run)
        page = await self._asked(partial(self.portal.after, place, since))
        said = {
            one.portal_reference: "sent" if one.status is None else str(one.status)
            for one in page.dossiers
            if not self._is_young(one.submitted_at)
        } | dict.fromkeys(page.unreadable, UNREADABLE)
        async with pool.acquire() as conn, conn.transaction():
            known = await known_references(conn, self.neighbour, list(said))
            findings = [
                Finding(reference, "missing_here", ours="unknown", theirs=theirs)
                for reference, theirs in said.items()
                if reference not in known
            ]
            missing = [one.reference for one in findings]
            following = f"{_THEIRS}|{page.next}" if page.next else "end|"
            return await advance(conn, run, Compared(following, missing, findings))

    async def _asked(self, ask: Callable[[], Awaitable[PortalPage]]) -> PortalPage:
        """Return the portal's answer, asked through the valve of its callbacks; raises NotNow."""
        valves, place = self.running.valves, (PORTAL, self.neighbour)
        with await leave_to_ask(valves, *place, tries=LEAVE_TRIES, seconds=LEAVE_SECONDS) as leave:
            try:
                page = await ask()
            except PortalAway as away:
                leave.report("no" if away.at_work else "unknown", _QUESTION)
                raise NotNow(str(away)) from None
            except PortalMisspoke as odd:
                leave.report("done", _QUESTION)
                log.error("portal_misspoke", portal=self.neighbour, reason=str(odd))
                raise NotNow("misspoke") from None
            leave.report("done", _QUESTION)
        if count := len(page.unreadable) + page.nameless:
            log.error("portal_misspoke", portal=self.neighbour, reason="rows", count=count)
        return page

    def _is_young(self, submitted_at: datetime) -> bool:
        return self.running.clock() - submitted_at < TOO_YOUNG
