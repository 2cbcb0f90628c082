"""The runs: as fast as it goes, at a rate, and a day's backlog after an outage of the register."""

import asyncio
import time
from collections.abc import Sequence
from statistics import quantiles
from typing import Any

import aiohttp
import asyncpg

from sandbox.samples import Sample
from tests.bench.whole import judged, processes
from tests.bench.whole.ground import GIVE_UP_SECONDS, Ground
from tests.bench.whole.roads import Road
from tests.bench.whole.spread import spread
from tests.bench.whole.submissions import make
from tests.bench.whole.watching import Watch, watching

#: Dossiers before anything is measured.
WARM = 200
_LOOK_SECONDS = 0.02
_TELL_SECONDS = 5.0


class NotRegistered(Exception):
    """Dossiers did not come to their end in time; says how many did."""


async def warm(ground: Ground, road: Road, dossiers: int = WARM) -> None:
    """Send some first, then let the databases look at what they hold."""
    await closed_loop(ground, road, make(dossiers), window=dossiers)
    for url in ground.status.databases.values():
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()


async def closed_loop(
    ground: Ground, road: Road, samples: Sequence[Sample], *, window: int
) -> dict[str, Any]:
    """Return how many a second are registered when never more than `window` are under way.

    Counted from the first submission to the last entry; `told_per_s` counts to the last word to a
    citizen or a portal.
    """
    places, before = asyncio.Semaphore(window), processes.seconds(ground.status)
    async with watching(ground, "registry-sync", "notifier") as watch:
        watch.on_registered = places.release
        began = time.time()
        async with asyncio.TaskGroup() as calls:
            telling = calls.create_task(_tell(ground, len(samples), watch))
            for sample in samples:
                await _place(places, watch, len(samples))
                calls.create_task(road.hand_in(sample))
            await _until(lambda: len(watch.registered), len(samples))
            telling.cancel()
        last = max(watch.registered.values()) / 1000
        await judged.drained(ground)
        told = watch.said_at / 1000
    cost = processes.spent(before, processes.seconds(ground.status), len(samples))
    return {
        "dossiers": len(samples),
        "window": window,
        "registered_per_s": round(len(samples) / (last - began), 1),
        "told_per_s": round(len(samples) / (told - began), 1),
        "cpu_ms_per_dossier": cost,
    }


async def _place(places: asyncio.Semaphore, watch: Watch, wanted: int) -> None:
    try:
        async with asyncio.timeout(GIVE_UP_SECONDS):
            await places.acquire()
    except TimeoutError:
        raise NotRegistered(f"{len(watch.registered)} of {wanted}") from None


async def open_loop(
    ground: Ground, road: Road, samples: Sequence[Sample], *, rate: float
) -> dict[str, Any]:
    """Return milliseconds from the moment each was due to be sent until it was registered."""
    due: dict[str, float] = {}
    async with watching(ground, "intake", "registry-sync") as watch:
        began, clock = time.time() + 0.1, asyncio.get_running_loop()
        start = clock.time() + 0.1
        async with asyncio.TaskGroup() as calls:
            for number, sample in enumerate(samples):
                await asyncio.sleep(max(0.0, start + number / rate - clock.time()))
                due[str(sample.submission["portal_reference"])] = began + number / rate
                calls.create_task(road.hand_in(sample))
            await _until(lambda: len(watch.registered), len(samples))
        await _until(lambda: len(watch.references), len(samples))
    await judged.drained(ground)
    waited = [at - 1000 * due[watch.references[key]] for key, at in watch.registered.items()]
    cuts = quantiles(waited, n=100, method="inclusive")
    return {
        "rate": rate,
        "dossiers": len(samples),
        "p50_ms": round(cuts[49]),
        "p99_ms": round(cuts[98]),
        "max_ms": round(max(waited)),
    }


async def backlog(ground: Ground, road: Road, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return how long the register's backlog takes from the moment it answers again.

    It is away from the first submission until the last dossier is received by its commune.
    `spread` says how evenly the provinces were served, of which one was sent after the other.
    """
    provinces = {
        str(one.submission["portal_reference"]): str(one.submission["province_code"])
        for one in samples
    }
    await _register(ground, away=True)
    try:
        async with watching(ground, "intake", "routing", "registry-sync") as watch:
            began = time.time()
            async with asyncio.TaskGroup() as calls:
                telling = calls.create_task(_tell(ground, len(samples), watch))
                for sample in samples:
                    calls.create_task(road.hand_in(sample))
                await _until(lambda: len(watch.accepted), len(samples))
                accepted = time.time()
                await _register(ground, away=False)
                await _until(lambda: len(watch.registered), len(samples))
                telling.cancel()
            await _until(lambda: len(watch.references), len(samples))
    finally:
        await _register(ground, away=False)
    last = max(watch.registered.values()) / 1000
    await judged.drained(ground)
    order = sorted(watch.registered, key=watch.registered.__getitem__)
    return {
        "dossiers": len(samples),
        "received_per_s": round(len(samples) / (accepted - began), 1),
        "drain_s": round(last - accepted, 1),
        "registered_per_s": round(len(samples) / (last - accepted), 1),
        "first_after_s": round(min(watch.registered.values()) / 1000 - accepted, 2),
        **spread([provinces[watch.references[key]] for key in order]),
    }


async def _register(ground: Ground, *, away: bool) -> None:
    async with aiohttp.ClientSession() as session:
        for part in ("register.push", "register.results"):
            url = f"{ground.status.sandbox['url']}/faults/{part}"
            how = {"json": {"kind": "busy"}} if away else {}
            async with session.request("PUT" if away else "DELETE", url, **how) as answer:
                answer.raise_for_status()


async def _until(count: Any, wanted: int) -> None:
    """Return when there are as many as wanted; raises NotRegistered when they get no more."""
    most, moved = -1, time.monotonic()
    while (here := count()) < wanted:
        if here > most:
            most, moved = here, time.monotonic()
        if time.monotonic() - moved > GIVE_UP_SECONDS / 5:
            raise NotRegistered(f"{here} of {wanted}")
        await asyncio.sleep(_LOOK_SECONDS)


async def _tell(ground: Ground, wanted: int, watch: Watch) -> None:
    """Say how far a run is, for ever."""
    while True:
        await asyncio.sleep(_TELL_SECONDS)
        received = f"{len(watch.accepted)} received, " if watch.accepted else ""
        ground.console.print(f"  {received}{len(watch.registered)} of {wanted} registered")
