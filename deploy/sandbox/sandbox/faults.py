"""Trouble on demand: each played system can fail, stall, hang up, or do the work and not say so."""

import asyncio
import contextlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from sandbox.answers import Handler, Refused, answer, problem, refused

#: `sms` is every gateway, `sms-1` and `sms-2` are one each.
COMPONENTS = (
    *("register.push", "register.results", "sms", "sms-1", "sms-2", "mail", "callbacks", "tokens"),
    *("national", "tsa"),
)
#: `busy` refuses before anything is done (503), `error` leaves that open (500).
KINDS = ("error", "busy", "delay", "lost_answer", "drop")

_LONGEST_DELAY_SECONDS = 600


@dataclass(slots=True)
class Fault:
    """How one component misbehaves: `times` counts down to nothing, None goes on for ever.

    `share` is the part of all calls it hits, from 0 to 1.
    """

    kind: str
    share: float
    times: int | None
    seconds: float
    hits: int = 0


class Faults:
    """The faults asked for, one or a mix for each component; forgotten when the sandbox stops."""

    def __init__(self) -> None:
        self._faults: dict[str, list[Fault]] = {}

    def take(self, component: str, *, works: bool = True) -> Fault | None:
        """Return the fault this call suffers, counted as used, or None.

        Of a mix at most one hits a call, each with its own share. A call that does no work
        (`works` false) has no answer to lose, so `lost_answer` passes it by.
        """
        drawn = random.random()
        for fault in self._faults.get(component, ()):
            if drawn < fault.share:
                if fault.kind == "lost_answer" and not works:
                    return None
                self._count(component, fault)
                return fault
            drawn -= fault.share
        return None

    def _count(self, component: str, fault: Fault) -> None:
        fault.hits += 1
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times == 0:
            self._faults[component].remove(fault)
            if not self._faults[component]:
                del self._faults[component]

    def guard(
        self, component: str, handler: Handler, *, works: bool = True, alone: str = ""
    ) -> Handler:
        """Return the handler as its callers meet it, faults included.

        `alone` names it where its component has several: it suffers the faults of both names.
        """

        async def guarded(request: web.Request) -> web.StreamResponse:
            fault = self.take(component, works=works)
            if fault is None and alone:
                fault = self.take(alone, works=works)
            if fault is None:
                return await handler(request)
            if fault.kind == "error":
                return problem(500, "Fault", f"asked for with PUT /faults/{component}")
            if fault.kind == "busy":
                return problem(503, "Busy", f"asked for with PUT /faults/{component}")
            if fault.kind == "drop":
                return hang_up(request)
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
                return await handler(request)
            with contextlib.suppress(Refused):
                await handler(request)
            return hang_up(request)

        return guarded

    def current(self) -> dict[str, dict[str, Any]]:
        """Return the faults in force by component; those of a mix as `sms.1`, `sms.2`."""
        return {
            f"{component}.{number}" if len(mix) > 1 else component: asdict(fault)
            for component, mix in sorted(self._faults.items())
            for number, fault in enumerate(mix, 1)
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the control routes."""
        return [
            web.get("/faults", self._list),
            web.put("/faults/{component}", self._put),
            web.delete("/faults/{component}", self._delete),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        return answer({name: _shown(mix) for name, mix in sorted(self._faults.items())})

    async def _put(self, request: web.Request) -> web.Response:
        component = _component(request)
        self._faults[component] = _read_mix(await request.read())
        return answer(_shown(self._faults[component]))

    async def _delete(self, request: web.Request) -> web.Response:
        self._faults.pop(_component(request), None)
        return web.Response(status=204)


def _component(request: web.Request) -> str:
    component = request.match_info["component"]
    if component not in COMPONENTS:
        raise refused(404, "Unknown component", f"known: {', '.join(COMPONENTS)}")
    return component


def _shown(mix: Sequence[Fault]) -> dict[str, Any] | list[dict[str, Any]]:
    """Return one fault as an object, several as a list."""
    shown = [asdict(fault) for fault in mix]
    return shown[0] if len(shown) == 1 else shown


def _read_mix(text: bytes) -> list[Fault]:
    """Return the faults in the body, one object or a list; raises Refused."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    wanted = body if isinstance(body, list) else [body]
    if not wanted or not all(isinstance(one, dict) for one in wanted):
        raise refused(400, "Malformed body", "the body must be a JSON object, or a list of some")
    mix = [_read_fault(one) for one in wanted]
    # Tenths added up are not whole in binary.
    if sum(fault.share for fault in mix) > 1 + 1e-9:
        raise refused(422, "Not a mix", "see errors", share="together at most 1")
    return mix


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


def hang_up(request: web.Request) -> web.Response:
    """Close the connection; the response given back reaches nobody."""
    if request.transport is not None:
        request.transport.close()
    # aiohttp wants a response; the transport is gone, so it reaches nobody.
    return web.Response(status=500)
