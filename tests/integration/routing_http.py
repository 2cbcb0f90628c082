"""The one-stop's desk over real HTTP with real tokens, and officers who use it."""

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
from plumbing.tokens import TokenVerifier
from routing.api import binder
from tests.integration.routing_kit import OTHER_UNIT, UNIT, OneStop
from tests.integration.sandbox_process import SECRETS, a_sandbox, free_port


@dataclass
class Issuer:
    """Whom the desk believes, and a token for each client."""

    verifier: TokenVerifier
    tokens: dict[str, str]


@asynccontextmanager
async def an_issuer(folder: Path, *more: str) -> AsyncIterator[Issuer]:
    """Give the sandbox's tokens of two and more units' officers, a clerk without one, a portal."""
    claims: dict[str, dict[str, Any]] = {
        f"officer-{unit}": {"role": "officer", "unit_code": unit}
        for unit in (UNIT, OTHER_UNIT, *more)
    }
    claims["clerk"] = {"role": "officer"}
    officers = {
        name: {"secret": "password", "scope": "desk:act", "claims": said}
        for name, said in claims.items()
    }
    portal = {"national-portal": SECRETS["clients"]["national-portal"] | {"secret": "password"}}
    secrets = folder / "desk-secrets.json"
    folder.mkdir(parents=True, exist_ok=True)
    secrets.write_text(json.dumps(SECRETS | {"clients": officers | portal}))
    async with a_sandbox(folder, SANDBOX_SECRETS=str(secrets)) as sandbox:
        tokens = {}
        for name in (*officers, *portal):
            form = {
                "grant_type": "client_credentials",
                "client_id": name,
                "client_secret": "password",
            }
            status, body = await sandbox.post("/oauth/token", data=form)
            assert status == 200
            tokens[name] = str(body["access_token"])
        verifier = TokenVerifier(sandbox.url, "hotich", f"{sandbox.url}/oauth/jwks.json")
        yield Issuer(verifier, tokens)


@dataclass
class Answer:
    """What the desk answered: the body as JSON where it is JSON."""

    status: int
    headers: Any
    body: Any


@dataclass
class Officer:
    """Someone at the desk of UNIT, unless told otherwise."""

    one_stop: OneStop
    http: aiohttp.ClientSession
    tokens: dict[str, str]

    async def get(self, path: str, *, client: str = f"officer-{UNIT}", **query: Any) -> Answer:
        """Return what is answered to a reader."""
        return await self._ask("GET", path, client, params=query)

    async def act(
        self,
        dossier_id: Any,
        act: str,
        *,
        client: str = f"officer-{UNIT}",
        seen: str | None = None,
        **body: Any,
    ) -> Answer:
        """Return what is answered to an act; `seen` is the condition it is asked under."""
        path = f"/v1/dossiers/{dossier_id}/{act}"
        return await self._ask("POST", path, client, seen, json=body or None)

    async def _ask(
        self, method: str, path: str, client: str, seen: str | None = None, **more: Any
    ) -> Answer:
        headers = {"authorization": f"Bearer {self.tokens.get(client, client)}"}
        headers |= {} if seen is None else {"if-match": seen}
        async with self.http.request(method, path, headers=headers, **more) as response:
            body = await response.read()
            is_json = "json" in response.headers["content-type"]
            return Answer(response.status, response.headers, json.loads(body) if is_json else body)


@asynccontextmanager
async def an_officer(one_stop: OneStop, issuer: Issuer) -> AsyncIterator[Officer]:
    """Serve the desk on a free port and give an officer of it."""
    app, port = make_app("routing", Health()), free_port()
    binder(one_stop.running, one_stop.part, issuer.verifier)(app)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
    )
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            yield Officer(one_stop, http, issuer.tokens)
    finally:
        server.should_exit = True
        await serving
