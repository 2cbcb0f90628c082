"""What a service is made of, and what it may use while it runs."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI

from contracts.topics import Topic
from plumbing.applying import Part
from plumbing.calls import Caller
from plumbing.database import Pool
from plumbing.effects import Executor
from plumbing.inlets import Settle
from plumbing.keeping import Purge
from plumbing.lagging import Lags
from plumbing.operating import AddRoutes
from plumbing.relay import Relay
from plumbing.sealing import KeyRing
from plumbing.settings import CommonSettings
from plumbing.subjects.api import OpenOwn
from plumbing.valves import Limit, Valves


def utc_now() -> datetime:
    """Return the instant, aware."""
    return datetime.now(UTC)


def clock_ahead(seconds: float) -> Callable[[], datetime]:
    """Return a clock that is that far ahead (negative: behind), for a day that is not today.

    Rules live by it; tokens, signatures, leases and retries keep the real time.
    """
    ahead = timedelta(seconds=seconds)
    return lambda: datetime.now(UTC) + ahead


@dataclass
class Running:
    """What a service may use while it runs.

    Whoever calls a neighbour beside the executor goes through the same `valves`.
    """

    settings: CommonSettings
    pool: Pool
    keys: KeyRing
    relay: Relay
    clock: Callable[[], datetime]
    executor: "Executor[Any] | None" = None
    valves: Valves = field(default_factory=Valves)
    lags: Lags = field(default_factory=Lags)

    def wake(self) -> None:
        """Let the relay and the executor look at once, after a commit of ours."""
        self.relay.wake.set()
        if self.executor is not None:
            self.executor.wake.set()


@dataclass
class Assembly:
    """What a service is made of; everything optional but its part.

    `valves` limits the calls under way to a neighbour, by the name of its call; `lanes` names the
    lanes of its calls, which can be paused before there was any. `purges` are what goes from its
    own tables with time; `open_own` opens what is held of a person, for that person.
    """

    part: "Part[Any]"
    inlets: Mapping[Topic, Settle] = field(default_factory=dict)
    callers: Mapping[str, Caller] = field(default_factory=dict)
    valves: Mapping[str, Limit] = field(default_factory=dict)
    lanes: Collection[str] = ()
    purges: Sequence[Purge] = ()
    tasks: Sequence[Callable[[], Awaitable[None]]] = ()
    routes: Callable[[FastAPI], None] | None = None
    operating: Sequence[AddRoutes] = ()
    open_own: OpenOwn | None = None
    close: Callable[[], Awaitable[None]] | None = None


Assemble = Callable[[Running], Awaitable[Assembly]]
