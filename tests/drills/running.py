"""Carries a drill out under load, takes its times, and has it judged as a campaign is."""

import asyncio
import os
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from local_stack.stack import Stack
from local_stack.tracks import Track
from tests.chaos.campaign import run
from tests.chaos.campaign.course import Fault, Happened
from tests.chaos.campaign.evidence import gather
from tests.chaos.campaign.field import Field
from tests.chaos.campaign.invariants.finding import Verdict
from tests.chaos.campaign.kinds import PROCESSES
from tests.chaos.campaign.verdict import Judgement, judge
from tests.drills import restarting
from tests.drills.drill import Drill, Drilling

#: Dossiers are under way everywhere by then.
WARM_SECONDS = 8.0
SEED = 8
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
    """What came of a drill; it `holds` when every invariant did that can hold in it."""

    drill: Drill
    taken: Taken
    judgement: Judgement
    figures: Mapping[str, Any]

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
        lack = self.drill.breaks.get(verdict.name.split()[0])
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
        (happened,) = self.judgement.course.faults
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
            "cannot_hold": {name: one.why for name, one in self.drill.breaks.items()},
            "dossiers": len(self.judgement.course.sent),
            "invariants": [asdict(one) for one in self.judgement.verdicts],
            "campaign": known,
        }


def environment(root: Path, drill: Drill, name: str) -> dict[str, str]:
    """Return what the drill's stack is started with."""
    made = run.environment(run.folder_of(root, name), drill.brokers)
    return {**made, **restarting.environment(made["PYTHONPATH"]), **drill.environment}


async def drilled(stack: Stack, drill: Drill, say: run.Say) -> Result:
    """Return the result of a drill on its stack, which is up and empty, and up afterwards."""
    status = stack.status()
    folder = run.folder_of(stack.place.root, stack.place.name)
    folder.mkdir(exist_ok=True)
    settings = run.Settings(SEED, drill.seconds / 60, drill.brokers, drill.rate, (), 120.0)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        drilling = Drilling(Field(stack, status, folder, http, SEED), say)
        if drill.prepare:
            say("preparing")
            await drill.prepare(drilling)
        going = _Going(drilling, settings, drill)
        course = await going.course()
    say("judging")
    evidence = await gather(stack.status(), course, stack.place.root)
    return Result(drill, going.taken, judge(evidence, course), drilling.figures)


class _Going(run._Campaign):
    """A campaign whose faults are the steps of one drill, one after the other."""

    def __init__(self, drilling: Drilling, settings: run.Settings, drill: Drill) -> None:
        super().__init__(drilling.field, settings, drilling.say)
        self._drilling, self._drill = drilling, drill
        self.taken = Taken()
        if not drill.supplements:
            self._orders = [one for one in self._orders if not one.sample.then and not one.papers]
            self._tracks = [Track(one.sample) for one in self._orders]

    async def _faults(self, began: float) -> list[Happened]:
        await asyncio.sleep(max(0.0, began + WARM_SECONDS - time.monotonic()))
        noticing: asyncio.Task[None] | None = None
        try:
            for step in self._drill.steps:
                if step.part == "disaster" and noticing is None:
                    self.taken.began_at = datetime.now(UTC)
                    noticing = asyncio.create_task(self._notice(time.monotonic()))
                before = time.monotonic()
                if step.act:
                    await step.act(self._drilling)
                seconds = round(time.monotonic() - before, 1)
                self.taken.steps.append({"step": step.words, "seconds": seconds})
                self._say(f"{step.part}: {step.words} ({seconds} s)")
        finally:
            if noticing:
                noticing.cancel()
        ended, began_at = datetime.now(UTC), self.taken.began_at
        assert began_at is not None
        fault = Fault(1, self._drill.name, "", 0.0, (ended - began_at).total_seconds())
        return [Happened(fault, began_at, ended)]

    async def _notice(self, began: float) -> None:
        """Note the first sign an operator would see: a process not ready, or something late."""
        looks = len(self._seen.looks)
        while not (sign := await self._sign(looks)):
            await asyncio.sleep(_ASK_SECONDS)
        self.taken.noticed_seconds = round(time.monotonic() - began, 1)
        self.taken.noticed_by = sign
        self._say(f"noticed after {self.taken.noticed_seconds} s: {sign}")

    async def _sign(self, looks: int) -> str:
        urls = self._field.status.urls
        for process in PROCESSES:
            if process in urls and not await self._drilling.ready(process):
                return f"{process} is not ready"
        late = next((late for _, late in self._seen.looks[looks:] if late), None)
        return ", ".join(late) if late else ""


def play(root: Path, drill: Drill, say: run.Say) -> Result:
    """Run a drill on a stack of its own, which is stopped afterwards and whose data stay."""
    name = f"drill-{drill.name}"
    os.environ.update(environment(root, drill, name))
    with Stack(root, name, fresh=True) as stack:
        say("everything is up; portals begin to send")
        return asyncio.run(drilled(stack, drill, say))
