"""An event loop in which time is a number and a seed decides who goes next."""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from itertools import count
from random import Random
from typing import Any
from weakref import WeakSet


class NothingLeft(Exception):
    """No handle is ready and no timer runs: what the run waits for never comes."""


class Process:
    """Tasks that stop together: paused as by SIGSTOP, or dead as by SIGKILL."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.held: list[asyncio.Handle] | None = None
        self.tasks: list[asyncio.Task[Any]] = []

    @property
    def paused(self) -> bool:
        """Return whether nothing of it runs at the moment."""
        return self.held is not None


#: Whose code runs; None is the outside: servers, the network, the referee.
CURRENT: ContextVar[Process | None] = ContextVar("CURRENT", default=None)


class _Numbered:
    """Hashed by its number: sets of it have the same order in every run."""

    number = 0

    def __hash__(self) -> int:
        return self.number


class _Task(_Numbered, asyncio.Task):  # type: ignore[type-arg]
    def __init__(self, number: int, coro: Any, **options: Any) -> None:
        self.number = number  # first of all: the task is put into sets while it is made
        super().__init__(coro, **options)


class _Future(_Numbered, asyncio.Future):  # type: ignore[type-arg]
    pass


class SimulatedLoop(asyncio.BaseEventLoop):
    """A loop without sockets and threads; whatever asks for one fails."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.rng = Random(seed)
        self.steps = 0
        self.under_way = 0
        self.troubles: list[dict[str, Any]] = []
        self._now = 1000.0
        self._numbers = count(1)
        self._ready: list[asyncio.Handle] = []
        self._scheduled: list[asyncio.TimerHandle] = []
        # asyncio's own set has the tasks of every loop before that nobody has collected yet.
        self._made: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.set_task_factory(self._new_task)
        self.set_exception_handler(lambda _, trouble: self.troubles.append(trouble))

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def create_future(self) -> "asyncio.Future[Any]":
        """Return a future with a number."""
        future = _Future(loop=self)
        future.number = next(self._numbers)
        return future

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        """Refuse: threads are not simulated."""
        raise RuntimeError("a thread in the simulation")

    def _new_task(self, _: Any, coro: Coroutine[Any, Any, Any], **options: Any) -> Any:
        task = _Task(next(self._numbers), coro, loop=self, **options)
        self._made.add(task)
        if process := CURRENT.get():
            process.tasks.append(task)
            if len(process.tasks) > 64:
                process.tasks = [one for one in process.tasks if not one.done()]
        return task

    def _run_once(self) -> None:
        ready = self._ready
        while not ready:
            self._move_time()
        place = int(self.rng.random() * len(ready))
        ready[place], ready[-1] = ready[-1], ready[place]
        handle = ready.pop()
        if handle._cancelled:
            return
        process = handle._context.get(CURRENT)  # type: ignore[attr-defined]
        if process is not None and process.held is not None:
            process.held.append(handle)
            return
        self.steps += 1
        handle._run()

    def _move_time(self) -> None:
        while self._scheduled and self._scheduled[0]._cancelled:
            heapq.heappop(self._scheduled)._scheduled = False  # type: ignore[attr-defined]
        if not self._scheduled:
            raise NothingLeft
        self._now = max(self._now, self._scheduled[0].when())
        while self._scheduled and self._scheduled[0].when() <= self._now:
            timer = heapq.heappop(self._scheduled)
            timer._scheduled = False  # type: ignore[attr-defined]
            if not timer._cancelled:
                self._ready.append(timer)

    def outside(self, delay: float, act: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        """Have `act` called after a delay by nobody's process; `under_way` counts what will be."""

        def happen() -> None:
            self.under_way -= 1
            act(*args)

        self.under_way += 1
        return self.call_later(delay, happen, context=Context())

    def pause(self, process: Process, seconds: float) -> None:
        """Let nothing of the process run for so long; what falls due meanwhile runs afterwards."""
        if process.held is None and not process.dead:
            process.held = []
            self.outside(seconds, self.wake, process)

    def wake(self, process: Process) -> None:
        """End a pause."""
        held, process.held = process.held, None
        self._ready.extend(held or ())

    def kill(self, process: Process) -> None:
        """Mark the process dead and cancel all it was doing; `bury` waits for the end of that."""
        process.dead = True
        self.wake(process)
        for task in process.tasks:
            task.cancel()

    async def bury(self, process: Process) -> None:
        """Return when no task of a dead process is left; each may try to tidy up, in vain."""
        while left := [task for task in process.tasks if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.sleep(0.01)

    def finish(self) -> None:
        """End every task that is left, then the loop."""
        while left := {task for task in self._made if not task.done()}:
            for task in left:
                task.cancel()
            self.run_until_complete(asyncio.sleep(0.01))
        self.close()
