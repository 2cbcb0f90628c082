"""Which faults a seed brings, and the dice that decide at every await whether one happens."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import asyncpg

from plumbing.effects import LEASE_SECONDS
from tests.simulation.loop import CURRENT, Process, SimulatedLoop

#: No pause is longer: what the outside promises about its keys builds on it.
LONGEST_PAUSE = 100.0
#: So rarely is one process paused for long that no call can meet two pauses.
PAUSE_APART = 300.0


@dataclass
class Faults:
    """How likely each fault is at one await; a seed leaves most of them out."""

    crash: float = 0.0
    pause: float = 0.0
    pause_settling: float = 0.0
    crash_outside: float = 0.0
    pause_outside: float = 0.0
    lost_session: float = 0.0
    lost_answer: float = 0.0
    slow: float = 0.0
    rebalance: float = 0.0

    @classmethod
    def of(cls, rng: Random) -> "Faults":
        """Return the faults of a seed: a bit of everything, or much of what belongs together."""

        def maybe(most: float) -> float:
            return most * rng.random() if rng.random() < 0.6 else 0.0

        match rng.randrange(8):
            case 0:  # owners of partitions freeze in their transactions
                return cls(
                    pause_settling=0.08, slow=maybe(0.5), lost_session=maybe(0.01), rebalance=0.05
                )
            case 1 | 2:  # callers freeze with a call in hand
                return cls(pause_outside=0.25, lost_answer=maybe(0.2), slow=maybe(0.5))
            case 3:  # callers die with a call in hand
                return cls(crash_outside=0.1, lost_answer=0.2 + maybe(0.3), slow=maybe(0.2))
        return cls(
            *(maybe(0.015), maybe(0.02), maybe(0.02), maybe(0.05), maybe(0.05)),
            *(maybe(0.02), maybe(0.3), maybe(0.2), maybe(0.05)),
        )


@dataclass
class Trouble:
    """Brings the faults until `healed`, and counts them."""

    loop: SimulatedLoop
    faults: Faults
    on_crash: Callable[[Process], None]
    on_pause: Callable[[Process, float], None]
    log: Callable[..., None]
    counts: Counter[str] = field(default_factory=Counter)
    healed: bool = False
    _paused_at: dict[str, float] = field(default_factory=dict)

    async def __call__(self, where: str) -> None:
        """Let one thing cross the network: in time, late, never, or with its process ended."""
        rng, faults = self.loop.rng, self.faults
        if self.healed or (process := CURRENT.get()) is None:
            return
        if rng.random() < faults.slow:
            await asyncio.sleep(rng.expovariate(1 / 0.05))
        if rng.random() < (faults.crash_outside if where == "outside" else faults.crash):
            self._note("crash", process, where)
            self.on_crash(process)
            await asyncio.sleep(0)
        places = {"outside": faults.pause_outside, "settling": faults.pause_settling}
        if rng.random() < places.get(where, faults.pause):
            self.pause(process, where)
            await asyncio.sleep(0)
        if rng.random() < faults.lost_session and where not in ("outside", "send"):
            self._note("lost session", process, where)
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle")

    def pause(self, process: Process, where: str) -> None:
        """Pause the process: often for longer than a lease."""
        now = self.loop.time()
        if now - self._paused_at.get(process.name, -PAUSE_APART) < PAUSE_APART:
            return
        self._paused_at[process.name] = now
        seconds = self.loop.rng.choice([15.0, LEASE_SECONDS + 5.0, LONGEST_PAUSE])
        self._note(f"pause of {seconds:.0f} s", process, where)
        self.on_pause(process, seconds)

    def happens(self, what: str, probability: float) -> bool:
        """Return whether a fault of the outside or of the broker happens now."""
        if self.healed or self.loop.rng.random() >= probability:
            return False
        self._note(what, CURRENT.get(), "")
        return True

    def _note(self, what: str, process: Process | None, where: str) -> None:
        self.counts[what] += 1
        self.log("fault", what, process.name if process else "-", where)

    def note(self, what: str, **more: Any) -> None:
        """Count something that is no fault of an await."""
        self.counts[what] += 1
        self.log("fault", what, *more.values())
