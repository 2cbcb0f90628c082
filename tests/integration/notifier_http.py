"""The notifier's HTTP side for portals, with real tokens, on the bench's database."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from plumbing.serving import Health, make_app
from tests.integration.notifier_bench import NotifierBench
from tests.integration.sandbox_process import SECRETS, Sandbox, a_sandbox, free_port

NATIONAL, PROVINCIAL = "national-portal", "provincial-portal-79"
#: Who may speak to the National Portal's own interface.
INTERFACE = {"username": "hotich", "password": "interface-password"}
#: Clients as the local stack has them, and one that may only hand in.
CLIENTS = {
    NATIONAL: "submissions:write feed:read",
    PROVINCIAL: "submissions:write feed:read",
    "moj-direct": "submissions:write",
}


@asynccontextmanager
async def a_sandbox_of_portals(folder: Path) -> AsyncIterator[Sandbox]:
    """Give a sandbox that issues the portals' tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    secrets = folder / "portal-secrets.json"
    clients = {
        name: {"secret": "password", "scope": scope, "claims": {}}
        for name, scope in CLIENTS.items()
    }
    secrets.write_text(json.dumps(SECRETS | {"clients": clients, "national": INTERFACE}))
    async with a_sandbox(folder, SANDBOX_SECRETS=str(secrets)) as sandbox:
        yield sandbox


@dataclass
class Answer:
    """What the notifier answered."""

    status: int
    headers: Any
    body: Any


@dataclass
class PortalAtHome:
    """A portal with its token, asking the notifier."""

    url: str
    http: aiohttp.ClientSession
    token: str

    async def get(self, path: str, **query: Any) -> Answer:
        """Ask and return the answer."""
        return await self._send("GET", path, query)

    async def post(self, path: str) -> Answer:
        """Ask for something to be done and return the answer."""
        return await self._send("POST", path, {})

    async def _send(self, method: str, path: str, query: dict[str, Any]) -> Answer:
        params = {name: str(value) for name, value in query.items()}
        headers = {"authorization": f"Bearer {self.token}"}
        url = f"{self.url}{path}"
        async with self.http.request(method, url, params=params, headers=headers) as response:
            return Answer(response.status, response.headers, await response.json())

    async def reads(
        self, cursor: str = "", *, least: int = 0, **query: Any
    ) -> tuple[list[Any], str]:
        """Read on until there were so many updates, and return them and the cursor after them.

        What others write in the cluster meanwhile may hold an update back for a moment.
        """
        items: list[Any] = []
        for _ in range(400):
            answer = await self.get("/v1/feed", **query, **({"after": cursor} if cursor else {}))
            assert answer.status == 200, answer.body
            items += answer.body["items"]
            cursor = answer.body["next"]
            query.pop("since", None)
            if len(items) >= least:
                return items, cursor
            await asyncio.sleep(0.05)
        raise AssertionError(f"only {len(items)} of {least} updates came")


@asynccontextmanager
async def portals_of(bench: NotifierBench, *names: str) -> AsyncIterator[list[PortalAtHome]]:
    """Serve the notifier's routes and give the portals of those names, each with its token."""
    app = make_app("notifier", Health())
    assert bench.assembly.routes is not None
    bench.assembly.routes(app)
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
    )
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        async with aiohttp.ClientSession() as http:
            yield [
                PortalAtHome(f"http://127.0.0.1:{port}", http, await _token(bench.sandbox, name))
                for name in names
            ]
    finally:
        server.should_exit = True
        await serving


async def _token(sandbox: Sandbox, client: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": "password"}
    status, body = await sandbox.post("/oauth/token", data=form)
    assert status == 200, body
    return str(body["access_token"])
