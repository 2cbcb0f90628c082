"""The world beyond: it does what it is told, and remembers what happened; its answers may be lost.

Three kinds of neighbour, one per way the core can keep to "once":
`keyed` does one act per key, and forgets a key after KEY_SECONDS: later only a question helps.
`lane` is keyed too, and stands behind it in the same lane.
`once` can be asked nothing: what was begun and not answered is for a person to look at.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import NoReturn
from uuid import UUID

from contracts.decision import Effect
from plumbing.calls import Answer, Call, Caller
from tests.simulation.loop import CURRENT, SimulatedLoop
from tests.simulation.trouble import LONGEST_PAUSE, Trouble

KEYED, NEXT, ONCE = "keyed:act", "lane:act", "once:act"
EFFECTS = tuple(
    Effect(kind, lane, b"do it") for kind, lane in ((KEYED, "a"), (NEXT, "a"), (ONCE, "b"))
)
#: A request is on its way for no longer.
LATEST_ARRIVAL = 20.0
#: A key outlives whoever asked, was paused before telling, and the way of the request.
KEY_SECONDS = LONGEST_PAUSE + LATEST_ARRIVAL + 10.0


@dataclass
class Outside:
    """The neighbours and the oracle: how often each act really happened."""

    loop: SimulatedLoop
    trouble: Trouble
    asks_first: bool = True
    happened: Counter[UUID] = field(default_factory=Counter)
    order: dict[UUID, list[str]] = field(default_factory=dict)
    refuses: set[tuple[UUID, str]] = field(default_factory=set)
    _keys: dict[UUID, tuple[float, str]] = field(default_factory=dict)
    _known: dict[UUID, str] = field(default_factory=dict)

    def callers(self) -> dict[str, Caller]:
        """Return the calls of a service that keeps to each neighbour's rules."""
        return {"keyed": self._tell_keyed, "lane": self._tell_keyed, "once": self._tell_once}

    async def _tell_keyed(self, call: Call) -> Answer:
        if call.in_doubt and self.asks_first:
            await self._way("question")
            found = self._known.get(call.effect_id)
            await self._way_back()
            if found is not None:
                return Answer("done" if found == "done" else "no", "asked")
        await self._way("request", call)
        if self.trouble.happens("busy", 0.1):
            return Answer("again", "busy")
        said = self._act_keyed(call)
        await self._way_back()
        return Answer("done") if said == "done" else Answer("no", "refused")

    async def _tell_once(self, call: Call) -> Answer:
        if call.begun:
            return Answer("stuck", "begun_before")
        await call.begin()
        await self._way("outside")
        if self.trouble.happens("busy", 0.1):
            return Answer("again", "busy")
        self._happen(call)
        await self._way_back()
        return Answer("done")

    def _act_keyed(self, call: Call) -> str:
        now = self.loop.time()
        since, said = self._keys.get(call.effect_id, (0.0, ""))
        if said and now - since < KEY_SECONDS:
            return said
        said = "no" if (call.dossier_id, call.kind) in self.refuses else "done"
        self._keys[call.effect_id] = (now, said)
        self._known[call.effect_id] = said
        if said == "done":
            self._happen(call)
        return said

    def _happen(self, call: Call) -> None:
        self.happened[call.effect_id] += 1
        self.order.setdefault(call.dossier_id, []).append(call.kind)
        self.trouble.log("outside", call.kind, self.happened[call.effect_id])

    async def _way(self, what: str, late: Call | None = None) -> None:
        """Let something get there; a request that is late arrives though nobody waits any more."""
        await self.trouble("outside")
        process = CURRENT.get()
        if process is None or process.dead:
            await self._never()
        if self.trouble.happens(f"lost {what}", self.trouble.faults.lost_answer / 2):
            if late is not None and self.loop.rng.random() < 0.7:
                delay = self.loop.rng.uniform(0, LATEST_ARRIVAL)
                self.loop.outside(delay, self._act_keyed, late)
            await self._fails()

    async def _way_back(self) -> None:
        await self.trouble("outside")
        if self.trouble.happens("lost answer", self.trouble.faults.lost_answer):
            await self._fails()

    async def _fails(self) -> None:
        if self.loop.rng.random() < 0.5:
            raise ConnectionResetError
        await self._never()

    @staticmethod
    async def _never() -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError
