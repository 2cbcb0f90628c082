"""Calls to the outside: leased, fenced, answered once; no answer is neither yes nor no."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

import structlog

from contracts.decision import InDoubt, State
from plumbing import metrics
from plumbing.answers import Claim, item_of, state_of
from plumbing.applying import Item, Part, apply_facts, lock
from plumbing.calls import Answer, Call, Caller, LeaseLost, backoff
from plumbing.database import Conn, Pool, passing
from plumbing.leases import BEGIN, CLAIM, FINISH, RELEASE
from plumbing.logs import describe, where
from plumbing.sealing import KeyRing, Sealed, Unsealable
from plumbing.waiting import is_cancelled

log = structlog.get_logger()
S = TypeVar("S", bound=State)

LEASE_SECONDS = 60
#: A call must have ended well before its lease does.
CALL_SECONDS = 20
#: How long a stop waits for the calls under way.
DRAIN_SECONDS = 12
FINISH_BATCH = 200


class Executor(Generic[S]):
    """Claims due effects, makes their calls and records the answers with what follows from them.

    `callers` maps the first part of an effect's kind (`sms` of `sms:accepted`) to its call.
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
        concurrency: int = 32,
        decided: Callable[[], None] = lambda: None,
    ) -> None:
        self._part, self._pool, self._keys = part, pool, keys
        self._callers, self._clock, self._concurrency = callers, clock, concurrency
        self._decided, self._owner, self._released = decided, owner, owner is None
        self._answers: asyncio.Queue[tuple[Claim, Answer]] = asyncio.Queue()
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
        while True:
            self.wake.clear()
            claimed = 0
            try:
                room = self._concurrency - len(self._flying)
                claimed = await self._claim(room) if room > 0 else 0
            except Exception as error:  # no trouble of the database may end the executor
                log.warning("effects_wait_for_database", error=describe(error))
                await asyncio.sleep(random.uniform(0.5, 2.0))
            self.last_turn = time.monotonic()
            if claimed == 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.wake.wait(), 0.1)

    async def _claim(self, room: int) -> int:
        async with self._pool.acquire() as conn:
            if not self._released:
                await conn.execute(RELEASE, self._owner)
                self._released = True
            ours = list(self._unrecorded)
            rows = await conn.fetch(CLAIM, float(LEASE_SECONDS), room, self._owner, ours)
        self._unrecorded.update(row["effect_id"] for row in rows)
        for row in rows:
            task = asyncio.create_task(self._make(row))
            self._flying.add(task)
            task.add_done_callback(self._landed)
        return len(rows)

    def _landed(self, task: "asyncio.Task[None]") -> None:
        self._flying.discard(task)
        self.wake.set()

    async def _make(self, row: Any) -> None:
        request = self._open(row)
        call = Call(
            row["effect_id"],
            row["dossier_id"],
            row["kind"],
            request or b"",
            row["attempt"],
            row["in_doubt"],
            row["age"],
            row["begun"],
            partial(self._begin, row["effect_id"], row["fence"]),
        )
        started = time.monotonic()
        not_made = Answer("again", "request_does_not_open")
        answer = not_made if request is None else await self._ask(call)
        name = call.kind.partition(":")[0]
        metrics.EFFECT_SECONDS.labels(self._part.service, name).observe(time.monotonic() - started)
        metrics.EFFECTS.labels(self._part.service, name, answer.outcome).inc()
        claim = Claim(call, row["fence"], row["doubt_since"] is not None)
        await self._answers.put((claim, answer))

    async def _begin(self, effect_id: UUID, fence: int) -> None:
        async with self._pool.acquire() as conn:
            if await conn.fetchval(BEGIN, effect_id, fence) is None:
                raise LeaseLost

    def _open(self, row: Any) -> bytes | None:
        try:
            return self._keys.open(Sealed.unpack(row["request"]), f"effect:{row['effect_id']}")
        except Unsealable as error:
            log.error("request_does_not_open", kind=row["kind"], error=describe(error))
            return None

    async def _ask(self, call: Call) -> Answer:
        caller = self._callers.get(call.kind.partition(":")[0])
        if caller is None:
            return Answer("again", "no_such_call")
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await caller(call)
        except TimeoutError:
            return Answer("unknown", "no_answer_in_time")
        except Exception as error:  # whatever it was, it may have happened before the error
            log.error("call_failed", kind=call.kind, error=describe(error), traceback=where(error))
            return Answer("unknown", describe(error))
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            return Answer("unknown", describe(error))

    async def _record_for_ever(self) -> None:
        while True:
            batch = [await self._answers.get()]
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
                return

    async def _record_once(self, batch: Sequence[tuple[Claim, Answer]]) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            subjects = {claim.call.dossier_id: "" for claim, _ in batch}
            heads = await lock(conn, subjects)
            live = await self._finish(conn, batch)
            items = [
                item
                for claim, answer in batch
                if (place := (claim.call.effect_id, claim.fence)) in live
                and (item := self._item(claim, answer, live[place])) is not None
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
            [backoff(claim.call.attempt) for claim, _ in batch],
        )
        return {(row["effect_id"], row["fence"]): row["doubt_since"] for row in rows}

    def _item(self, claim: Claim, answer: Answer, since: datetime | None) -> Item | None:
        return item_of(
            claim, answer, since or self._clock(), doubts_are_heard=InDoubt in self._part.rules
        )
