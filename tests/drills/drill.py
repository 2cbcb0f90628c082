"""What a drill is: a disaster and the way back, each step in words, as commands and as code."""

import asyncio
import contextlib
import dataclasses
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp

from tests.chaos.campaign.field import Field, NotDone

HOTICH = Path(sys.executable).parent / "hotich"
PATIENCE_SECONDS = 120.0
#: `before` is done under load and is no trouble; the clock runs from the first `disaster`.
Part = Literal["before", "disaster", "recovery"]


@dataclass
class Drilling:
    """A drill under way: where it takes place, what its steps leave for one another."""

    field: Field
    say: Callable[[str], None]
    kept: dict[str, Any] = dataclasses.field(default_factory=dict)
    #: Figures of the drill's own, which stand in its result.
    figures: dict[str, Any] = dataclasses.field(default_factory=dict)

    async def stop(self, name: str) -> None:
        """Stop every process of a component; they stay away until started."""
        await asyncio.to_thread(self.field.stack.stop_component, name)

    async def start(self, name: str) -> None:
        """Start what was stopped and return when it is ready."""
        await asyncio.to_thread(self.field.stack.start_component, name)
        await asyncio.to_thread(self.field.stack.await_component, name, PATIENCE_SECONDS)

    async def begin(self, name: str) -> None:
        """Start what was stopped and return at once."""
        await asyncio.to_thread(self.field.stack.start_component, name)

    async def count(self, service: str, sql: str, *values: Any) -> int:
        """Return one number from a service's database."""
        async with self.field.database(self.field.status.databases[service]) as connection:
            return int(await connection.fetchval(sql, *values))

    async def execute(self, url: str, sql: str) -> None:
        """Run one statement at that database."""
        async with self.field.database(url) as connection:
            await connection.execute(sql)

    async def until(self, check: Callable[[], Awaitable[bool]], what: str) -> None:
        """Return when the check holds; raises NotDone naming `what` when it never does."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not await check():
            if time.monotonic() > give_up:
                raise NotDone(f"never happened: {what}")
            await asyncio.sleep(0.3)

    async def ready(self, service: str) -> bool:
        """Return whether the first process of a service says that it is ready."""
        url = f"{self.field.status.urls[service]}/health/ready"
        short = aiohttp.ClientTimeout(total=2.0)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self.field.http.get(url, timeout=short) as response:
                return response.status == 200
        return False

    async def run(self, *command: str | Path, codes: tuple[int, ...] = (0,)) -> str:
        """Run a program and return what it printed; raises NotDone on another exit code."""

        def run() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [str(part) for part in command], capture_output=True, text=True, check=False
            )

        done = await asyncio.to_thread(run)
        if done.returncode not in codes:
            said = f"{done.stdout}\n{done.stderr}".strip()[-600:]
            raise NotDone(f"{Path(command[0]).name} {command[1]}: exit {done.returncode}: {said}")
        return done.stdout

    async def hotich(self, *words: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run the command line and return what it printed."""
        return await self.run(HOTICH, *words, codes=codes)


Act = Callable[[Drilling], Awaitable[None]]


@dataclass(frozen=True)
class Step:
    """One step: what is done, in words, as the operator's commands, and as the script does it."""

    part: Part
    words: str
    commands: tuple[str, ...] = ()
    act: Act | None = None


@dataclass(frozen=True)
class Lack:
    """Why an invariant cannot hold in a drill; only breaches of this `form` are let pass."""

    why: str
    form: str


@dataclass(frozen=True)
class Drill:
    """One disaster; `shows` and `honest` are sentences of the runbook.

    `seconds` is how long portals send, `rate` how many dossiers a second; where it takes so many
    `brokers` and no others, they are said. `environment` is what the services are told, `breaks`
    names invariants of the judge that cannot hold here, each with the reason. With `mounts` it
    makes file systems, for which it needs to be root or the system to let everybody make his own.
    """

    name: str
    title: str
    shows: tuple[str, ...]
    steps: tuple[Step, ...]
    honest: tuple[str, ...] = ()
    seconds: float = 40.0
    rate: float = 3.0
    brokers: int | None = None
    prepare: Act | None = None
    mounts: bool = False
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    breaks: Mapping[str, Lack] = dataclasses.field(default_factory=dict)


def lasts(seconds: float) -> Act:
    """Return an act that lets time pass; what took hours is played in so many seconds."""

    async def wait(drilling: Drilling) -> None:
        await asyncio.sleep(seconds)

    return wait


def stopped(*names: str) -> Act:
    """Return an act that stops components."""

    async def stop(drilling: Drilling) -> None:
        for name in names:
            await drilling.stop(name)

    return stop


def started(*names: str) -> Act:
    """Return an act that starts components and waits until they are ready."""

    async def start(drilling: Drilling) -> None:
        for name in names:
            await drilling.begin(name)
        for name in names:
            await drilling.start(name)

    return start


def plain(words: str) -> str:
    """Return the words of a step as they are read on a terminal: of a link, its text."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", words)
