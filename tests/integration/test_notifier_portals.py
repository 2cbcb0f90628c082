"""Portals as the notifier calls them back: signed, repeatable, and what they answer."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession, web
from standardwebhooks import Webhook

from notifier import outside
from notifier.portals import PortalCallbacks
from notifier.settings import PortalAddress
from plumbing.calls import Answer
from tests.integration.notifier_kit import (
    CODE,
    a_callback,
    answering,
    callbacks_of,
    in_doubt,
    portals_of,
)
from tests.integration.sandbox_process import WEBHOOK_SECRET, Sandbox, a_sandbox, free_port


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with outside.open_session() as session:
        yield session


async def test_given_a_callback_then_the_portal_verifies_and_keeps_it_once(sandbox, http):
    call = a_callback()

    answers = [await callbacks_of(sandbox, http)(call) for _ in range(2)]

    assert answers == [Answer("done"), Answer("done")]
    entries = await sandbox.journal(str(call.effect_id))
    assert [one["kind"] for one in entries] == ["portal.callback", "portal.callback_duplicate"]
    assert {k: entries[0][k] for k in ("portal_reference", "dossier_code", "status", "step")} == {
        "portal_reference": "DVCQG-1",
        "dossier_code": CODE,
        "status": 2,
        "step": "accepted",
    }


@pytest.mark.parametrize(
    ("kind", "outcome"), [("lost_answer", "unknown"), ("drop", "unknown"), ("error", "again")]
)
async def test_given_a_portal_in_trouble_when_told_again_then_it_has_it_once(
    sandbox, http, kind, outcome
):
    await sandbox.fault("callbacks", kind=kind, share=1, times=1, seconds=0)
    callbacks, call = callbacks_of(sandbox, http), a_callback()

    answers = [await callbacks(call), await callbacks(in_doubt(call))]

    assert [one.outcome for one in answers] == [outcome, "done"]
    kinds = await sandbox.kinds(str(call.effect_id))
    assert [one for one in kinds if one == "portal.callback"] == ["portal.callback"]


@pytest.mark.parametrize(
    ("status", "outcome", "at_work"),
    [
        *((200, "done", False), (204, "done", False), (299, "done", False), (410, "no", False)),
        *((400, "again", True), (404, "again", True), (422, "again", True)),
        *((301, "again", False), (401, "again", False), (403, "again", False)),
        *((408, "again", False), (429, "again", False)),
        *((500, "again", False), (503, "again", False)),
    ],
)
async def test_given_a_status_then_the_portals_word_is_understood_and_whether_others_may_call(
    http, status, outcome, at_work
):
    async with answering(status) as (url, asked):
        answer = await portals_of(url, http)(a_callback())

    assert (answer.outcome, answer.at_work) == (outcome, at_work)
    assert asked == ["POST"]


async def test_given_a_portal_that_is_not_configured_then_again(http):
    callbacks = portals_of("http://127.0.0.1:1/", http, portal="another")

    assert await callbacks(a_callback()) == Answer("again", "portal_not_configured", ours=True)


async def test_given_nobody_listens_then_the_portal_is_told_again(http):
    callbacks = portals_of(f"http://127.0.0.1:{free_port()}/", http)

    assert await callbacks(a_callback()) == Answer("again", "not_connected")


async def test_given_a_retry_then_the_body_is_the_same_and_the_signature_is_of_the_moment(http):
    seen: list[tuple[dict[str, str], bytes]] = []

    async def keep(request: web.Request) -> web.Response:
        seen.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/", keep)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port := free_port()).start()
    call, start = a_callback(), datetime.now(UTC)
    moments = iter([start, start + timedelta(seconds=70)])
    address = PortalAddress(url=f"http://127.0.0.1:{port}/", secret=WEBHOOK_SECRET)
    callbacks = PortalCallbacks(http, {"national-portal": address}, lambda: next(moments))

    answers = [await callbacks(call) for _ in range(2)]
    await runner.cleanup()

    assert answers == [Answer("done")] * 2
    (first, body), (second, again) = seen
    assert body == again == json.loads(call.request)["body"].encode()
    assert first["webhook-id"] == second["webhook-id"] == str(call.effect_id)
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 70
    for headers in (first, second):
        Webhook(WEBHOOK_SECRET).verify(body, headers)
