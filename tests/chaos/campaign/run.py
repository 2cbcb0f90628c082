"""One campaign from the first dossier to the quiet after the last: load, faults, heal, drain."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from local_stack.places import Place
from local_stack.stack import Stack
from local_stack.tracks import Track
from tests.chaos.campaign import monitor, overlay, records
from tests.chaos.campaign.course import Course, Fault, Happened, Sent
from tests.chaos.campaign.field import Field, NotDone
from tests.chaos.campaign.kinds import AUDIT, PROCESSES
from tests.chaos.campaign.load import Load, LoadJournal
from tests.chaos.campaign.nemeses import carry_out
from tests.chaos.campaign.once import Once
from tests.chaos.campaign.orders import orders
from tests.chaos.campaign.waiting import Patience, Waiting

REPLICAS = "routing:2,registry-sync:2"
#: So often in a row nothing is left, before it counts as drained.
_QUIET_LOOKS = 3
_LOOK_SECONDS = 1.0
FOLDER = "campaign"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What a campaign is run with; the rate is dossiers a second.

    When everything is healed and less and less waits, there is time; when for `drain_seconds`
    it got no less, what waits counts as never done.
    """

    seed: int
    minutes: float
    brokers: int
    rate: float
    faults: tuple[Fault, ...]
    drain_seconds: float = 90.0


def environment(folder: Path, brokers: int, broken: str = "") -> dict[str, str]:
    """Return what the stack of a campaign is started with; `folder` is where it is told faults."""
    return {
        "BROKERS": str(brokers),
        "REPLICAS": REPLICAS,
        "DETOURS": "1",
        **overlay.environment(folder, broken),
    }


def folder_of(root: Path, name: str) -> Path:
    """Return where a campaign on the stack of that name keeps its own files."""
    return Place(root.resolve(), name).state / FOLDER


async def run(stack: Stack, settings: Settings, say: Say) -> Course:
    """Return the course of a whole campaign; the stack is up and empty, and still up afterwards."""
    status = stack.status()
    folder = folder_of(stack.place.root, stack.place.name)
    folder.mkdir(exist_ok=True)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        field = Field(stack, status, folder, http, settings.seed)
        return await _Campaign(field, settings, say).course()


class _Campaign:
    """What belongs to one campaign while it lasts."""

    def __init__(self, field: Field, settings: Settings, say: Say) -> None:
        self._field, self._settings, self._say = field, settings, say
        now = field.status.now
        self._orders = orders(
            settings.seed, settings.minutes * 60, settings.rate, now, secrets.token_hex(3)
        )
        self._tracks = [Track(order.sample) for order in self._orders]
        self._seen = monitor.Seen()

    async def course(self) -> Course:
        """Run it and return its course; on any failure of our own everything is let go."""
        journal = LoadJournal(self._field.folder / "load.jsonl")
        load = Load(self._field, self._orders, self._tracks, journal)
        try:
            async with self._beside(load):
                return await self._through(load)
        finally:
            await load.stop()
            journal.close()

    async def _through(self, load: Load) -> Course:
        began_at = datetime.now(UTC)
        faults = asyncio.create_task(self._faults(time.monotonic()))
        try:
            await load.run()
            load_ended_at = datetime.now(UTC)
            self._say("the load has ended; faults under way heal")
            happened = await faults
        finally:
            faults.cancel()
        await self._heal()
        healed_at = datetime.now(UTC)
        self._say("healed; draining")
        drained_at = await self._drained(load)
        sent = await load.sent()
        marked = await records.marked(self._field.status)
        course = Course(
            seed=self._settings.seed,
            minutes=self._settings.minutes,
            brokers=self._settings.brokers,
            began_at=began_at,
            load_ended_at=load_ended_at,
            healed_at=healed_at,
            drained_at=drained_at,
            faults=monitor.recovered(happened, self._seen.looks),
            sent=sent,
            forged=marked["forged"],
            again=marked["again"],
            memory_mb=self._seen.memory_mb,
            personal=tuple(sorted(load.personal)),
            intake_away=tuple(self._seen.intake_away),
        )
        self._keep(course)
        return course

    @contextlib.asynccontextmanager
    async def _beside(self, load: Load) -> AsyncIterator[None]:
        """Follow the log, send what it asks portals for, and watch, as long as the block lasts."""
        follower = Once(self._field.status, self._tracks)
        await follower.start()
        tasks = [
            asyncio.create_task(follower.run()),
            asyncio.create_task(load.follow()),
            asyncio.create_task(monitor.watch(self._field, self._seen)),
        ]
        for task in tasks:
            task.add_done_callback(_stop_when_broken(asyncio.current_task()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            await follower.stop()
            for error in ended:
                if isinstance(error, Exception):
                    raise error

    async def _faults(self, began: float) -> list[Happened]:
        """Carry out every fault at its time, beside one another."""

        async def at_its_time(fault: Fault) -> Happened:
            await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
            happened = await carry_out(self._field, fault)
            note = f": {happened.note}" if happened.note else ""
            self._say(f"{fault.number:4} {fault.kind} {fault.target}{note}")
            return happened

        return await asyncio.gather(*map(at_its_time, self._settings.faults))

    async def _heal(self) -> None:
        """Take back every trouble there may be, and wait until every process runs."""
        field = self._field
        for process in (*PROCESSES, AUDIT):
            overlay.skew(field.folder, process, None)
            overlay.disarm(field.folder, process)
            with contextlib.suppress(NotDone):
                await field.signal(process, signal.SIGCONT)
        for name in field.status.detours["names"]:
            with contextlib.suppress(NotDone):
                await field.ask("DELETE", f"{field.status.detours['url']}/detours/{name}")
        now = await asyncio.to_thread(field.stack.status)
        for process in now.components:
            # One that never comes back leaves something undrained, which is told then.
            with contextlib.suppress(NotDone):
                await field.running(process)

    async def _drained(self, load: Load) -> datetime | None:
        """Return when nothing was left to do, or None if that never came; says what is left."""
        patience, quiet, left = Patience(self._settings.drain_seconds), 0, ["?"]
        amount = 2**31
        settled = asyncio.create_task(load.settle())
        async with Waiting(self._field.status) as waiting:
            while patience.lasts(amount):
                found = await waiting.left()
                left = [f"{what}: {count}" for what, count in found.items()]
                if settled.done():
                    left += _unfinished(self._tracks, await load.sent())
                else:
                    left.append("calls of portals")
                amount = found.total() + len(left)
                quiet = 0 if left else quiet + 1
                if quiet == _QUIET_LOOKS:
                    await settled
                    return datetime.now(UTC)
                await asyncio.sleep(_LOOK_SECONDS)
        settled.cancel()
        self._say("not drained: " + "; ".join(left[:20]))
        return None

    def _keep(self, course: Course) -> None:
        """Keep the course, and what the monitor saw, beside the load's journal."""
        text = json.dumps(asdict(course), default=str, ensure_ascii=False, indent=1)
        (self._field.folder / "course.json").write_text(text, encoding="utf-8")
        with (self._field.folder / "monitor.jsonl").open("w", encoding="utf-8") as file:
            for at, late in self._seen.looks:
                file.write(json.dumps({"at": at.isoformat(), "late": late}) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _unfinished(tracks: Sequence[Track], sent: Sequence[Sent]) -> list[str]:
    """Return the dossiers that are still on their way; one nobody has an answer for may be none."""
    outcome = {one.reference: one.outcome for one in sent}
    found = []
    for track in tracks:
        reference = str(track.sample.submission["portal_reference"])
        # A portal may hear more than a track knows of: never less.
        told = track.for_citizen <= set(track.told) and track.informed >= set(track.steps)
        if outcome.get(reference) == "refused" or (track.decided and told):
            continue
        if track.dossier_id or outcome.get(reference) == "ok":
            heard = f"told {len(track.told)}/{len(track.for_citizen)}"
            heard += f" portal {len(track.informed)}/{len(track.steps)}"
            found.append(f"{reference} {track.code} {track.state} {heard}")
    return found


def _stop_when_broken(
    whole: "asyncio.Task[object] | None",
) -> Callable[["asyncio.Task[None]"], None]:
    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() and whole:
            whole.cancel()

    return ended
