"""Repairs what differs from the register by the rules that hear its word, or leaves it alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from contracts.decision import Decision, Refused
from contracts.envelope import Cause, Head, sha256
from plumbing.applying import Item, Part, apply, lock
from plumbing.assembly import Running
from plumbing.database import Conn, passing
from plumbing.logs import describe, where
from plumbing.reconciling import Finding, Run
from registry_sync.entries import are_too_many, entry_now, is_correction
from registry_sync.loading import load_each
from registry_sync.reconciling_rules import (
    CORRECTED,
    MOST_TOLD_AGAIN,
    TELL_AGAIN,
    Differs,
    TellAgain,
    There,
    what_differs,
)
from registry_sync.reconciling_store import Listed, unmoved
from registry_sync.registration import RegisterSaid, Registration
from registry_sync.repairs_store import ToldAgain, corrected_before, told_again

log = structlog.get_logger()

#: A dossier, how it differs, and the message for its rule; None where a person must look.
Planned = tuple[Registration, Differs, object]


@dataclass(frozen=True)
class Repairs:
    """What a run repairs of a page, in the transaction that keeps its place."""

    running: Running
    part: Part[Registration]
    run: Run

    async def make(
        self, conn: Conn, suspects: dict[UUID, Listed], there: dict[UUID, There]
    ) -> tuple[list[Finding], set[str]]:
        """Return what differs, repaired where it can be, and the codes of what moved meanwhile."""
        if not suspects:
            return [], set()
        now = self.running.clock()
        # What is decided of a dossier is decided under its lock, as everywhere.
        heads = await lock(conn, {i: one.code for i, one in suspects.items()})
        still = await unmoved(conn, list(suspects.values()))
        cases = await load_each(self.part, conn, still)
        found = [
            (case, differs)
            for i, case in cases.items()
            if (differs := what_differs(case, there[i], seen=suspects[i].seen, now=now)) is not None
        ]
        planned = await self._planned(conn, await self._held_back(conn, found))
        moved = {one.code for i, one in suspects.items() if i not in cases}
        return await self._settle(conn, heads, planned), moved

    async def _held_back(
        self, conn: Conn, found: Sequence[tuple[Registration, Differs]]
    ) -> list[tuple[Registration, Differs]]:
        """Return what differs; too many corrections at once are left to a person."""
        known = self.part.context(self.running.clock()).reference
        correcting = {
            case.dossier_id
            for case, differs in found
            if differs.repair == CORRECTED
            and isinstance(word := differs.message, RegisterSaid)
            and word.entry is not None
            and is_correction(case, entry_now(case, word.entry), known)
        }
        if not correcting:
            return list(found)
        if not are_too_many(len(correcting), *await corrected_before(conn, self.run)):
            return list(found)
        log.error("corrections_held_back", count=len(correcting))
        return [
            (case, replace(differs, repair="", message=None))
            if case.dossier_id in correcting
            else (case, differs)
            for case, differs in found
        ]

    async def _planned(
        self, conn: Conn, found: Sequence[tuple[Registration, Differs]]
    ) -> list[Planned]:
        lost = {c.dossier_id: c.round for c, differs in found if differs.message == TELL_AGAIN}
        before = await told_again(conn, lost) if lost else {}
        return [
            _telling_again(case, differs, before[case.dossier_id])
            if differs.message == TELL_AGAIN
            else (case, differs, differs.message)
            for case, differs in found
        ]

    async def _settle(
        self, conn: Conn, heads: dict[UUID, Head], planned: Sequence[Planned]
    ) -> list[Finding]:
        """Let the rules repair what they can; what they only took note of was no difference."""
        items = [
            Item(case.dossier_id, message, _cause(case, differs))
            for case, differs, message in planned
            if message is not None
        ]
        decided = await self._apply(conn, heads, items)
        findings = []
        for case, differs, message in planned:
            if message is None:
                findings.append(_finding(case, differs))
                continue
            decision = decided[case.dossier_id]
            if decision is not None and (decision.events or decision.effects):
                is_repaired = bool(decision.events)
                findings.append(replace(_finding(case, differs), repaired=is_repaired))
            elif decision is None or decision.state == case:
                findings.append(_finding(case, replace(differs, repair="")))
        return findings

    async def _apply(
        self, conn: Conn, heads: dict[UUID, Head], items: Sequence[Item]
    ) -> dict[UUID, Decision[Registration] | None]:
        """Return what the rules decided; None for one no rule can take, which harms no other."""
        if not items:
            return {}
        running = self.running
        try:
            async with conn.transaction():
                # A failure must leave the heads as they are.
                decisions = await apply(
                    conn, self.part, running.keys, dict(heads), items, running.clock()
                )
        except Exception as error:
            if passing(error):
                raise
            if len(items) > 1:
                one_by_one = [await self._apply(conn, heads, [item]) for item in items]
                return {i: decision for each in one_by_one for i, decision in each.items()}
            (item,) = items
            told = {"error": describe(error), "traceback": where(error)}
            log.error("difference_not_repaired", dossier_id=str(item.dossier_id), **told)
            return {item.dossier_id: None}
        return {
            item.dossier_id: None if isinstance(decision, Refused) else decision
            for item, decision in zip(items, decisions, strict=True)
        }


def _telling_again(case: Registration, differs: Differs, told: ToldAgain) -> Planned:
    if told.is_by_hand or (told.count >= MOST_TOLD_AGAIN and not told.is_open):
        return case, replace(differs, repair=""), None
    return case, differs, None if told.is_open else TellAgain(case.round, told.count + 1)


def _cause(case: Registration, differs: Differs) -> Cause:
    said = f"{differs.kind}:{differs.ours}:{differs.theirs}:{case.round}"
    return Cause(f"reconciliation:{case.code}", sha256(said.encode()))


def _finding(case: Registration, differs: Differs) -> Finding:
    return Finding(
        case.code,
        differs.kind,
        differs.ours,
        differs.theirs,
        differs.repair,
        dossier_id=case.dossier_id,
        dossier_code=case.code,
        province_code=case.province_code,
        unit_code=case.unit_code,
    )
