"""Compares with a neighbour, daily and when asked; one replica does, and goes on after a kill."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Protocol

import structlog

from contracts.model import VIETNAM
from plumbing.database import Conn, Pool, passing
from plumbing.logs import describe, where
from plumbing.reconciling import DAILY, Run, RunMoved, daily_id, finish, open_run, start
from plumbing.valves import Pass, Valves
from plumbing.waiting import rest, woken

log = structlog.get_logger()

#: How often it is looked for a run to make.
LOOK_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
#: So many pages one neighbour is compared before the others of the process have their turn.
PAGES_A_TURN = 20
#: From then on an open run is told as an error: its neighbour was away, or misspeaks, for hours.
LONG = timedelta(hours=6)
_OURS = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"


#: How a turn ended: the run has pages left, it has to wait, or nothing is left to do now.
_Ended = Literal["goes_on", "waits"] | None


class NotNow(Exception):
    """The neighbour cannot be asked: it is away, or its lane is paused; the run waits."""


async def leave_to_ask(
    valves: Valves, call: str, turn: str = "", *, tries: int, seconds: float
) -> Pass:
    """Return leave for one question, asked for so often, after that time each; raises NotNow."""
    for _ in range(tries):
        if (leave := valves.begin(call, turn)) is not None:
            return leave
        await rest(seconds)
    raise NotNow("valve")


class Comparison(Protocol):
    """What a service knows of comparing itself with one neighbour."""

    @property
    def neighbour(self) -> str:
        """Return its name: `register`, or the id of a portal."""
        ...

    async def step(self, run: Run) -> Run | None:
        """Compare what comes after the run's place and return the run there; None at the end.

        Asks the neighbour first, then repairs and calls `reconciling.advance` in one transaction.
        Raises NotNow, with nothing changed.
        """
        ...


def day_of_run(now: datetime, at: time) -> date:
    """Return the day whose run was due last: today once it is `at` in Vietnam, else yesterday."""
    local = now.astimezone(VIETNAM)
    return local.date() if local.time() >= at else local.date() - timedelta(days=1)


@dataclass
class Reconciler:
    """Makes the runs of one neighbour, one after the other.

    A run of a day on which no replica ran is made up for by the first that does.
    """

    service: str
    comparison: Comparison
    pool: Pool
    clock: Callable[[], datetime]
    at: time
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    #: Shared by those of one process: a run holds a connection while its neighbour is asked.
    #: Whoever waited longest has it next.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Look for runs and make them until cancelled; while one must wait, ever more seldom."""
        pause_seconds = LOOK_SECONDS
        while True:
            self.wake.clear()
            try:
                async with self.turn:
                    ended = await self._make()
            except Exception as error:  # a run that fails stays open and is taken up again
                ended = "waits"
                if passing(error):
                    log.warning("reconciliation_waits_for_database", error=describe(error))
                else:
                    told = {"error": describe(error), "traceback": where(error)}
                    log.error("reconciliation_failed", source=self.comparison.neighbour, **told)
            if ended == "goes_on":
                continue
            pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS) if ended else LOOK_SECONDS
            await woken(self.wake, random.uniform(pause_seconds / 2, pause_seconds))

    async def _make(self) -> _Ended:
        """Make some pages of the open run, of today's if it is due."""
        neighbour = self.comparison.neighbour
        async with self.pool.acquire() as conn:
            day = day_of_run(self.clock(), self.at)
            await start(conn, neighbour, "changed", DAILY, daily_id(self.service, neighbour, day))
            run = await open_run(conn, neighbour)
            # The lock falls with the connection, or before that goes back to the pool.
            if run is None or not await conn.fetchval(_OURS, f"reconcile:{neighbour}"):
                return None
            try:
                return await self._go_on(conn, run)
            finally:
                await conn.execute("SELECT pg_advisory_unlock_all()")

    async def _go_on(self, conn: Conn, run: Run) -> _Ended:
        # It may have moved between the look and the lock.
        now_at = await open_run(conn, run.neighbour)
        log.info("reconciliation_goes_on", source=run.neighbour, kind=run.scope)
        try:
            for _ in range(PAGES_A_TURN):
                if now_at is None:
                    break
                run, now_at = now_at, await self.comparison.step(now_at)
            if now_at is not None:
                _tell_long(now_at, "pages_left")
                return "goes_on"
            await finish(conn, run)
        except NotNow as error:
            log.warning("reconciliation_waits", source=run.neighbour, reason=str(error))
            _tell_long(run, str(error))
            return "waits"
        except RunMoved:
            return None
        log.info("reconciliation_finished", source=run.neighbour, kind=run.scope)
        return None


def _tell_long(run: Run, reason: str) -> None:
    # A run begins by the database's clock, which is the real one.
    if datetime.now(UTC) - run.started_at > LONG:
        log.error("reconciliation_unfinished", source=run.neighbour, reason=reason)
