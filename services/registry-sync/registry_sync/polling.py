"""Asks the register in batches what became of the dossiers it was told of."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from plumbing.applying import Part
from plumbing.assembly import Running
from plumbing.database import passing
from plumbing.lanes import load_pauses, pause_of
from plumbing.logs import describe, where
from plumbing.together import Together
from plumbing.valves import Limit, Pass
from plumbing.waiting import rest
from registry_sync.asking import ask_in_parts
from registry_sync.braking import held_back
from registry_sync.claims import Due, claim_due
from registry_sync.pushing import REGISTER_LANE
from registry_sync.reconciling_store import note_seen
from registry_sync.register import Register, RegisterAway
from registry_sync.registration import RegisterSaid, Registration
from registry_sync.results import RegisterMisspoke, Results
from registry_sync.words import apply_words

log = structlog.get_logger()

#: The register answers at most this many dossiers in one question.
BATCH = 1000
#: The longest pause after a question, and while nothing is due.
BUSY_SECONDS, IDLE_SECONDS = 0.1, 0.2
ROOM_SECONDS = 0.05
#: The name of the register's answering service among the neighbours: it fails apart from the one
#: that is told, and what is told may not crowd it out.
RESULTS = "results"
#: Questions under way at once, one for each province and procedure.
RESULTS_LIMIT = Limit(concurrency=8)
#: What was asked about, and what was answered.
_Answered = tuple[Sequence[Due], Results]


@dataclass
class Poller:
    """Claims what is due, asks by province and procedure, and applies the final words.

    It asks as the valve of the register's answers lets it, and not for a province that people
    paused, nor for any while the whole lane is paused.
    """

    running: Running
    part: Part[Registration]
    register: Register

    def __post_init__(self) -> None:
        """Make what questions under way share: a look at the pauses, and one transaction."""
        self._is_paused = Together(self._are_paused)
        self._hear = Together(self._hear_all)

    async def run(self) -> None:
        """Poll until cancelled; while the register is away, ask ever more seldom."""
        pause_seconds = IDLE_SECONDS
        while True:
            decided = 0
            try:
                due = await self._claim()
                decided, away = await self._ask(due)
                usual = BUSY_SECONDS if due else IDLE_SECONDS
                pause_seconds = min(max(pause_seconds, usual) * 2, 30.0) if away else usual
            except Exception as error:  # what was claimed comes again; nobody else polls for us
                log.error("poll_failed", error=describe(error), traceback=where(error))
                pause_seconds = min(pause_seconds * 2, 30.0)
            if decided < BATCH:
                await rest(random.uniform(pause_seconds / 2, pause_seconds))

    async def _claim(self) -> list[Due]:
        if not self.running.valves.may_call(RESULTS):
            return []
        async with self.running.pool.acquire() as conn:
            pauses = await load_pauses(conn)
        paused = [one.turn for one in pauses if one.lane == REGISTER_LANE]
        return [] if "" in paused else await claim_due(self.running.pool, BATCH, paused)

    async def _ask(self, due: Sequence[Due]) -> tuple[int, bool]:
        """Return how many were decided, and whether every question went without an answer.

        By the province the register was told, and of what it does not know there, by the one
        that goes on; by procedure. A question that fails keeps no other from its answer.
        """
        lanes: dict[tuple[str, str], list[Due]] = defaultdict(list)
        for one in due:
            lanes[one.told_province, one.procedure_code].append(one)
        answers = await asyncio.gather(
            *(self._ask_lane(*lane, those) for lane, those in lanes.items()), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        decided = [answer for answer in answers if isinstance(answer, int)]
        return sum(decided), bool(answers) and not decided

    async def _ask_lane(
        self, province_code: str, procedure_code: str, asked: Sequence[Due]
    ) -> int | None:
        """Return how many were decided, None without an answer."""
        found = await self._results(asked, province_code, procedure_code)
        if found is None:
            return None
        decided = await self._hear((asked, found))
        if decided is None:
            (decided,) = await self._take_up([(asked, found)])
        moved = [
            replace(one, told_province=one.province_code)
            for one in asked
            if one.code not in found.known and one.province_code != one.told_province
        ]
        return decided + (await self._ask(moved))[0]

    async def _results(
        self, asked: Sequence[Due], province_code: str, procedure_code: str
    ) -> Results | None:
        codes = [one.code for one in asked]
        whose = f"{province_code}:{procedure_code}"
        with await self._leave() as passed:
            if await self._is_paused(province_code):
                return None
            try:
                found = await ask_in_parts(self.register, codes, province_code, procedure_code)
            except (RegisterAway, RegisterMisspoke) as error:
                passed.report("unknown", whose)
                log.warning("register_not_asked", error=describe(error), reason=str(error))
                return None
            passed.report("done", whose)
            return found

    async def _leave(self) -> Pass:
        # What was claimed waits here while the valve is shut, and is asked when it opens.
        while True:
            passed = self.running.valves.begin(RESULTS)
            if passed is not None:
                return passed
            await rest(ROOM_SECONDS)

    async def _are_paused(self, provinces: Sequence[str]) -> list[bool]:
        async with self.running.pool.acquire() as conn:
            pauses = await load_pauses(conn)
        return [pause_of(REGISTER_LANE, one, pauses) is not None for one in provinces]

    async def _hear_all(self, answers: Sequence[_Answered]) -> Sequence[int | None]:
        """Return of each how many were decided, None where one spoilt it: each goes alone then."""
        try:
            return await self._take_up(answers)
        except Exception as error:  # of one province, perhaps: the others must not wait for it
            if len(answers) == 1 or passing(error):
                raise
            log.warning("answers_taken_up_apart", count=len(answers), error=describe(error))
            return [None] * len(answers)

    async def _take_up(self, answers: Sequence[_Answered]) -> list[int]:
        """Take up what answers came together; return of each how many were decided."""
        seen = [
            one.dossier_id for asked, found in answers for one in asked if one.code in found.known
        ]
        await note_seen(self.running.pool, seen)
        # Too many corrections are told by the one answer they stand in.
        words = [
            await held_back(self.running, self.part, _known(asked, found))
            for asked, found in answers
        ]
        together = {one: word for those in words for one, word in those.items()}
        await apply_words(self.running, self.part, together)
        return [len(those) for those in words]


def _known(asked: Sequence[Due], found: Results) -> dict[Due, RegisterSaid]:
    """Return the words about what was asked; what is odd about a dossier is logged."""
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
        # Much may have come of the dossier by now; this answers the round it was asked in.
        known[one] = replace(word, round=one.round, revision=one.revision)
    return known
