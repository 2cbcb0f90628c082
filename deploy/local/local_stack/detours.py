"""The program that keeps a stack's detours and takes orders for each over HTTP."""

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from local_stack.detour import KINDS, Detour, Trouble
from local_stack.ports import HOST
from sandbox.answers import answer, answer_refusals, read_object, refused

_LONGEST_DELAY_SECONDS = 600


class Detours:
    """The detours by name, and the routes that command them."""

    def __init__(self, ways: Mapping[str, tuple[int, int]]) -> None:
        self.by_name = {name: Detour(*ports) for name, ports in ways.items()}

    async def open(self) -> None:
        """Return once every detour takes connections; raises OSError when a port is taken."""
        for detour in self.by_name.values():
            await detour.open()

    async def close(self) -> None:
        """End every connection and give the ports back."""
        for detour in self.by_name.values():
            await detour.close()

    def application(self) -> web.Application:
        """Return the control: `GET /detours`, `PUT` and `DELETE /detours/{name}`."""
        made = web.Application(middlewares=[answer_refusals])
        made.add_routes(
            [
                web.get("/health/ready", self._ready),
                web.get("/detours", self._list),
                web.put("/detours/{name}", self._put),
                web.delete("/detours/{name}", self._delete),
            ]
        )
        return made

    async def _ready(self, request: web.Request) -> web.Response:
        return answer({"status": "ready", "pid": os.getpid()})

    async def _list(self, request: web.Request) -> web.Response:
        return answer({name: _shown(detour) for name, detour in self.by_name.items()})

    async def _put(self, request: web.Request) -> web.Response:
        detour = self._named(request)
        ended = await detour.obey(_read(await read_object(request)))
        return answer(_shown(detour) | {"ended": ended})

    async def _delete(self, request: web.Request) -> web.Response:
        await self._named(request).obey(None)
        return web.Response(status=204)

    def _named(self, request: web.Request) -> Detour:
        detour = self.by_name.get(request.match_info["name"])
        if detour is None:
            raise refused(404, "Unknown detour", f"known: {', '.join(self.by_name)}")
        return detour


def _shown(detour: Detour) -> dict[str, Any]:
    return {
        "port": detour.port,
        "target_port": detour.target_port,
        "trouble": asdict(detour.trouble) if detour.trouble else None,
        "connections": detour.connections,
        "taken": detour.taken,
    }


def _read(body: dict[str, Any]) -> Trouble:
    wrong: dict[str, str] = {}
    kind, seconds, pace = body.get("kind"), body.get("seconds", 0), body.get("bytes_per_second", 0)
    if kind not in KINDS:
        wrong["kind"] = f"one of {', '.join(KINDS)}"
    if type(seconds) not in (int, float) or not 0 <= seconds <= _LONGEST_DELAY_SECONDS:
        wrong["seconds"] = f"a number from 0 to {_LONGEST_DELAY_SECONDS}"
    elif kind == "delay" and not seconds:
        wrong["seconds"] = "a delay needs seconds above 0"
    if type(pace) is not int or pace < 0 or (kind == "throttle" and pace == 0):
        wrong["bytes_per_second"] = "a whole number above 0"
    for unknown in body.keys() - {"kind", "seconds", "bytes_per_second"}:
        wrong[unknown] = "unknown field"
    if wrong:
        raise refused(422, "Not a trouble", "see errors", **wrong)
    return Trouble(str(kind), float(seconds), pace)


async def run(ways: Mapping[str, tuple[int, int]], control_port: int) -> None:
    """Keep the detours until SIGTERM or SIGINT; raises OSError when a port is taken."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    detours = Detours(ways)
    await detours.open()
    runner = web.AppRunner(detours.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, HOST, control_port).start()
    await stop.wait()
    await runner.cleanup()
    await detours.close()


def main() -> None:
    """Run as DETOURS_WAYS (name -> listening port and target port) and DETOURS_PORT say."""
    ways = json.loads(os.environ["DETOURS_WAYS"])
    asyncio.run(run(ways, int(os.environ["DETOURS_PORT"])))


if __name__ == "__main__":
    main()
