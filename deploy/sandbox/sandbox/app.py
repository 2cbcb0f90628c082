"""Wiring: settings in, running sandbox out."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator

from aiohttp import web

from sandbox.answers import answer, answer_refusals, problem, refused
from sandbox.bus import BusSender
from sandbox.bus_access import Bus
from sandbox.callbacks import Callbacks
from sandbox.driver import Driver
from sandbox.faults import Faults
from sandbox.journal import Entry, Journal
from sandbox.magic import played
from sandbox.magic_api import MagicApi
from sandbox.magic_desk import MagicDesk
from sandbox.mail import MailServer
from sandbox.national import NationalInterface
from sandbox.page import render_page
from sandbox.portals import Portals
from sandbox.register import Register
from sandbox.register_api import RegisterApi
from sandbox.register_played import PlayedDossiers
from sandbox.replies import ReplyReader
from sandbox.settings import Settings, read_secrets
from sandbox.sms import SmsGateway
from sandbox.timestamping import TimeStamping, open_authority
from sandbox.tokens import TokenIssuer, load_key

_LARGEST_BODY_BYTES = 1 << 26
_LAST_ANSWERS_SECONDS = 0.5

log = logging.getLogger(__name__)


class Sandbox:
    """All played systems around one journal."""

    def __init__(self, settings: Settings) -> None:
        """Open the journal and build the systems; the journal is not replayed yet."""
        self._settings = settings
        secrets = read_secrets(settings.secrets, settings.redirects)
        settings.state.mkdir(parents=True, exist_ok=True)
        key = load_key(settings.state / "token-key.json")
        self._journal = journal = Journal(settings.state / "journal.jsonl")
        self._secrets = secrets
        self._faults = Faults()
        self._tokens = TokenIssuer(
            settings.url, secrets.clients, key, secrets.people, secrets.web_clients
        )
        self._register = Register(journal, settings.register_seconds, settings.clock)
        self._sms = [SmsGateway(name, journal, token) for name, token in secrets.sms.items()]
        self._mail = MailServer(journal, self._faults)
        self._time_stamping = TimeStamping(open_authority(settings.state))
        self._portals = Portals(journal, secrets.portals)
        self._national = [NationalInterface(journal, *one) for one in (secrets.national,) if one]
        self._register_api = RegisterApi(
            self._register, journal, secrets, settings.clock, self._magic_note
        )
        bus = Bus(settings.kafka_bootstrap_servers, settings.kafka_ca_file, secrets.bus_passwords)
        self._replies = ReplyReader(bus, secrets.portals, self._portals, journal)
        self._bus = BusSender(bus, secrets.portals, settings.clock)
        self._driver = Driver(
            portals=self._portals,
            journal=journal,
            tokens=self._tokens,
            bus=self._bus,
            intake_url=settings.intake_url,
        )
        self._magic_desk = MagicDesk(
            portals=self._portals,
            register=self._register,
            tokens=self._tokens,
            clients=secrets.clients,
            clock=settings.clock,
            routing_url=settings.routing_url,
            registry_url=settings.registry_url,
        )
        self._is_up = False

    @contextlib.asynccontextmanager
    async def running(
        self, http_listener: socket.socket, smtp_listener: socket.socket
    ) -> AsyncIterator[list[asyncio.Task[None]]]:
        """Run everything on the two bound sockets; a task given ends only by a failure."""
        count = self._journal.replay(self._recall)
        work = [
            self._journal.start(),
            asyncio.create_task(self._register.keep_deciding(), name="register"),
        ]
        if self._settings.kafka_bootstrap_servers:
            work.append(asyncio.create_task(self._replies.keep_reading(), name="replies"))
        if self._settings.routing_url:
            work.append(asyncio.create_task(self._magic_desk.keep_working(), name="magic-desk"))
        await self._driver.open()
        smtp = await self._mail.listen(smtp_listener)
        runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=_LAST_ANSWERS_SECONDS
        )
        await runner.setup()
        await web.SockSite(runner, http_listener, backlog=1024).start()
        self._is_up = True
        log.info("sandbox_started journal_entries=%d", count)
        try:
            yield work
        finally:
            self._is_up = False
            smtp.close()
            await runner.cleanup()
            await _cancel(work[1:])
            await self._driver.close()
            await self._bus.close()
            await self._journal.close()
            log.info("sandbox_stopped")

    def _magic_note(self, code: str) -> str:
        _, reference = self._portals.magic.get(code, ("", ""))
        asked = played(reference)
        return "" if asked is None else asked.note

    def _recall(self, entry: Entry) -> None:
        match entry["kind"].split(".")[0]:
            case "register":
                self._register.recall(entry)
            case "sms":
                for gateway in self._sms:
                    gateway.recall(entry)
            case "portal":
                self._portals.recall(entry)
            case "national":
                for one in self._national:
                    one.recall(entry)

    def _application(self) -> web.Application:
        application = web.Application(
            middlewares=[answer_refusals], client_max_size=_LARGEST_BODY_BYTES
        )
        journal, faults = self._journal, self._faults
        application.add_routes(
            [
                web.get("/", self._page),
                web.get("/health/live", self._live),
                web.get("/journal", self._journal_lines),
                *faults.routes(),
                *self._tokens.routes(faults),
                *self._register_api.routes(faults),
                *PlayedDossiers(self._register, journal).routes(),
                *(route for gateway in self._sms for route in gateway.routes(faults)),
                *Callbacks(self._portals, journal, self._secrets).routes(faults),
                *(route for one in self._national for route in one.routes(faults)),
                *self._time_stamping.routes(faults),
                *self._driver.routes(),
                *MagicApi(self._driver, self._portals, journal, self._settings.clock).routes(),
            ]
        )
        return application

    async def _live(self, request: web.Request) -> web.Response:
        bus = self._replies.state
        # The first attempt to reach the broker is short and ends in "unreachable" at worst.
        if not self._is_up or bus == "starting":
            return problem(503, "Starting", f"replies: {bus}")
        return answer({"status": "live", "replies": bus, "pid": os.getpid()})

    async def _page(self, request: web.Request) -> web.Response:
        html = render_page(
            portals=self._secrets.portals,
            smtp=f"{self._settings.host}:{self._settings.smtp_port}",
            bus=self._replies.state,
            counts=self._journal.counts,
            faults=self._faults.current(),
            url=self._settings.url,
        )
        return web.Response(text=html, content_type="text/html")

    async def _journal_lines(self, request: web.Request) -> web.StreamResponse:
        after = request.query.get("after", "0")
        if not after.isascii() or not after.isdigit():
            raise refused(400, "Malformed query", "after must be the number of an entry, or 0")
        response = web.StreamResponse()
        response.content_type = "application/x-ndjson"
        await response.prepare(request)
        async for piece in self._journal.lines_after(int(after)):
            await response.write(piece)
        await response.write_eof()
        return response


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; raises what made it impossible to go on."""
    # Bound before anything else, so that early callers wait instead of being refused.
    with (
        socket.create_server((settings.host, settings.http_port), backlog=1024) as http_listener,
        socket.create_server((settings.host, settings.smtp_port), backlog=256) as smtp_listener,
    ):
        stop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _settle, stop)
        async with Sandbox(settings).running(http_listener, smtp_listener) as work:
            done, _ = await asyncio.wait([stop, *work], return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                await ended


def _settle(stop: asyncio.Future[None]) -> None:
    if not stop.done():
        stop.set_result(None)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
