"""Portals' addresses over real connections: inner ones, names that change, redirects, hangs."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from notifier import outside
from notifier.guarded import Guard, networks_of, open_guarded_session
from notifier.portal_lists import PortalAway, PortalList
from notifier.portal_side import PER_PORTAL
from notifier.settings import PortalAddress, Settings
from plumbing.assembly import utc_now
from plumbing.calls import Answer
from plumbing.effects import Executor
from plumbing.valves import Limit, Valves
from tests.integration import notifier_bench
from tests.integration.core_kit import RING, until
from tests.integration.notifier_bench import a_dossier, a_notifier
from tests.integration.notifier_kit import a_callback, answering, portals_of
from tests.integration.sandbox_process import WEBHOOK_SECRET, a_sandbox, free_port
from tests.unit.builders import a_submission

LOOPBACK = Guard(networks_of("127.0.0.0/8"))
BLOCKED = Answer("again", "address_not_allowed")


@contextlib.asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[int]:
    """Give the port of a server that answers everything so."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port := free_port()).start()
    try:
        yield port
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001"),
        *("0177.0.0.1", "127.1", "0x7f.0.0.1", "0", "0.0.0.0", "127.0.0.1.", "①②⑦.0.0.1"),
    ],
)
async def test_given_an_inner_address_however_written_then_nothing_is_sent(host):
    async with answering(204, 204) as (url, asked):
        port = url.rpartition(":")[2]
        async with open_guarded_session(Guard()) as http:
            answer = await portals_of(f"http://{host}:{port}/", http)(a_callback())

    assert (answer, asked) == (BLOCKED, [])


async def test_given_the_operator_allows_the_network_then_it_is_sent():
    async with answering(204) as (url, asked), open_guarded_session(LOOPBACK) as http:
        answer = await portals_of(url, http)(a_callback())

    assert (answer.outcome, asked) == ("done", ["POST"])


async def test_given_a_name_that_means_something_else_when_connected_to_then_nothing_is_sent(
    monkeypatch,
):
    meanings = iter(["127.0.0.1", "169.254.169.254", "127.0.0.2"])

    def rebound(host: str, port: int, *_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(meanings), port))]

    async with answering(204) as (url, asked):
        port = url.rpartition(":")[2]
        # Only the first meaning is allowed; each call resolves the name anew.
        async with open_guarded_session(Guard(networks_of("127.0.0.1/32"))) as http:
            http.connector._use_dns_cache = False  # type: ignore[union-attr]
            http.connector._force_close = True  # type: ignore[union-attr]
            portals = portals_of(f"http://portal.example:{port}/", http)
            monkeypatch.setattr(socket, "getaddrinfo", rebound)
            answers = [await portals(a_callback()) for _ in range(3)]

    assert [one.outcome for one in answers] == ["done", "again", "again"]
    assert answers[1:] == [BLOCKED, BLOCKED]
    assert asked == ["POST"]


async def test_given_a_list_at_an_inner_address_then_it_is_not_asked_for():
    async with answering(200) as (url, asked), open_guarded_session(Guard()) as http:
        address = PortalAddress(url=url, dossiers_url=url, secret=WEBHOOK_SECRET)
        with pytest.raises(PortalAway, match="address_not_allowed"):
            await PortalList(http, address, lambda: datetime.now(UTC)).of(["R-1"])

    assert asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_given_a_redirect_then_it_is_a_failure_and_nobody_goes_there(status):
    async with answering(status, 204) as (url, asked), open_guarded_session(LOOPBACK) as http:
        answer = await portals_of(url, http)(a_callback())

    assert (answer.outcome, answer.reason, asked) == ("again", f"http_{status}", ["POST"])


async def test_given_an_answer_without_an_end_then_its_body_is_not_read():
    sent = 0
    gone = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while sent < 512 * 1024 * 1024:
                await response.write(b"x" * 65536)
                sent += 65536
        except (ConnectionError, asyncio.CancelledError):
            gone.set()
        return response

    async with serving(endless) as port, open_guarded_session(LOOPBACK) as http:
        answer = await portals_of(f"http://127.0.0.1:{port}/", http)(a_callback())
        await asyncio.wait_for(gone.wait(), 10)

    assert answer.outcome == "done"
    assert sent < 32 * 1024 * 1024


async def test_given_a_portal_that_hangs_then_its_call_ends_in_its_time(monkeypatch):
    monkeypatch.setattr(outside, "REQUEST_SECONDS", 0.3)

    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async with serving(hang) as port, open_guarded_session(LOOPBACK) as http:
        answer = await asyncio.wait_for(
            portals_of(f"http://127.0.0.1:{port}/", http)(a_callback()), 10
        )

    assert answer == Answer("unknown", "no_answer")


async def test_given_portals_that_hang_with_all_their_calls_then_another_is_told_meanwhile(
    database, tmp_path, monkeypatch
):
    hanging, free = [f"hanging-{number}" for number in range(5)], asyncio.Event()
    asked: list[str] = []

    async def hang(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        await free.wait()
        return web.Response(status=204)

    async with serving(hang) as port, a_sandbox(tmp_path / "sandbox") as sandbox:
        addresses = {
            name: PortalAddress(url=f"http://127.0.0.1:{port}/{name}", secret=WEBHOOK_SECRET)
            for name in hanging
        }
        usual = notifier_bench.settings_of

        def settings_of(*where: Any) -> Settings:
            settings = usual(*where)
            return settings.model_copy(update={"portals": settings.portals | addresses})

        monkeypatch.setattr(notifier_bench, "settings_of", settings_of)
        async with a_notifier(database, sandbox) as bench:
            full = {
                name: Limit(one.concurrency, one.per_turn, start=PER_PORTAL)
                for name, one in bench.assembly.valves.items()
            }
            executor = Executor(
                *(bench.assembly.part, bench.pool, RING, bench.assembly.callers, utc_now),
                valves=Valves(full),
            )
            for name in hanging:
                for number in range(PER_PORTAL + 4):
                    changes = {"portal": name, "portal_reference": f"R-{number}"}
                    await bench.learns(a_dossier(), a_submission().model_copy(update=changes))
            bench.executors.append(executor)
            bench.tasks.append(asyncio.create_task(executor.run()))

            async def all_hang() -> bool:
                return len(asked) == PER_PORTAL * len(hanging)

            await until(all_hang, 8)
            dossier = a_dossier()
            await bench.learns(dossier, a_submission())

            async def is_told() -> bool:
                return await bench.journal(dossier, "portal.callback") == ["submitted"]

            await until(is_told, 5)
            free.set()
