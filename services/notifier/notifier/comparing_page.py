"""Compares one page of our dossiers with what their portal said; a bad one costs only itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import structlog

from contracts.envelope import Cause, Head, sha256
from contracts.portal import PortalDossier
from notifier.comparing_rules import (
    COMPARED,
    MOST_TIMES,
    UNREADABLE,
    Differs,
    TellPortalAgain,
    is_under_way,
    what_differs,
)
from notifier.comparing_store import Again, Listed, being_told_again, told_again, unmoved
from notifier.correspondence import Correspondence
from notifier.portal_lists import PortalPage
from plumbing.applying import Item, Part, apply_facts
from plumbing.assembly import Running
from plumbing.database import Conn, passing
from plumbing.logs import describe, where
from plumbing.reconciling import Finding

log = structlog.get_logger()


@dataclass
class Seen:
    """What a page came to: which dossiers say the same, which differ and how, if one is told."""

    same: list[Listed] = field(default_factory=list)
    differing: list[Listed] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    is_told: bool = False

    def add(self, other: "Seen") -> None:
        """Take in what another part of the page came to."""
        self.same += other.same
        self.differing += other.differing
        self.findings += other.findings
        self.is_told |= other.is_told


@dataclass(frozen=True)
class PageComparison:
    """Compares in the caller's transaction, whose dossiers are locked, and repairs."""

    running: Running
    part: Part[Correspondence]

    async def compare(
        self, conn: Conn, heads: dict[UUID, Head], page: Sequence[Listed], said: PortalPage
    ) -> Seen:
        """Return what the page came to; where it fails each dossier is compared by itself.

        One that fails even so is found to be unreadable.
        """
        try:
            async with conn.transaction():
                # A failure must leave the heads as they are.
                return await self._compare(conn, dict(heads), page, said)
        except Exception as error:  # a rule's bug, a contact that does not open
            if passing(error):
                raise
            told = {"error": describe(error), "traceback": where(error)}
        if len(page) > 1:
            log.warning("page_compared_singly", count=len(page), **told)
            seen = Seen()
            for one in page:
                seen.add(await self.compare(conn, heads, [one], said))
            return seen
        (listed,) = page
        log.error("dossier_not_compared", dossier_id=str(listed.dossier_id), **told)
        differs = Differs("different_status", UNREADABLE, shown(said.said_of(listed.reference)))
        return Seen(differing=[listed], findings=[_finding(listed, differs)])

    async def _compare(
        self, conn: Conn, heads: dict[UUID, Head], page: Sequence[Listed], said: PortalPage
    ) -> Seen:
        still = await unmoved(conn, page) - await being_told_again(
            conn, [one.dossier_id for one in page]
        )
        states = await self.part.store.load(conn, list(still))
        now = self.running.clock()
        seen = Seen()
        found: list[tuple[Listed, Differs]] = []
        for one in page:
            if one.dossier_id not in still or is_under_way(states[one.dossier_id], now):
                continue
            differs = what_differs(states[one.dossier_id], said.said_of(one.reference))
            if differs is None:
                seen.same.append(one)
            else:
                found.append((one, differs))
                seen.differing.append(one)
        items, seen.findings = await _repairs(conn, found)
        if items:
            await apply_facts(conn, self.part, self.running.keys, heads, items, now)
        seen.is_told = bool(items)
        return seen


async def _repairs(
    conn: Conn, found: Sequence[tuple[Listed, Differs]]
) -> tuple[list[Item], list[Finding]]:
    """Return what the rules are to hear, and every difference; the last ones to a person."""
    repairable = [listed.dossier_id for listed, differs in found if differs.repair]
    times = await told_again(conn, repairable) if repairable else {}
    items, findings = [], []
    for listed, differs in found:
        again = times.get(listed.dossier_id, Again())
        is_told = bool(differs.repair) and again.because_different < MOST_TIMES
        if is_told:
            message = TellPortalAgain(again.latest + 1)
            items.append(Item(listed.dossier_id, message, _cause(listed, differs)))
        findings.append(_finding(listed, differs, is_told=is_told))
    return items, findings


def shown(said: PortalDossier | Literal["unreadable"] | None) -> str:
    """Return what the portal said as it stands in a report."""
    if said is None or said == UNREADABLE:
        return said or "unknown"
    return "none" if said.status is None else str(said.status)


def _finding(listed: Listed, differs: Differs, *, is_told: bool = False) -> Finding:
    return Finding(
        reference=listed.reference,
        kind=differs.kind,
        ours=differs.ours,
        theirs=differs.theirs,
        repair=differs.repair if is_told else "",
        dossier_id=listed.dossier_id,
        dossier_code=listed.code,
        unit_code=_unit_of(listed.code),
    )


def _unit_of(code: str) -> str:
    """Return the unit a dossier code names, empty when it is of another shape."""
    found = re.search(r"\.([0-9]{3}|[0-9]{5})-", code)
    return found[1] if found else ""


def _cause(listed: Listed, differs: Differs) -> Cause:
    said = f"{differs.kind}:{differs.ours}:{differs.theirs}:{listed.changed_at.isoformat()}"
    return Cause(f"{COMPARED}{listed.code}", sha256(said.encode()))
