"""What an executor calls in the tests, and executors that are started and killed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from contracts.decision import Effect
from plumbing.calls import Answer, Call, Caller
from plumbing.claiming import Claiming
from plumbing.database import Pool
from plumbing.effects import LEASE_SECONDS, Executor
from plumbing.sealing import KeyRing
from plumbing.valves import Limit, Valves
from tests.integration.core_kit import NOW, RING, Bench, until

DONE, NO, AGAIN, UNKNOWN = Answer("done"), Answer("no", "never"), Answer("again"), Answer("unknown")
STUCK = Answer("stuck", "no_receipt")
TELL = Effect("toy:told", "told", b"tell the citizen")


@dataclass
class Outside:
    """What is called: gives the scripted answers, the last one for ever; notes every call."""

    script: list[Answer | Exception] = field(default_factory=lambda: [DONE])
    seconds: float = 0.0
    calls: list[Call] = field(default_factory=list)
    now: Counter[Any] = field(default_factory=Counter)
    overlaps: int = 0

    async def __call__(self, call: Call) -> Answer:
        self.calls.append(call)
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        self.now[call.effect_id] += 1
        self.overlaps += self.now[call.effect_id] > 1
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now[call.effect_id] -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def doubts(self) -> list[bool]:
        """Return what each call was told of doubt."""
        return [call.in_doubt for call in self.calls]


@dataclass
class Held:
    """A call that hangs until it is let go, then gives its answer."""

    answer: Answer
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _: Call) -> Answer:
        self.begun.set()
        await self.go.wait()
        return self.answer


def an_executor(bench: Bench, caller: Caller | None, ring: KeyRing = RING) -> Executor[Any]:
    callers = {"toy": caller} if caller else {}
    valves = Valves({"toy": Limit(start=32)})
    return Executor(bench.part, bench.pool, ring, callers, lambda: NOW, valves=valves)


async def claim(pool: Pool) -> list[Any]:
    """Claim a few effects for a process that ends before it calls; return their rows."""
    async with pool.acquire() as conn:
        return [*await Claiming("notifier", Valves(), None, LEASE_SECONDS).claim(conn, 10)]


@asynccontextmanager
async def running(*executors: Executor[Any]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.run()) for one in executors]
    try:
        yield
    finally:
        for one, task in zip(executors, tasks, strict=True):
            await kill(one, task)


async def kill(executor: Executor[Any], task: "asyncio.Task[None]") -> None:
    """End it as a killed process ends: nothing is drained, no answer is recorded any more."""
    flying = [*executor._flying]
    for one in (*flying, task):
        one.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await asyncio.gather(*flying, return_exceptions=True)


async def kill_in_a_call(bench: Bench) -> None:
    """Let an executor begin a call and die; its lease is over when this returns."""
    held = Held(DONE)
    executor = an_executor(bench, held)
    task = asyncio.create_task(executor.run())
    await held.begun.wait()
    await kill(executor, task)
    await end_leases(bench)


async def end_leases(bench: Bench) -> None:
    await bench.pool.execute("UPDATE effect SET lease_until = clock_timestamp()")


async def states(bench: Bench) -> list[tuple[Any, ...]]:
    return await bench.fetch("SELECT kind, state, reason FROM effect ORDER BY position")


async def open_effects(bench: Bench) -> int:
    return await bench.count("effect WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT')")


async def all_ended(bench: Bench) -> None:
    async def ended() -> bool:
        return await open_effects(bench) == 0

    await until(ended)
