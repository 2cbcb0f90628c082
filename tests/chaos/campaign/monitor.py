"""Watches a campaign: when nothing is late any more, whether intake answers, who holds how much."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import aiohttp
import psutil

from tests.chaos.campaign.course import Happened
from tests.chaos.campaign.field import Field
from tests.chaos.campaign.kinds import AUDIT, PROCESSES
from tests.chaos.campaign.waiting import Waiting

_LOOK_SECONDS = 1.0
_INTAKE_SECONDS = 0.5
#: A process has loaded what it needs by then.
WARM_SECONDS = 10.0
_MEGABYTE = 2**20


@dataclass
class Memory:
    """What one process held when it was warm and what it holds last, in megabytes."""

    pid: int
    seen_at: datetime
    warm: float = 0.0
    last: float = 0.0


@dataclass
class Seen:
    """What the monitor saw: looks with what was late, and when intake did not answer."""

    looks: list[tuple[datetime, Counter[str]]] = field(default_factory=list)
    intake_away: list[tuple[datetime, datetime]] = field(default_factory=list)
    memory: dict[str, Memory] = field(default_factory=dict)

    @property
    def memory_mb(self) -> dict[str, tuple[float, float]]:
        """Return by process what it held warm and at the end, since its last start."""
        warm = {name: one for name, one in self.memory.items() if one.warm}
        return {name: (round(one.warm, 1), round(one.last, 1)) for name, one in warm.items()}


def recovered(
    faults: Sequence[Happened], looks: Sequence[tuple[datetime, Mapping[str, int]]]
) -> tuple[Happened, ...]:
    """Return the faults, each with the first moment after its end at which nothing was late."""
    quiet = [at for at, late in looks if not late]
    return tuple(
        replace(one, recovered_at=next((at for at in quiet if at > one.ended_at), None))
        for one in faults
    )


async def watch(place: Field, seen: Seen) -> None:
    """Look for ever; what is seen goes into `seen`."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_watch_what_is_late(place, seen))
        tasks.create_task(_watch_intake(place, seen))
        tasks.create_task(_watch_memory(place, seen))


async def _watch_what_is_late(place: Field, seen: Seen) -> None:
    async with Waiting(place.status) as waiting:
        while True:
            # The look says how it was when it began.
            at = datetime.now(UTC)
            seen.looks.append((at, await waiting.late()))
            await asyncio.sleep(_LOOK_SECONDS)


async def _watch_intake(place: Field, seen: Seen) -> None:
    """Ask intake past its detour, as a load balancer would."""
    url = f"{place.status.urls['intake']}/health/ready"
    short = aiohttp.ClientTimeout(total=2.0)
    away_since: datetime | None = None
    while True:
        now = datetime.now(UTC)
        try:
            async with place.http.get(url, timeout=short) as response:
                ready = response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            ready = False
        if ready and away_since:
            seen.intake_away.append((away_since, now))
        away_since = None if ready else away_since or now
        await asyncio.sleep(_INTAKE_SECONDS)


async def _watch_memory(place: Field, seen: Seen) -> None:
    while True:
        status = await asyncio.to_thread(place.stack.status)
        now = datetime.now(UTC)
        for name in (*PROCESSES, AUDIT, "sandbox"):
            if pid := status.pids.get(name):
                _measure(seen, name, pid, now)
        await asyncio.sleep(_LOOK_SECONDS)


def _measure(seen: Seen, name: str, pid: int, now: datetime) -> None:
    try:
        held = psutil.Process(pid).memory_info().rss / _MEGABYTE
    except psutil.NoSuchProcess:
        return
    if name not in seen.memory or seen.memory[name].pid != pid:
        seen.memory[name] = Memory(pid, now)
    known = seen.memory[name]
    known.last = held
    if not known.warm and now - known.seen_at > timedelta(seconds=WARM_SECONDS):
        known.warm = held
