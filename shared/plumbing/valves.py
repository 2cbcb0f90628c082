"""Valves before the neighbours: how many calls may go there now, and when none may."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from plumbing.valve import Begun, Opening, Outcome, Valve

log = structlog.get_logger()


@dataclass(frozen=True)
class Limit:
    """How many calls to a neighbour may be under way at once in this process.

    `per_turn` above 0: every turn (a portal) is a neighbour of its own, with a valve of its own
    and at most so many calls at once, `concurrency` over all of them. `start` is the window a
    process begins with.
    """

    concurrency: int = 32
    per_turn: int = 0
    start: int = 4


@dataclass(frozen=True)
class ValveState:
    """What an operator sees of a valve: `open`, `shut`, or `trying` with one call after a pause.

    `window` is how many calls may be under way, `flying` how many are; `ramping`: it opens slowly,
    because it was shut.
    """

    call: str
    turn: str
    state: Opening
    window: int
    flying: int
    ramping: bool = False


@dataclass(eq=False)
class Pass:
    """Leave to make one call now. Used in a `with`: when nothing was reported it is given back."""

    valves: "Valves"
    call: str
    valve: Valve
    begun: Begun
    _ended: bool = field(default=False, init=False)

    def report(self, outcome: Outcome, whose: object = "") -> None:
        """Tell the valve once how the call ended; `whose` tells different calls apart."""
        if not self._ended:
            self._ended = True
            self.valves.ended(self, outcome, whose)

    def give_back(self) -> None:
        """Tell the valve that the call was not made, or says nothing of the neighbour."""
        if not self._ended:
            self._ended = True
            self.valves.ended(self, None, "")

    def __enter__(self) -> "Pass":
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()


class Valves:
    """The valves of this process, one per neighbour, made when first asked for.

    A neighbour is named by its call (`sms` of `sms:accepted`), and by the turn where its limit
    says so. Whoever calls a neighbour outside of the executor uses the same valve:
    `if passed := valves.begin("push"): with passed: … passed.report("done", "poll")`.
    """

    def __init__(
        self,
        limits: Mapping[str, Limit] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._limits, self._clock, self._jitter = dict(limits or {}), clock, jitter
        self._valves: dict[tuple[str, str], Valve] = {}
        self._flying: Counter[str] = Counter()

    def limit(self, limits: Mapping[str, Limit]) -> None:
        """Take these limits for the valves that are not yet made."""
        self._limits.update(limits)

    def room(self, call: str, turn: str = "") -> int:
        """Return how many calls may begin now."""
        over_all = self._limit(call).concurrency - self._flying[call]
        return max(0, min(over_all, self._valve(call, turn).room(self._clock())))

    def may_call(self, call: str, turn: str = "") -> bool:
        """Return whether a call may begin now."""
        return self.room(call, turn) > 0

    def may_call_any(self, calls: Iterable[str]) -> bool:
        """Return whether any of the neighbours may be called, of those known by their turns."""
        return any(
            self._flying[call] < self._limit(call).concurrency
            if self._limit(call).per_turn
            else self.may_call(call)
            for call in calls
        )

    def begin(self, call: str, turn: str = "") -> Pass | None:
        """Return leave for one call, None when there is no room."""
        valve = self._valve(call, turn)
        begun = valve.begin(self._clock()) if self.room(call, turn) else None
        if begun is None:
            return None
        self._flying[call] += 1
        return Pass(self, call, valve, begun)

    def ended(self, passed: Pass, outcome: Outcome | None, whose: object) -> None:
        """Hear how a call ended, None when it says nothing; use the pass's own methods."""
        self._flying[passed.call] -= 1
        now, valve = self._clock(), passed.valve
        if outcome is None:
            valve.give_back(passed.begun)
            return
        before = valve.state(now)
        valve.report(passed.begun, outcome, whose, now)
        after = valve.state(now)
        if after != before:
            log.warning("valve_turned", kind=passed.call, state=after)

    def states(self) -> list[ValveState]:
        """Return every valve used so far, by name."""
        now = self._clock()
        return [
            ValveState(
                call, turn, valve.state(now), valve.window, valve.flying, valve.is_ramping(now)
            )
            for (call, turn), valve in sorted(self._valves.items())
        ]

    def _limit(self, call: str) -> Limit:
        return self._limits.get(call, Limit())

    def _valve(self, call: str, turn: str) -> Valve:
        limit = self._limit(call)
        key = (call, turn if limit.per_turn else "")
        if key not in self._valves:
            most = limit.per_turn or limit.concurrency
            self._valves[key] = Valve(most, limit.start, self._jitter)
        return self._valves[key]
