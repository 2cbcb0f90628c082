"""Processor time and memory of a stack's processes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import psutil

from local_stack.status import Status

SERVICES = ("intake", "routing", "registry-sync", "notifier", "board", "audit")
_POINT_SECONDS = 10
T = TypeVar("T")


def _families(status: Status) -> Iterator[tuple[str, list[psutil.Process]]]:
    """Yield the processes that live, by name; of PostgreSQL with all its children."""
    for name, pid in status.pids.items():
        if psutil.pid_exists(pid):
            process = psutil.Process(pid)
            children = process.children(recursive=True) if name == "postgres" else []
            yield name, [process, *children]


def seconds(status: Status) -> dict[str, float]:
    """Return processor seconds by process; of PostgreSQL with all its children."""
    used = {}
    for name, family in _families(status):
        times = list(_of_the_living(family, lambda one: one.cpu_times()))
        used[name] = sum(t.user + t.system for t in times)
        if name == "postgres":
            # Of backends that ended their parent keeps the sum.
            used[name] += times[0].children_user + times[0].children_system
    return used


def memory(status: Status) -> dict[str, int]:
    """Return resident MiB by process; of PostgreSQL what its processes have of their own."""
    found = {}
    for name, family in _families(status):
        own = (lambda one: one.memory_full_info().uss) if name == "postgres" else _resident
        found[name] = sum(_of_the_living(family, own)) // 2**20
    return found


def _resident(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


def _of_the_living(
    family: Iterable[psutil.Process], asked: Callable[[psutil.Process], T]
) -> Iterator[T]:
    """Yield what each says; a backend may end between the list and the question."""
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            yield asked(one)


def spent(before: dict[str, float], after: dict[str, float], count: int) -> dict[str, float]:
    """Return milliseconds by process and dossier, the dearest first; our own keeper is left out."""
    found = {
        name: round(1000 * (used - before.get(name, 0)) / count, 2)
        for name, used in after.items()
        if name != "keeper"
    }
    return dict(sorted(found.items(), key=lambda one: -one[1]))


@dataclass
class Memory:
    """Resident MiB of our services: the most each had, and how it went by seconds."""

    most: dict[str, int] = field(default_factory=dict)
    points: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def see(self, name: str, seconds: float, mib: int) -> None:
        """Take a look in; of the course each tenth second is kept."""
        self.most[name] = max(self.most.get(name, 0), mib)
        known = self.points.setdefault(name, [])
        if not known or seconds - known[-1][0] >= _POINT_SECONDS:
            known.append((round(seconds), mib))


@contextlib.asynccontextmanager
async def watched(status: Status) -> AsyncIterator[Memory]:
    """Look at the memory of our services, each second, as long as the block lasts."""
    memory, began = Memory(), time.monotonic()
    pids = {name: pid for name, pid in status.pids.items() if _service(name) in SERVICES}

    async def watch() -> None:
        while True:
            for name, pid in pids.items():
                with contextlib.suppress(psutil.Error):
                    mib = psutil.Process(pid).memory_info().rss // 2**20
                    memory.see(name, time.monotonic() - began, mib)
            await asyncio.sleep(1)

    task = asyncio.create_task(watch())
    try:
        yield memory
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _service(name: str) -> str:
    """Return the service a process belongs to: `routing` of `routing-2`."""
    stem, _, last = name.rpartition("-")
    return stem if last.isdigit() else name
