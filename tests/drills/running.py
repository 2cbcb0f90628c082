"""Carries a drill out under load, takes its times, and has it judged as a campaign is."""

import asyncio
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from local_stack.stack import Stack
from tests.chaos.campaign import run
from tests.chaos.campaign.course import Fault, Happened
from tests.chaos.campaign.evidence import gather
from tests.chaos.campaign.field import Field, NotDone
from tests.chaos.campaign.invariants.finding import Verdict
from tests.chaos.campaign.kinds import PROCESSES
from tests.chaos.campaign.verdict import Judgement, judge
from tests.drills import mounts, restarting
from tests.drills.drill import Drill, Drilling, Lack, plain

#: Dossiers are under way everywhere by then.
WARM_SECONDS = 8.0
SEED = 8
#: Of drills one after the other, how long portals go on for what one leaves to be done.
_BETWEEN_SECONDS = 10.0
_ASK_SECONDS = 0.25


@dataclass
class Taken:
    """The times of a drill; seconds count from the disaster, None is never."""

    began_at: datetime | None = None
    noticed_seconds: float | None = None
    noticed_by: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """What came of a drill; it `holds` when every invariant did that can hold in it.

    Of drills played one after the other, `number` says which one it was; all were judged as one,
    so `breaks` has what cannot hold in any of them.
    """

    drill: Drill
    taken: Taken
    judgement: Judgement
    figures: Mapping[str, Any]
    breaks: Mapping[str, Lack]
    number: int = 0

    @property
    def broken(self) -> tuple[str, ...]:
        """Return the invariants that do not hold and should."""
        return tuple(
            one.name.split()[0]
            for one in self.judgement.verdicts
            if not one.holds and not self.lacks(one)
        )

    def lacks(self, verdict: Verdict) -> str:
        """Return why what broke the invariant cannot be otherwise in this drill, else nothing."""
        lack = self.breaks.get(verdict.name.split()[0])
        if lack is None or not all(re.fullmatch(lack.form, line) for line in verdict.breaches):
            return ""
        return lack.why

    @property
    def holds(self) -> bool:
        """Return whether nothing was lost or doubled."""
        return not self.broken

    @property
    def recovered_seconds(self) -> float | None:
        """Return the seconds from the disaster until nothing was late any more."""
        happened = self.judgement.course.faults[self.number]
        if happened.recovered_at is None or self.taken.began_at is None:
            return None
        return round((happened.recovered_at - self.taken.began_at).total_seconds(), 1)

    def document(self) -> dict[str, Any]:
        """Return the document of `build/drill-<name>.json`."""
        known = self.judgement.figures
        return {
            "drill": self.drill.name,
            "holds": self.holds,
            "noticed_seconds": self.taken.noticed_seconds,
            "noticed_by": self.taken.noticed_by,
            "recovered_seconds": self.recovered_seconds,
            "steps": self.taken.steps,
            "figures": dict(self.figures),
            "broken": list(self.broken),
            "cannot_hold": {name: one.why for name, one in self.breaks.items()},
            "dossiers": len(self.judgement.course.sent),
            "invariants": [asdict(one) for one in self.judgement.verdicts],
            "campaign": known,
        }


def _brokers(drills: Sequence[Drill]) -> int:
    needed = {one.brokers for one in drills if one.brokers}
    if len(needed) > 1:
        raise NotDone("drills of one broker and of three are played apart")
    return needed.pop() if needed else 1


def environment(root: Path, drills: Sequence[Drill], name: str) -> dict[str, str]:
    """Return what the stack is started with on which the drills are played."""
    made = run.environment(run.folder_of(root, name), _brokers(drills))
    told = {**made, **restarting.environment(made["PYTHONPATH"])}
    for drill in drills:
        told |= drill.environment
    return told


async def drilled(stack: Stack, drills: Sequence[Drill], say: run.Say) -> list[Result]:
    """Return the result of each drill; the stack is up and empty, and up afterwards."""
    status = stack.status()
    folder = run.folder_of(stack.place.root, stack.place.name)
    folder.mkdir(exist_ok=True)
    seconds = sum(one.seconds for one in drills) + _BETWEEN_SECONDS * (len(drills) - 1)
    rate = min(one.rate for one in drills)
    settings = run.Settings(SEED, seconds / 60, _brokers(drills), rate, (), 120.0)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        drilling = Drilling(Field(stack, status, folder, http, SEED), say)
        for drill in drills:
            if drill.prepare:
                say(f"preparing {drill.name}")
                await drill.prepare(drilling)
        going = _Going(drilling, settings, drills)
        course = await going.course()
    say("judging")
    judgement = judge(await gather(stack.status(), course, stack.place.root), course)
    breaks = {name: lack for one in drills for name, lack in one.breaks.items()}
    return [
        Result(drill, taken, judgement, drilling.figures, breaks, number)
        for number, (drill, taken) in enumerate(zip(drills, going.taken, strict=True))
    ]


class _Going(run._Campaign):
    """A campaign whose faults are the steps of drills, one after the other."""

    def __init__(self, drilling: Drilling, settings: run.Settings, drills: Sequence[Drill]) -> None:
        super().__init__(drilling.field, settings, drilling.say)
        self._drilling, self._drills = drilling, drills
        self.taken: list[Taken] = []

    async def _faults(self, began: float) -> list[Happened]:
        await asyncio.sleep(max(0.0, began + WARM_SECONDS - time.monotonic()))
        happened: list[Happened] = []
        for drill in self._drills:
            if happened:
                await self._nothing_late(happened[-1].ended_at)
            happened.append(await self._played(drill, len(happened) + 1))
        return happened

    async def _played(self, drill: Drill, number: int) -> Happened:
        taken = Taken()
        self.taken.append(taken)
        noticing: asyncio.Task[None] | None = None
        try:
            for step in drill.steps:
                if step.part == "disaster" and noticing is None:
                    taken.began_at = datetime.now(UTC)
                    noticing = asyncio.create_task(self._notice(taken, time.monotonic()))
                before = time.monotonic()
                self._say(f"{step.part}: {plain(step.words)}")
                if step.act:
                    await step.act(self._drilling)
                seconds = round(time.monotonic() - before, 1)
                taken.steps.append({"step": step.words, "seconds": seconds})
                self._say(f"  done after {seconds} s")
        finally:
            if noticing:
                noticing.cancel()
        ended = datetime.now(UTC)
        assert taken.began_at is not None
        fault = Fault(number, drill.name, "", 0.0, (ended - taken.began_at).total_seconds())
        return Happened(fault, taken.began_at, ended)

    async def _nothing_late(self, since: datetime) -> None:
        """Return when a look that began later found nothing late."""

        async def quiet() -> bool:
            at, late = self._seen.looks[-1]
            return at > since and not late

        await self._drilling.until(quiet, "nothing is late any more")

    async def _notice(self, taken: Taken, began: float) -> None:
        """Note the first sign an operator would see: a process not ready, or something late."""
        looks = len(self._seen.looks)
        while not (sign := await self._sign(looks)):
            await asyncio.sleep(_ASK_SECONDS)
        taken.noticed_seconds = round(time.monotonic() - began, 1)
        taken.noticed_by = sign
        self._say(f"noticed after {taken.noticed_seconds} s: {sign}")

    async def _sign(self, looks: int) -> str:
        urls = self._field.status.urls
        for process in PROCESSES:
            if process in urls and not await self._drilling.ready(process):
                return f"{process} is not ready"
        late = next((late for _, late in self._seen.looks[looks:] if late), None)
        return ", ".join(late) if late else ""


def play(root: Path, drills: Sequence[Drill], say: run.Say) -> list[Result]:
    """Run drills one after the other on a stack of their own; it is stopped, its data stay.

    Raises NotDone for drills that need different numbers of brokers.
    """
    name = f"drill-{drills[0].name}"
    if any(one.mounts for one in drills):
        mounts.apart()
    os.environ.update(environment(root, drills, name))
    with Stack(root, name, fresh=True) as stack:
        say("everything is up; portals begin to send")
        return asyncio.run(drilled(stack, drills, say))
