"""The operator's pages over a toy service with a real database, and people who sign in to them."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import time
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import uvicorn

from board.app import make_pages
from board.asking import Services, open_session
from board.settings import BoardSettings
from local_stack import people
from plumbing.assembly import Running
from plumbing.comparing import Reconciler
from plumbing.operating import Operators
from plumbing.overview import OverviewRoutes
from plumbing.reconciliation_api import ReconciliationRoutes
from plumbing.serving import Health, make_app
from plumbing.stuck.api import StuckRoutes
from plumbing.stuck.lanes_api import LaneRoutes
from plumbing.tokens import TokenVerifier
from plumbing.valves import Valves
from tests.integration.core_kit import NOW, RING
from tests.integration.sandbox_process import SECRETS, Sandbox, a_sandbox, free_port
from tests.integration.stuck_kit import SERVICE, Desk, a_desk
from tests.unit.pages_kit import Visitor, listening, serving, settings_of, visiting, word_of

CLIENT = {"secret": "client-password", "scope": "board:read operate"}
NOBODY = "http://127.0.0.1:1"


@dataclass
class OperationsBench:
    """The board at `url`, over the notifier's toy at `service_url` and a routing that is away."""

    url: str
    desk: Desk
    sandbox: Sandbox
    valves: Valves
    service_url: str
    open: contextlib.AsyncExitStack = field(repr=False)

    async def sign_in(self, person: str) -> "Person":
        """Return the person's browser, signed in."""
        visitor = await self.open.enter_async_context(visiting(self.url))
        return await signed_in(visitor, self.sandbox.url, person)


class Person:
    """Somebody's browser without a screen, signed in at the board."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.status = 0
        self.at = ""

    async def see(self, path: str) -> str:
        """Return the page's text as a person reads it, whatever its status."""
        answer = await self.visitor.get(path)
        self.status, self.at = answer.status, path
        return readable(await answer.text())

    async def send(self, path: str, /, *, at: str = "/van-hanh/", **fields: Any) -> str:
        """Send a form as the page at `at` does, and return the page it leads to."""
        page = await (await self.visitor.get(at)).text()
        return await self.send_as_is(path, csrf=word_of(page), **fields)

    async def send_as_is(self, path: str, /, **fields: Any) -> str:
        """Send these fields and no others, and return the page it leads to."""
        pairs = [
            (name, one)
            for name, value in fields.items()
            for one in (value if isinstance(value, list | tuple) else [value])
        ]
        answer = await self.visitor.post(path, aiohttp.FormData(pairs))
        self.status, self.at = answer.status, path
        if answer.status == 303:
            self.at = answer.headers["location"]
            page = await self.see(self.at)
            self.status = 303
            return page
        return readable(await answer.text())


async def signed_in(visitor: Visitor, issuer: str, person: str) -> Person:
    """Choose the person on the sandbox's page, and come back signed in."""
    asked = await visitor.begin("/van-hanh/")
    async with visitor.http.post(
        f"{issuer}/oauth/authorize", data=asked | {"person": person}, allow_redirects=False
    ) as answer:
        back = urlsplit(answer.headers["location"])
    ended = await visitor.get(f"{back.path}?{back.query}")
    assert ended.status == 303, await ended.text()
    return Person(visitor)


def readable(page: str) -> str:
    """Return the text of the page's main part, without tags; one space between words."""
    main = page.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    text = re.sub(r"<[^>]+>", " ", main)
    return " ".join(unescape(text).split())


def hidden(page: str, name: str) -> str:
    """Return what a page's hidden field holds."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return unescape(found[1])


@asynccontextmanager
async def an_operations_bench(
    folder: Path, database: str, **more: tuple[str, ...]
) -> AsyncIterator[OperationsBench]:
    """Give the board with everything around it, and over `more` services besides."""
    folder.mkdir(parents=True, exist_ok=True)
    known = people.people((), ("79",), ("operator", "operator-2"))
    secrets = folder / "board-people.json"
    secrets.write_text(
        json.dumps(SECRETS | {"people": known, "web_clients": {"board-web": CLIENT}})
    )
    async with contextlib.AsyncExitStack() as opened:
        listener, url = opened.enter_context(listening())
        told = {
            "SANDBOX_SECRETS": str(secrets),
            "SANDBOX_REDIRECTS": json.dumps({"board-web": [f"{url}/"]}),
        }
        sandbox = await opened.enter_async_context(a_sandbox(folder, **told))
        desk = await opened.enter_async_context(a_desk(database))
        valves = Valves()
        service = await opened.enter_async_context(_served(desk, sandbox, valves))
        session = await opened.enter_async_context(open_session())
        settings = BoardSettings(
            http_port=1,
            services_urls={**more, "routing": (NOBODY,), SERVICE: (service,)},
            oidc_issuer=sandbox.url,
            oidc_jwks_url=f"{sandbox.url}/oauth/jwks.json",
        )
        oidc = settings_of(sandbox.url, url, client_id="board-web")
        app = make_pages(settings, oidc, Services(settings.services_urls, session), Health())
        await opened.enter_async_context(serving(app, listener))
        yield OperationsBench(url, desk, sandbox, valves, service, opened)


@asynccontextmanager
async def _served(desk: Desk, sandbox: Sandbox, valves: Valves) -> AsyncIterator[str]:
    """Serve the toy's routes for operators; gives the address."""
    health, port, pool = Health(), free_port(), desk.bench.pool
    app = make_app(SERVICE, health)

    async def ready() -> str | None:
        return None

    health.ready = ready
    jwks = f"{sandbox.url}/oauth/jwks.json"
    operators = Operators(TokenVerifier(sandbox.url, "hotich", jwks))
    settings: Any = SimpleNamespace(replica="0")
    relay: Any = SimpleNamespace(wake=asyncio.Event())
    running = Running(settings, pool, RING, relay, lambda: NOW, valves=valves)
    compared: Any = SimpleNamespace(neighbour="register")
    register = Reconciler(SERVICE, compared, pool, lambda: NOW, time(2))
    for add in (
        StuckRoutes(desk.workbench),
        LaneRoutes(SERVICE, pool, valves.states, running.wake, ("told",)),
        OverviewRoutes(SERVICE, running, None, ("told",)),
        ReconciliationRoutes((register,)),
    ):
        add(app, operators)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
    )
    serving_it = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving_it
