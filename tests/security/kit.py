"""Every service's whole app over real HTTP in this process, and an issuer of any token."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import requests
from aiohttp import web
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from audit.app import make_routes
from audit.proof_settings import ProofSettings
from audit.settings import AuditSettings
from board.app import make_pages
from board.asking import Services, open_session
from board.settings import BoardSettings
from intake.app import MIGRATIONS as INTAKE_MIGRATIONS
from intake.app import assemble as assemble_intake
from intake.settings import IntakeSettings
from notifier.app import MIGRATIONS as NOTIFIER_MIGRATIONS
from notifier.app import assemble as assemble_notifier
from notifier.settings import Settings as NotifierSettings
from pages.oidc import OidcSettings
from plumbing import operating, running
from plumbing.assembly import Assemble, Running, utc_now
from plumbing.database import Pool, open_pool
from plumbing.http_settings import HttpSettings
from plumbing.listening import http_server
from plumbing.migrating import migrate
from plumbing.relay import Relay
from plumbing.sealing import KeyRing
from plumbing.serving import Health, make_app
from plumbing.settings import CommonSettings
from registry_sync.app import assemble as assemble_registry_sync
from registry_sync.settings import RegistrySyncSettings
from routing.app import assemble as assemble_routing
from routing.settings import RoutingSettings
from tests.unit.pages_kit import KEY, listening

SERVICES = ("intake", "routing", "registry-sync", "notifier", "board", "audit")
RING = {"current": "k1", "keys": {"k1": "A" * 43 + "="}}
WEBHOOK = "whsec_" + "A" * 43 + "="
NOBODY = "http://127.0.0.1:9"
UNIT, OTHER_UNIT = "26737", "26740"
#: Everything anybody may be granted.
EVERY_SCOPE = "submissions:write feed:read desk:act operate board:read audit:read"


class Issuer:
    """An issuer of tokens whose keys are served over HTTP."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one"})
        self.url = ""

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return claims of a good token for everything; None takes one away."""
        now = int(time.time())
        said: dict[str, Any] = {
            "iss": self.url,
            "aud": "hotich",
            "sub": "person-1",
            "client_id": "national-portal",
            "scope": EVERY_SCOPE,
            "iat": now,
            "exp": now + 3600,
            "jti": "t-1",
            "channel": "national-portal",
            "provinces": ["*"],
            "role": "officer",
            "unit_code": UNIT,
        }
        return {name: value for name, value in (said | changes).items() if value is not None}

    def token(self, **changes: Any) -> str:
        """Return a signed token with these changes to its claims."""
        header = {"alg": "ES256", "typ": "at+jwt", "kid": "one"}
        return jwt.encode(header, self.claims(**changes), self.key)

    def bearer(self, **changes: Any) -> dict[str, str]:
        """Return the header that carries such a token."""
        return {"authorization": f"Bearer {self.token(**changes)}"}

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Issuer"]:
        """Serve meanwhile."""
        app = web.Application()
        app.router.add_get("/jwks.json", self._keys)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


@dataclass
class World:
    """The services by name, each at its address, and whose tokens they believe."""

    issuer: Issuer
    apps: dict[str, FastAPI] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    def ask(self, service: str, method: str, path: str, **more: Any) -> requests.Response:
        """Return what a service answers; redirects are not followed."""
        return requests.request(
            method, self.urls[service] + path, timeout=30, allow_redirects=False, **more
        )


@asynccontextmanager
async def served(app: FastAPI, limits: HttpSettings | None = None) -> AsyncIterator[str]:
    """Serve the app as a process does, and give its address."""
    with listening() as (listener, url):
        server = http_server(app, "127.0.0.1", 0, limits)
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[listener])
        # Headers of the server's own come with its clock's first tick.
        await server.on_tick(0)
        try:
            yield url
        finally:
            await server.shutdown(sockets=[])


@contextmanager
def in_a_thread(open_: Callable[[AsyncExitStack], Awaitable[Any]]) -> Iterator[Any]:
    """Give what `open_` returns, in a loop of its own that goes on until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stack = AsyncExitStack()

    def run(awaitable: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(awaitable, loop).result(120)

    try:
        yield run(open_(stack))
    finally:
        run(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


Databases = Mapping[str, str]
NO_DATABASES: Databases = dict.fromkeys(("intake", "routing", "registry-sync", "notifier"), "")


class NoDatabase:
    """A pool whose server is away: what needs it answers 503, once everything else was right."""

    def __getattr__(self, name: str) -> Any:
        """Return what raises as a pool does then, whatever is asked of it."""

        def away(*_: Any) -> Any:
            raise ConnectionRefusedError

        return away


def opening(databases: Databases, folder: Path) -> Callable[[AsyncExitStack], Awaitable[World]]:
    """Return what opens the world: of each service its database; the audit's archive in a folder.

    Nothing of it speaks to Kafka or to a neighbour: only what HTTP asks is done.
    """

    async def open_(stack: AsyncExitStack) -> World:
        world = World(await stack.enter_async_context(Issuer().running()))
        for name, (assemble, settings, migrations) in _kinds(world, databases).items():
            app = await _app(stack, name, assemble, settings, migrations)
            await _put(stack, world, name, app)
        http = open_session()
        stack.push_async_callback(http.close)
        addresses = {name: (url,) for name, url in world.urls.items()}
        told = _common(world, "", {"services_urls": addresses})
        services = Services(addresses, http)
        board = make_pages(
            BoardSettings.model_validate(told), _oidc(world, "board-web"), services, Health()
        )
        await _put(stack, world, "board", board)
        await _put(stack, world, "audit", _audit(world, folder))
        return world

    return open_


async def _put(stack: AsyncExitStack, world: World, name: str, app: FastAPI) -> None:
    world.apps[name] = app
    world.urls[name] = await stack.enter_async_context(served(app))


async def _app(
    stack: AsyncExitStack,
    service: str,
    assemble: Assemble,
    settings: CommonSettings,
    migrations: Path,
) -> FastAPI:
    """Return the app as a service's process makes it."""
    pool = cast(Pool, NoDatabase())
    if settings.database_url:
        await migrate(settings.database_url, migrations)
        pool = await open_pool(settings.database_url, application=service)
        stack.callback(pool.terminate)
    relay = Relay(service, settings.database_url, settings.kafka_bootstrap_servers)
    keys = KeyRing.from_json(json.dumps(RING))
    serving = Running(settings, pool, keys, relay, utc_now)
    assembly = await assemble(serving)
    if assembly.close is not None:
        stack.push_async_callback(assembly.close)
    app = make_app(service, Health())
    if assembly.routes is not None:
        assembly.routes(app)
    operating.attach(app, settings, running._operating(serving, assembly, service, None))
    return app


def _kinds(world: World, urls: Databases) -> dict[str, tuple[Assemble, CommonSettings, Path]]:
    portal = {
        "url": f"{NOBODY}/callbacks",
        "dossiers_url": f"{NOBODY}/dossiers",
        "secret": WEBHOOK,
    }
    mail = {"smtp_host": "127.0.0.1", "smtp_port": 9, "mail_from": "hotich@example.vn"}
    gateway = {"name": "sms", "url": f"{NOBODY}/sms", "token": "sms-token"}
    register = {
        "register_url": NOBODY,
        "register_username": "us",
        "register_password": "register-password",
    }
    more: dict[str, tuple[Any, Any, Path | None, dict[str, Any]]] = {
        "intake": (
            assemble_intake,
            IntakeSettings,
            INTAKE_MIGRATIONS,
            {"portal_secrets": {"national-portal": WEBHOOK}},
        ),
        "routing": (
            assemble_routing,
            RoutingSettings,
            None,
            {"reception": "officer", "oidc_client_id": "routing-web"},
        ),
        "registry-sync": (assemble_registry_sync, RegistrySyncSettings, None, register),
        "notifier": (
            assemble_notifier,
            NotifierSettings,
            NOTIFIER_MIGRATIONS,
            {"portals": {"national-portal": portal}, "sms_gateways": [gateway], **mail},
        ),
    }
    kinds: dict[str, tuple[Assemble, CommonSettings, Path]] = {}
    for name, (assemble, kind, migrations, own) in more.items():
        settings = kind.model_validate(_common(world, urls[name], own))
        where = migrations or _beside(assemble) / "migrations"
        kinds[name] = (assemble, settings, where)
    return kinds


def _beside(thing: Any) -> Path:
    return Path(thing.__code__.co_filename).parent


def _common(world: World, database_url: str, more: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kafka_bootstrap_servers": "127.0.0.1:9",
        "database_url": database_url,
        "http_port": 1,
        "particulars_keys": json.dumps(RING),
        "oidc_issuer": world.issuer.url,
        "oidc_jwks_url": f"{world.issuer.url}/jwks.json",
        **more,
    }


def _oidc(world: World, client: str) -> OidcSettings:
    told = {
        "issuer": world.issuer.url,
        "authorize_url": f"{world.issuer.url}/authorize",
        "token_url": f"{world.issuer.url}/token",
        "client_id": client,
        "client_secret": "client-password",
        "public_url": "http://127.0.0.1:1",
        "session_key": KEY,
    }
    return OidcSettings.model_validate(told)


def _audit(world: World, folder: Path) -> FastAPI:
    told = {"archive_folder": folder, "archive_origin": "hotich.example/log"}
    settings = AuditSettings.model_validate(_common(world, "", told))
    archiving = cast(Any, SimpleNamespace(reached={}))
    return make_routes(settings, ProofSettings(), archiving, Health())
