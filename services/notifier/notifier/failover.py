"""Takes messages to another SMS gateway when theirs certainly did not take them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from contracts.decision import Answered
from notifier.correspondence import Correspondence
from notifier.gateways import MOVED
from notifier.reasons import ELSEWHERE
from notifier.store import END_ELSEWHERE, NEVER_TAKEN
from plumbing.answers import cause_of
from plumbing.applying import Item, Part, apply_facts, lock
from plumbing.calls import Answer, Call, Caller
from plumbing.database import TRANSIENT, Pool
from plumbing.logs import describe, where
from plumbing.sealing import KeyRing
from plumbing.valves import Valves
from plumbing.waiting import rest

log = structlog.get_logger()

LOOK_SECONDS = 1.0
#: So many waiting messages are moved in one transaction.
MOVED_AT_ONCE = 100


@dataclass(frozen=True)
class Gateways:
    """The gateways by name, in this process's eyes: which of them take messages now."""

    valves: Valves
    names: Sequence[str]

    def away(self) -> frozenset[str]:
        """Return those whose valve lets nothing in.

        One whose pause is over is there: only a message that goes to it can open its valve again.
        """
        return frozenset(
            one.call
            for one in self.valves.states()
            if one.call in self.names and one.state == "shut"
        )

    def others_there(self, name: str) -> bool:
        """Return whether a gateway beside that one takes messages."""
        return bool({*self.names} - {name} - self.away())


def or_elsewhere(caller: Caller, name: str, gateways: Gateways) -> Caller:
    """Return the call that ends where its gateway did not take it and another one is there.

    Only an attempt that certainly did nothing, of a message that was never in doubt, ends so: a
    request without an answer may still arrive. A message moves once.
    """

    async def careful(call: Call) -> Answer:
        answer = await caller(call)
        was_never_taken = answer.outcome == "again" and not (answer.ours or call.in_doubt)
        if not was_never_taken or call.kind.endswith(MOVED) or not gateways.others_there(name):
            return answer
        call.note("moved", answer.reason)
        return replace(answer, outcome="no", reason=ELSEWHERE, away=not answer.at_work)

    return careful


@dataclass(frozen=True)
class Failover:
    """Moves what waits before a gateway that is away, while another one is there."""

    part: Part[Correspondence]
    pool: Pool
    keys: KeyRing
    clock: Callable[[], datetime]
    gateways: Gateways
    wake: Callable[[], None]

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            for name in sorted(self.gateways.away()):
                try:
                    while self.gateways.others_there(name) and await self.move(name):
                        self.wake()
                except TRANSIENT as error:
                    log.warning("failover_waits_for_database", error=describe(error))
            await rest(LOOK_SECONDS)

    async def move(self, name: str) -> int:
        """Move some messages that gateway certainly does not have; return how many.

        The fence moves with them, so that nobody who took one up before can answer for it. Where
        they cannot be moved together each is tried alone: one that cannot be moved waits on.
        """
        async with self.pool.acquire() as conn:
            waiting = await conn.fetch(NEVER_TAKEN, name, f"%{MOVED}", MOVED_AT_ONCE)
        moved = await self._moved(waiting)
        if moved is None:
            moved = sum([await self._moved([row]) or 0 for row in waiting])
        if moved:
            log.warning("messages_moved", kind=name, count=moved)
        return moved

    async def _moved(self, waiting: Sequence[Any]) -> int | None:
        """Move those together and return how many; None when a dossier does not let them."""
        try:
            return await self._move(waiting) if waiting else 0
        except TRANSIENT:
            raise
        except Exception as error:  # a rule's bug, a contact that does not open
            told = {"error": describe(error), "traceback": where(error)}
            log.error("messages_not_moved", count=len(waiting), **told)
            return None

    async def _move(self, waiting: Sequence[Any]) -> int:
        async with self.pool.acquire() as conn, conn.transaction():
            # The dossier's lock comes first, as where answers are recorded.
            heads = await lock(conn, {row["dossier_id"]: "" for row in waiting})
            ended = await conn.fetch(
                END_ELSEWHERE, [row["effect_id"] for row in waiting], ELSEWHERE
            )
            items = [self._item(row) for row in ended]
            await apply_facts(conn, self.part, self.keys, heads, items, self.clock())
        return len(ended)

    @staticmethod
    def _item(row: Any) -> Item:
        kind = row["kind"]
        cause = cause_of(row["effect_id"], kind, "no", ELSEWHERE)
        return Item(row["dossier_id"], Answered(kind, "no", ELSEWHERE, {}), cause)
