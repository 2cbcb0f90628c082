"""The citizen's page over real HTTP on a real database, and a citizen who uses it."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
import uvicorn

from plumbing.serving import Health, make_app
from routing.settings import RoutingSettings
from routing.tracking.routes import TrackingPages
from tests.integration.routing_kit import OneStop, an_accepted
from tests.integration.sandbox_process import free_port
from tests.unit.builders import some_particulars

#: The end of the number of `some_particulars`, and one that is not.
RIGHT, WRONG = "000001", "999999"
UNKNOWN_CODE = "H29.26737-261123-9999"
RECEIPT_KEYS = json.dumps(
    {"current": "r1", "keys": {"r1": {"seed": base64.b64encode(bytes(range(32))).decode()}}}
)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def settings(**changes: Any) -> RoutingSettings:
    """Return settings of a one-stop with receipts; `changes` replace some."""
    told: dict[str, Any] = {
        "kafka_bootstrap_servers": "",
        "database_url": "",
        "http_port": 1,
        "particulars_keys": "",
        "oidc_issuer": "",
        "oidc_jwks_url": "",
        "receipt_keys": RECEIPT_KEYS,
    }
    return RoutingSettings(**(told | changes))


def a_tracked(number: int = 1, **changes: Any) -> Any:
    """Return an accepted birth of the applicant whose number ends in RIGHT."""
    return an_accepted(number, None, **({"particulars": some_particulars()} | changes))


@dataclass
class Page:
    """What was answered: status, headers, text."""

    status: int
    headers: Any
    text: str


@dataclass
class Citizen:
    """Someone with a browser of their own."""

    one_stop: OneStop
    http: aiohttp.ClientSession

    async def get(self, path: str, **more: Any) -> Page:
        """Return what is answered, without following."""
        return await self._send("GET", path, **more)

    async def post(self, path: str, fields: dict[str, str], **more: Any) -> Page:
        """Send a form of the page itself."""
        form = (await self.get("/tra-cuu")).text
        (csrf, *_) = _CSRF.findall(form)
        return await self._send("POST", path, data={"csrf": csrf, **fields}, **more)

    async def ask(self, code: str, factor: str, **more: Any) -> Page:
        """Ask for a dossier."""
        return await self.post("/tra-cuu", {"code": code, "factor": factor}, **more)

    async def see(self, code: str, factor: str = RIGHT, language: str = "vi") -> Page:
        """Return the page of the dossier after asking for it."""
        asked = await self.ask(code, factor)
        assert asked.status == 303, asked.text
        return await self.get(f"{asked.headers['location']}?lang={language}")

    async def _send(self, method: str, path: str, **more: Any) -> Page:
        async with self.http.request(method, path, allow_redirects=False, **more) as response:
            body = await response.read()
            return Page(response.status, response.headers, body.decode("utf-8", "replace"))


@asynccontextmanager
async def a_site(one_stop: OneStop, **changes: Any) -> AsyncIterator[str]:
    """Serve the citizen's pages on a free port and give their address."""
    app, port = make_app("routing", Health()), free_port()
    running: Any = one_stop.running
    TrackingPages(running, one_stop.part, settings(**changes)).add_to(app)
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, log_config=None, lifespan="off", proxy_headers=False
        )
    )
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def a_citizen(one_stop: OneStop, **changes: Any) -> AsyncIterator[Citizen]:
    """Give a citizen of a site that is served for them."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        a_site(one_stop, **changes) as url,
        aiohttp.ClientSession(url, cookie_jar=jar) as http,
    ):
        yield Citizen(one_stop, http)


def running_of(one_stop: OneStop) -> Any:
    """Return what a tracker needs of the running service."""
    return SimpleNamespace(
        pool=one_stop.pool, keys=one_stop.running.keys, clock=lambda: one_stop.now
    )
