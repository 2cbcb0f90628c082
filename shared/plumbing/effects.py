"""Calls to the outside: leased, fenced, answered once; no answer is neither yes nor no."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any, Generic, TypeVar
from uuid import UUID

import structlog

from contracts.decision import State
from plumbing import carrying, metrics, tracing
from plumbing.answers import Claim, attempts_of, item_of, state_of
from plumbing.applying import Item, Part, apply_facts, lock
from plumbing.beginning import Beginnings
from plumbing.calls import Answer, Call, Caller, ask, backoff
from plumbing.claiming import Claiming, opened
from plumbing.database import Conn, Pool, passing
from plumbing.leases import FINISH, JOURNAL, RELEASE
from plumbing.logs import describe, where
from plumbing.sealing import KeyRing
from plumbing.valves import Valves
from plumbing.waiting import is_cancelled, to_its_end, woken

log = structlog.get_logger()
S = TypeVar("S", bound=State)

LEASE_SECONDS = 60
#: A call must have ended well before its lease does.
CALL_SECONDS = 20
#: How long a stop waits for the calls under way, and first for a claim: cut off it leaves leases.
DRAIN_SECONDS, CLAIM_SECONDS = 12, 2
#: How many calls are claimed at once; how many may be under way is said by the valves.
CLAIM_BATCH = 128
FINISH_BATCH = 200
#: While others are under way, so long is waited for what lands beside a call or its answer.
MERGE_SECONDS = 0.005
#: Where nothing is due and nobody wakes, one looks again after the first, then ever more seldom.
IDLE_SECONDS, LONGEST_IDLE_SECONDS = 0.1, 0.4
#: While so many answers wait to be recorded nothing more is called: what nobody records is in
#: doubt when the process ends.
MOST_WAITING = 2 * FINISH_BATCH


class Executor(Generic[S]):
    """Claims due effects, makes their calls and records the answers with what follows from them.

    `callers` maps the first part of an effect's kind (`sms` of `sms:accepted`) to its call, which
    is made when its valve lets it through, in fair turns.
    `owner` is a name no other living executor of the service has: after a crash it takes up its
    own calls at once, everyone else's when their lease is over.
    """

    def __init__(
        self,
        part: Part[S],
        pool: Pool,
        keys: KeyRing,
        callers: Mapping[str, Caller],
        clock: Callable[[], datetime],
        *,
        owner: str | None = None,
        valves: Valves | None = None,
        decided: Callable[[], None] = lambda: None,
    ) -> None:
        self._part, self._pool, self._keys = part, pool, keys
        self._callers, self._clock = callers, clock
        self._valves = valves or Valves()
        self._claiming = Claiming(part.service, self._valves, owner, LEASE_SECONDS)
        self._decided, self._owner, self._released = decided, owner, owner is None
        self._answers: asyncio.Queue[tuple[Claim, Answer]] = asyncio.Queue()
        self._beginnings = Beginnings(pool)
        self._seconds = cache(partial(metrics.EFFECT_SECONDS.labels, part.service))
        self._counted = cache(partial(metrics.EFFECTS.labels, part.service))
        self._flying: set[asyncio.Task[None]] = set()
        self._unrecorded: set[UUID] = set()
        self.wake = asyncio.Event()
        self.last_turn = time.monotonic()

    async def run(self) -> None:
        """Claim, call and record until cancelled; then record what is answered in a short while."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._record_for_ever())
            try:
                await self._claim_for_ever()
            finally:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._drain(), DRAIN_SECONDS)

    async def _drain(self) -> None:
        await asyncio.gather(*self._flying, return_exceptions=True)
        await self._answers.join()

    async def _claim_for_ever(self) -> None:
        idle_seconds = IDLE_SECONDS
        while True:
            self.wake.clear()
            claimed = 0
            try:
                claimed = await to_its_end(self._claim(CLAIM_BATCH), CLAIM_SECONDS)
            except Exception as error:  # no trouble of the database may end the executor
                if is_cancelled():
                    raise asyncio.CancelledError from error
                log.warning("effects_wait_for_database", error=describe(error))
                await asyncio.sleep(random.uniform(0.5, 2.0))
            self.last_turn = time.monotonic()
            if claimed == 0:
                await woken(self.wake, idle_seconds)
                idle_seconds = min(2 * idle_seconds, LONGEST_IDLE_SECONDS)
            if claimed or self.wake.is_set():
                idle_seconds = IDLE_SECONDS
            if self._flying:
                await asyncio.sleep(MERGE_SECONDS)

    async def _claim(self, most: int) -> int:
        room = min(most, MOST_WAITING - (len(self._unrecorded) - len(self._flying)))
        if room <= 0 or (self._callers and not self._valves.may_call_any(self._callers)):
            return 0
        async with self._pool.acquire() as conn:
            if not self._released:
                await conn.execute(RELEASE, self._owner)
                self._released = True
            rows = await self._claiming.claim(conn, room, self._unrecorded)
            # Before the connection is given back, which may fail: their passes are out.
            self._start(rows)
        return len(rows)

    def _start(self, rows: Sequence[Any]) -> None:
        self._unrecorded.update(row["effect_id"] for row in rows)
        for row in rows:
            task = asyncio.create_task(self._make(row))
            self._flying.add(task)
            task.add_done_callback(partial(self._landed, row["effect_id"]))

    def _landed(self, effect_id: UUID, task: "asyncio.Task[None]") -> None:
        self._claiming.landed(effect_id)
        self._flying.discard(task)
        self.wake.set()

    async def _make(self, row: Any) -> None:
        service, traceparent = self._part.service, row["traceparent"]
        with tracing.calling(service, row["kind"].partition(":")[0], traceparent) as carried:
            await self._make_recorded(row, carried)

    async def _make_recorded(self, row: Any, traceparent: str | None) -> None:
        request = opened(self._keys, row)
        call = Call(
            row["effect_id"],
            row["dossier_id"],
            row["kind"],
            request or b"",
            row["attempt"],
            row["in_doubt"],
            row["age"],
            row["begun"],
            partial(self._beginnings.begin, row["effect_id"], row["fence"]),
            traceparent,
        )
        started = time.monotonic()
        name = call.kind.partition(":")[0]
        if request is None:
            answer = Answer("again", "request_does_not_open", ours=True)
        else:
            answer = await ask(self._callers.get(name), call, CALL_SECONDS)
        self._seconds(name).observe(time.monotonic() - started)
        self._counted(name, answer.outcome).inc()
        if not answer.ours and not (answer.outcome == "stuck" and call.begun):
            self._claiming.report(call.effect_id, answer.heard)
        claim = Claim(call, row["fence"], row["doubt_since"] is not None)
        await self._answers.put((claim, answer))

    async def _record_for_ever(self) -> None:
        while True:
            batch = [await self._answers.get()]
            if len(self._flying) > 1:
                await asyncio.sleep(MERGE_SECONDS)
            while len(batch) < FINISH_BATCH and not self._answers.empty():
                batch.append(self._answers.get_nowait())
            await self._record(batch)
            for claim, _ in batch:
                self._unrecorded.discard(claim.call.effect_id)
                self._answers.task_done()

    async def _record(self, batch: Sequence[tuple[Claim, Answer]]) -> None:
        """Record the batch, however long the database is away; its answers are known only here."""
        pause_seconds = 0.2
        while True:
            try:
                await self._record_once(batch)
            except Exception as error:
                if passing(error):
                    log.warning("answers_wait_for_database", error=describe(error))
                    await asyncio.sleep(random.uniform(pause_seconds, pause_seconds * 2))
                    pause_seconds = min(pause_seconds * 2, 5.0)
                    continue
                # A rule's bug: the call is made again later; the others are spared.
                log.error("answers_not_recorded", error=describe(error), traceback=where(error))
                if len(batch) > 1:
                    for one in batch:
                        await self._record([one])
                return
            else:
                self._decided()
                self.wake.set()
                return

    async def _record_once(self, batch: Sequence[tuple[Claim, Answer]]) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            subjects = {claim.call.dossier_id: "" for claim, _ in batch}
            heads = await lock(conn, subjects)
            live = await self._finish(conn, batch)
            counted = [(c, a) for c, a in batch if c.place in live]
            if attempts := attempts_of(counted, self._keys):
                await conn.execute(JOURNAL, *map(list, zip(*attempts, strict=True)))
            items = [
                item
                for claim, answer in counted
                if (item := self._item(claim, answer, live[claim.place])) is not None
            ]
            if items:
                await apply_facts(conn, self._part, self._keys, heads, items, self._clock())

    async def _finish(
        self, conn: Conn, batch: Sequence[tuple[Claim, Answer]]
    ) -> dict[tuple[UUID, int], datetime | None]:
        """Write the answers that are still ours to give; return the start of their doubt.

        By effect and fence: a batch may hold a stale answer beside the one that counts.
        """
        rows = await conn.fetch(
            FINISH,
            [claim.call.effect_id for claim, _ in batch],
            [claim.fence for claim, _ in batch],
            [state_of(answer) for _, answer in batch],
            [answer.reason for _, answer in batch],
            [answer.outcome in ("unknown", "stuck") for _, answer in batch],
            [answer.wait_seconds or backoff(claim.call.attempt) for claim, answer in batch],
        )
        return {(row["effect_id"], row["fence"]): row["doubt_since"] for row in rows}

    def _item(self, claim: Claim, answer: Answer, since: datetime | None) -> Item | None:
        item = item_of(claim, answer, since or self._clock(), self._part)
        carried: Item | None = carrying.carried_by(item, claim.call.traceparent)
        return carried
