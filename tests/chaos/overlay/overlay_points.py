"""Puts points of failure and a movable clock into a service from outside, by name."""

import functools
import inspect
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any


class Gone(Exception):
    """What is to be changed has another name or shape now: this overlay has to follow."""


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put what `make` returns for the thing of that name in its place; raises Gone."""
    if not hasattr(owner, name):
        raise Gone(f"{owner.__name__} has no {name}")
    setattr(owner, name, make(getattr(owner, name)))


def demand(owner: Any, name: str, *parameters: str) -> None:
    """Raise Gone unless there is a function of that name whose first parameters are these."""
    if not hasattr(owner, name):
        raise Gone(f"{owner.__name__} has no {name}")
    found = tuple(inspect.signature(getattr(owner, name)).parameters)[: len(parameters)]
    if found != parameters:
        raise Gone(f"{owner.__name__}.{name} takes {found}, expected {parameters}")


def change_argument(owner: Any, name: str, change: Callable[[Any], Any]) -> None:
    """Have every new object of the class made with that argument changed; raises Gone."""
    signature = inspect.signature(owner.__init__)
    if name not in signature.parameters:
        raise Gone(f"{owner.__name__} is not made with {name}")

    def make(old: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(old)
        def init(*args: Any, **kwargs: Any) -> None:
            bound = signature.bind(*args, **kwargs)
            bound.arguments[name] = change(bound.arguments[name])
            old(*bound.args, **bound.kwargs)

        return init

    replace(owner, "__init__", make)


@dataclass(frozen=True)
class Orders:
    """What the campaign wants of this process: two files in its folder."""

    folder: Path
    process: str

    def reach(self, point: str) -> None:
        """Die here if that is ordered; the order is taken away first, so it holds once."""
        order = self.folder / f"{self.process}.fail"
        try:
            if order.read_text() != point:
                return
            order.unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    def skew(self) -> timedelta:
        """Return how far the rules' clock is to be ahead; negative is behind."""
        try:
            text = (self.folder / f"{self.process}.skew").read_text()
        except FileNotFoundError:
            return timedelta()
        return timedelta(seconds=float(text))


def install(folder: str, process: str, broken: str = "") -> None:
    """Change this process, which must not have started its service yet; raises Gone."""
    import overlay_builds

    orders = Orders(Path(folder), process)
    if broken:
        overlay_builds.BUILDS[broken]()
    _settling(orders)
    _relaying(orders)
    _calling(orders)
    _telling_time(orders)


def _settling(orders: Orders) -> None:
    from plumbing.settling import Settler

    def at_the_end(settle: Any) -> Any:
        async def inlet(*args: Any) -> Any:
            settled = await settle(*args)
            orders.reach("before_db_commit")
            return settled

        return inlet

    def inlets(given: Mapping[str, Any]) -> dict[str, Any]:
        return {topic: at_the_end(settle) for topic, settle in given.items()}

    def settling(old: Any) -> Any:
        async def settle(*args: Any) -> Any:
            following = await old(*args)
            orders.reach("after_db_commit")
            return following

        return settle

    change_argument(Settler, "inlets", inlets)
    replace(Settler, "settle", settling)


def _relaying(orders: Orders) -> None:
    from plumbing import relay

    def sending(old: Any) -> Any:
        async def send(*args: Any) -> Any:
            outcomes = await old(*args)
            if None in outcomes:
                orders.reach("after_publish")
            return outcomes

        return send

    demand(relay, "send", "producer", "rows")
    replace(relay, "send", sending)


def _calling(orders: Orders) -> None:
    from plumbing.effects import Executor

    def around(caller: Any) -> Any:
        async def call_out(call: Any) -> Any:
            orders.reach("before_call")
            answer = await caller(call)
            orders.reach("after_call")
            return answer

        return call_out

    def callers(given: Mapping[str, Any]) -> dict[str, Any]:
        return {kind: around(caller) for kind, caller in given.items()}

    change_argument(Executor, "callers", callers)


def _telling_time(orders: Orders) -> None:
    from plumbing import running

    def ahead(old: Any) -> Any:
        def clock_ahead(seconds: float) -> Callable[[], datetime]:
            clock = old(seconds)
            return lambda: clock() + orders.skew()

        return clock_ahead

    replace(running, "clock_ahead", ahead)
