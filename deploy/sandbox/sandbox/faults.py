"""Trouble on demand: each played system can fail, stall, hang up, or do the work and not say so."""

import asyncio
import contextlib
import random
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from sandbox.answers import Handler, Refused, answer, problem, read_object, refused

COMPONENTS = ("register.push", "register.results", "sms", "mail", "callbacks", "tokens")
KINDS = ("error", "delay", "lost_answer", "drop")

_LONGEST_DELAY_SECONDS = 600


@dataclass(slots=True)
class Fault:
    """How one component misbehaves: `times` counts down to nothing, None goes on for ever."""

    kind: str
    share: float
    times: int | None
    seconds: float
    hits: int = 0


class Faults:
    """The faults asked for, at most one for each component; forgotten when the sandbox stops."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}

    def take(self, component: str, *, works: bool = True) -> Fault | None:
        """Return the fault this call suffers, counted as used, or None.

        A call that does no work (`works` false) has no answer to lose, so `lost_answer`
        passes it by.
        """
        fault = self._faults.get(component)
        if fault is None or (fault.kind == "lost_answer" and not works):
            return None
        if random.random() >= fault.share:
            return None
        fault.hits += 1
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                del self._faults[component]
        return fault

    def guard(self, component: str, handler: Handler, *, works: bool = True) -> Handler:
        """Return the handler as its callers meet it, faults included."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            fault = self.take(component, works=works)
            if fault is None:
                return await handler(request)
            if fault.kind == "error":
                return problem(500, "Fault", f"asked for with PUT /faults/{component}")
            if fault.kind == "drop":
                return _hang_up(request)
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
                return await handler(request)
            with contextlib.suppress(Refused):
                await handler(request)
            return _hang_up(request)

        return guarded

    def current(self) -> dict[str, dict[str, Any]]:
        """Return the faults in force by component."""
        return {component: asdict(fault) for component, fault in sorted(self._faults.items())}

    def routes(self) -> list[web.RouteDef]:
        """Return the control routes."""
        return [
            web.get("/faults", self._list),
            web.put("/faults/{component}", self._put),
            web.delete("/faults/{component}", self._delete),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        return answer(self.current())

    async def _put(self, request: web.Request) -> web.Response:
        component = _component(request)
        self._faults[component] = _read_fault(await read_object(request))
        return answer(asdict(self._faults[component]))

    async def _delete(self, request: web.Request) -> web.Response:
        self._faults.pop(_component(request), None)
        return web.Response(status=204)


def _component(request: web.Request) -> str:
    component = request.match_info["component"]
    if component not in COMPONENTS:
        raise refused(404, "Unknown component", f"known: {', '.join(COMPONENTS)}")
    return component


def _read_fault(body: dict[str, Any]) -> Fault:
    wrong: dict[str, str] = {}
    share, times, seconds = body.get("share", 1.0), body.get("times"), body.get("seconds", 0.0)
    if body.get("kind") not in KINDS:
        wrong["kind"] = f"one of {', '.join(KINDS)}"
    if not _is_number(share) or not 0 <= share <= 1:
        wrong["share"] = "a number from 0 to 1"
    if times is not None and (type(times) is not int or times < 1):
        wrong["times"] = "a whole number from 1, or null for no end"
    if not _is_number(seconds) or not 0 <= seconds <= _LONGEST_DELAY_SECONDS:
        wrong["seconds"] = f"a number from 0 to {_LONGEST_DELAY_SECONDS}"
    elif body.get("kind") == "delay" and seconds == 0:
        wrong["seconds"] = "a delay needs seconds above 0"
    for unknown in body.keys() - {"kind", "share", "times", "seconds"}:
        wrong[unknown] = "unknown field"
    if wrong:
        raise refused(422, "Not a fault", "see errors", **wrong)
    return Fault(kind=body["kind"], share=share, times=times, seconds=seconds)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    # aiohttp wants a response; the transport is gone, so it reaches nobody.
    return web.Response(status=500)
