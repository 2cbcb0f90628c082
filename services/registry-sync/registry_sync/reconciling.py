"""Compares what we know with what the register says, dossier by dossier, and has it repaired."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import structlog

from plumbing.applying import Part
from plumbing.assembly import Running
from plumbing.calls import Answer, Call, Caller
from plumbing.comparing import NotNow
from plumbing.reconciling import Compared, Finding, Run, advance
from registry_sync.loading import load_each
from registry_sync.polling import BATCH
from registry_sync.reconciling_questions import Heard, NoAnswer, Questions, paused_provinces
from registry_sync.reconciling_rules import There, code_of, is_under_way, what_differs
from registry_sync.reconciling_store import Listed, Place, mark, next_page
from registry_sync.registration import Registration, push_kind
from registry_sync.repairing import Repairs

log = structlog.get_logger()

NEIGHBOUR = "register"
#: So often a question is put at one place until it is left, if others are answered meanwhile.
MOST_TRIES = 4


@dataclass
class Trouble:
    """Where the register does not answer, while this process lasts."""

    tries: Counter[str] = field(default_factory=Counter)
    silent: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class RegisterComparison:
    """Asks the register about a page of dossiers at a time, in constant memory."""

    running: Running
    part: Part[Registration]
    questions: Questions
    neighbour: str = NEIGHBOUR
    trouble: Trouble = field(default_factory=Trouble)

    async def step(self, run: Run) -> Run | None:
        """Compare the next dossiers of a province and procedure; None after the last."""
        async with self.running.pool.acquire() as conn:
            paused = await paused_provinces(conn)
            place, page = await next_page(conn, Place.read(run.position), BATCH, run, paused)
        if not page:
            return None
        heard = await self._heard(run, place, page, paused)
        if heard is None:
            return await self._pass_over(run, place, page)
        there = heard.there
        known = [one for one in page if one.dossier_id in there]
        suspects, unsure, findings = await self._suspects(known, there)
        repairs = Repairs(self.running, self.part, run)
        async with self.running.pool.acquire() as conn, conn.transaction():
            found, moved = await repairs.make(conn, suspects, there)
            findings += found
            unsure |= moved
            sure = [one.code for one in known if one.code not in unsure]
            passed_over = len(page) - len(known)
            run = await advance(conn, run, Compared(str(place), sure, findings, passed_over))
            again = unsure | {one.dossier_code for one in findings if not one.repaired}
            stood = {one.dossier_id: one.stands for one in known if one.code not in again}
            left = {one.dossier_id: "" for one in page if one.dossier_id not in stood}
            await mark(conn, stood | left, list(heard.known))
        if findings:
            self.running.wake()
        return run

    async def _heard(
        self, run: Run, place: Place, page: Sequence[Listed], paused: Sequence[str]
    ) -> Heard | None:
        """Return what the register says; None when these are to be passed over.

        A place where it never answers holds up no other, once it is seen to answer elsewhere.
        """
        tries, silent = self.trouble.tries, self.trouble.silent
        lane, at = (place.province_code, place.procedure_code), str(place)
        try:
            heard = await self.questions.ask(page, place, also_failed=tries[at] >= MOST_TRIES - 1)
        except NoAnswer:
            tries[at] += 1
            is_silent = lane in silent or tries[at] >= MOST_TRIES
            if not is_silent or not await self._answers_elsewhere(run, place, page, paused):
                raise
            silent.add(lane)
            del tries[at]
            return None
        silent.discard(lane)
        tries.pop(at, None)
        return heard

    async def _answers_elsewhere(
        self, run: Run, place: Place, page: Sequence[Listed], paused: Sequence[str]
    ) -> bool:
        """Return whether the register answers a question about another dossier of the run."""
        silent = {one.dossier_id for one in page}
        for start in (place.after_its_lane(), Place(), place):
            async with self.running.pool.acquire() as conn:
                other, listed = await next_page(conn, start, 1, run, paused)
            if not listed or listed[0].dossier_id in silent:
                continue
            try:
                await self.questions.ask(listed, other)
            except NotNow:
                continue
            return True
        return False

    async def _pass_over(self, run: Run, place: Place, page: Sequence[Listed]) -> Run:
        """Leave to the next run what the register gave no answer about."""
        log.error("comparison_passes_over", count=len(page), place=place.province_code)
        async with self.running.pool.acquire() as conn, conn.transaction():
            run = await advance(conn, run, Compared(str(place), (), (), len(page)))
            await mark(conn, {one.dossier_id: "" for one in page}, ())
        return run

    async def _suspects(
        self, page: Sequence[Listed], there: dict[UUID, There]
    ) -> tuple[dict[UUID, Listed], set[str], list[Finding]]:
        """Return those that seem to differ, to be looked at again once they are locked.

        And the codes of those of which it is too early to say, and of what cannot be opened.
        """
        now = self.running.clock()
        async with self.running.pool.acquire() as conn:
            cases = await load_each(self.part, conn, [one.dossier_id for one in page])
        suspects, unsure, findings = {}, set(), []
        for one in page:
            said = there[one.dossier_id]
            case = cases.get(one.dossier_id)
            if case is None:
                findings.append(_not_opened(one, said))
            elif is_under_way(case, said, now):
                unsure.add(one.code)
            elif what_differs(case, said, seen=one.seen, now=now) is not None:
                suspects[one.dossier_id] = one
        return suspects, unsure, findings


def _not_opened(one: Listed, said: There) -> Finding:
    return Finding(
        one.code,
        "different_status",
        "not_opened",
        code_of(said),
        dossier_id=one.dossier_id,
        dossier_code=one.code,
        province_code=one.province_code,
    )


def telling_again(push: Caller) -> Caller:
    """Return the call of `tell_again:<round>:<number>`: a push that always asks first."""

    async def again(call: Call) -> Answer:
        round_ = int(call.kind.split(":")[1])
        return await push(replace(call, kind=push_kind(round_), in_doubt=True))

    return again
