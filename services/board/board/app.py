"""Wires the board: settings in, pages out; it keeps nothing and asks the services."""

import asyncio
import signal
from collections.abc import Callable, Sequence

import structlog
from fastapi import FastAPI

import reference
from board import front, operations, provinces
from board.asking import Services, open_session
from board.settings import BoardSettings
from pages.oidc import OidcSettings
from pages.signing_in import SignIn
from pages.site import Site
from plumbing.listening import http_server, listen
from plumbing.logs import configure, describe, where
from plumbing.serving import Health, make_app
from plumbing.settings import read_settings
from plumbing.tokens import TokenVerifier

log = structlog.get_logger()

SERVICE = "board"
#: Everyone who comes in needs the first; operators are granted the second besides.
SCOPE = "board:read operate"

AddPages = Callable[[FastAPI, Site, SignIn, Services], None]
#: The pages of the board, module by module.
PAGES: Sequence[AddPages] = (front.add_to, provinces.add_to, operations.add_to)


def make_pages(
    settings: BoardSettings, oidc: OidcSettings, services: Services, health: Health
) -> FastAPI:
    """Return the app with every page of the board."""
    app, known = make_app(SERVICE, health), reference.load()
    site = Site(
        "board",
        "board.provinces",
        home="/",
        brand="board.brand",
        reference=known,
        public_url=oidc.public_url,
    )
    site.mount_static(app)
    verifier = TokenVerifier(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)
    sign_in = SignIn(oidc, verifier, SCOPE)
    sign_in.add_to(app, site)
    for add in PAGES:
        add(app, site, sign_in, services)
    return app


async def _run(settings: BoardSettings) -> int:
    stop, health = asyncio.Event(), Health()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    session = open_session()
    try:
        services = Services(settings.services_urls, session)
        app = make_pages(settings, read_settings(OidcSettings, SERVICE), services, health)
        return await _serve(app, settings, health, stop)
    except Exception as error:  # the supervisor starts us again; say why we stopped
        log.critical("service_failed", error=describe(error), traceback=where(error))
        return 1
    finally:
        await session.close()


async def _serve(app: FastAPI, settings: BoardSettings, health: Health, stop: asyncio.Event) -> int:
    server = http_server(app, settings.http_host, settings.http_port)
    serving = asyncio.create_task(listen(server), name="http")
    stopping = asyncio.create_task(stop.wait(), name="stop")

    async def ready() -> str | None:
        return None if server.started else "starting"

    health.ready = ready
    log.info("service_started", port=settings.http_port)
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    asked = stop.is_set()
    server.should_exit = True
    stopping.cancel()
    await serving
    log.info("service_stopped", outcome="asked" if asked else "failed")
    return 0 if asked else 1


def main() -> None:
    """Serve the pages until SIGTERM (exit 0), or until the port cannot be opened (exit 1)."""
    settings = read_settings(BoardSettings, SERVICE)
    configure(SERVICE, settings.log_level)
    raise SystemExit(asyncio.run(_run(settings)))
