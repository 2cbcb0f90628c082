"""The sandbox's portals: told by callback, sending over HTTP and on the bus."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from sandbox.bus import build_record
from sandbox.bus_access import NO_BUS
from sandbox.journal import Journal
from sandbox.portals import Outcome, PortalDossier, Portals
from sandbox.replies import MalformedReply, ReplyReader, parse_reply
from tests.integration.sandbox_process import (
    OTHER_SECRET,
    PERSON,
    WEBHOOK_SECRET,
    Sandbox,
    a_callback,
    a_sandbox,
    free_port,
    signed,
)

CALLBACKS = "/portals/national-portal/callbacks"
REFUSAL = {
    "type": "urn:hotich:invalid",
    "title": "Invalid",
    "status": 422,
    "detail": PERSON,
    "errors": [{"field": "form.child", "rule": "missing", "detail": PERSON, "source": "law"}],
}


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("portals")) as running:
        yield running


async def call_back(sandbox: Sandbox, body: Any, webhook_id: str, **how: str) -> int:
    text = json.dumps(body)
    status, _ = await sandbox.post(CALLBACKS, data=text, headers=signed(text, webhook_id, **how))
    return status


def a_reply(**changed: Any) -> dict[str, Any]:
    content = {
        "portal": "national-portal",
        "portal_reference": "DVCQG-9",
        "dossier_id": "0b9cde83-6f0a-4d7c-a6c1-5f5b0d9f7a11",
        "dossier_code": "H29.1-261124-0009",
        "received_at": "2026-11-24T08:00:00+07:00",
    }
    return {
        "specversion": "1.0",
        "id": "3f0a4c53-8b55-4b0e-9e5f-0a2f1c6b7d10",
        "type": "vn.hotich.portal.submission_received.v1",
        "data": content,
        **changed,
    }


class Record:
    """As much of a Kafka record as the reader looks at."""

    partition, offset = 0, 0

    def __init__(self, value: bytes | None) -> None:
        self.value = value


async def test_a_signed_callback_is_journaled_once_and_its_repetition_apart(sandbox):
    answers = [await call_back(sandbox, a_callback("DVCQG-1"), "msg-1") for _ in range(2)]
    answers.append(await call_back(sandbox, a_callback("DVCQG-1", status=9), "msg-2"))
    _, dossiers = await sandbox.get("/portals/national-portal/dossiers?portal_reference=DVCQG-1")

    assert answers == [204, 204, 204]
    assert await sandbox.kinds("msg-1") == ["portal.callback", "portal.callback_duplicate"]
    assert [status["status"] for status in dossiers[0]["statuses"]] == [2, 9]
    assert dossiers[0]["statuses"][0] == {
        "status": 2,
        "step": "accepted",
        "event_id": "7f0c6f0e-3c57-4a0b-8f3c-0a4f4f1f2b10",
        "passed": [],
        "at": "2026-11-24T08:00:00+07:00",
    }


async def test_a_callback_with_a_wrong_signature_or_body_is_refused(sandbox):
    text = json.dumps(a_callback("DVCQG-2"))
    right = signed(text, "msg-3")

    answers = [
        await sandbox.post(
            CALLBACKS, data=text, headers=signed(text, "msg-3", secret=OTHER_SECRET)
        ),
        await sandbox.post(CALLBACKS, data=text + " ", headers=right),
        await sandbox.post(CALLBACKS, data=text, headers={**right, "webhook-signature": "v1"}),
        await sandbox.post(CALLBACKS, data=text, headers={**right, "webhook-timestamp": "1"}),
        await sandbox.post(CALLBACKS, data=text),
        await sandbox.post("/portals/no-portal/callbacks", data=text, headers=right),
    ]
    malformed = await call_back(sandbox, a_callback("DVCQG-2", status=11), "msg-3")

    assert [status for status, _ in answers] == [401, 401, 401, 401, 401, 404]
    assert malformed == 422
    assert await sandbox.journal("msg-3") == []


async def test_a_callback_may_say_what_was_passed_and_by_when_it_is_due(sandbox):
    body = a_callback("DVCQG-10", status=4)
    body["data"] |= {"step": "rescheduled", "passed": [2, 3, 4], "due_at": None}
    later = a_callback("DVCQG-10", status=4)
    later["data"] |= {"due_at": "2026-11-26T17:00:00+07:00"}

    answers = [
        await call_back(sandbox, body, "msg-10"),
        await call_back(sandbox, later, "msg-11"),
        *[
            await call_back(sandbox, {**body, "data": {**body["data"], **wrong}}, "msg-12")
            for wrong in ({"passed": [2, 11]}, {"passed": 2}, {"due_at": "2026-11-26"})
        ],
    ]

    assert answers == [204, 204, 422, 422, 422]
    (entry,) = await sandbox.journal("msg-10")
    assert (entry["step"], entry["status"], entry["passed"]) == ("rescheduled", 4, [2, 3, 4])
    assert [entry["passed"] for entry in await sandbox.journal("msg-11")] == [[]]


async def test_a_lost_answer_of_a_callback_makes_its_repetition_a_duplicate(sandbox):
    await sandbox.fault("callbacks", kind="lost_answer", times=1)

    with pytest.raises(aiohttp.ClientConnectionError):
        await call_back(sandbox, a_callback("DVCQG-3"), "msg-4")
    status = await call_back(sandbox, a_callback("DVCQG-3"), "msg-4")

    assert status == 204
    assert await sandbox.kinds("msg-4") == ["portal.callback", "portal.callback_duplicate"]


async def test_a_portal_sends_over_http_with_one_key_until_it_is_answered(tmp_path):
    seen: list[tuple[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request.headers["Idempotency-Key"], request.headers["Authorization"][:10]))
        if len(seen) == 1:
            return web.Response(status=503)
        if (await request.json())["portal_reference"] == "DVCQG-5":
            return web.json_response(REFUSAL, status=422)
        return web.json_response({"dossier_id": "d-1", "dossier_code": "H29.1-261124-0004"})

    port = free_port()
    async with a_sandbox(tmp_path, INTAKE_URL=f"http://127.0.0.1:{port}") as sandbox:
        order = {"road": "http", "submission": {"portal_reference": "DVCQG-4", "form": PERSON}}
        sending = asyncio.create_task(sandbox.post("/portals/national-portal/submissions", order))
        await asyncio.sleep(0.3)
        application = web.Application()
        application.router.add_post("/v1/submissions", take)
        intake = web.AppRunner(application)
        await intake.setup()
        await web.TCPSite(intake, "127.0.0.1", port).start()
        status, sent = await sending
        order["submission"]["portal_reference"] = "DVCQG-5"
        _, refused = await sandbox.post("/portals/national-portal/submissions", order)
        await intake.cleanup()
        await sandbox.stop(signal.SIGKILL)
        await sandbox.start()
        _, dossiers = await sandbox.get("/portals/national-portal/dossiers")

        assert (status, sent["status"], sent["dossier_code"]) == (200, 200, "H29.1-261124-0004")
        assert {key for key, _ in seen[:2]} == {sent["idempotency_key"]}
        assert {token for _, token in seen} == {"Bearer eyJ"}
        assert (refused["status"], refused["problem"]) == (422, REFUSAL)
        assert await sandbox.kinds("DVCQG-4") == ["portal.submitted", "portal.answered"]
        assert [dossier["dossier_code"] for dossier in dossiers] == ["H29.1-261124-0004", None]
        fields = [{"field": "form.child", "rule": "missing"}]
        assert dossiers[1]["problem"] == {
            "type": "urn:hotich:invalid",
            "status": 422,
            "errors": fields,
        }
        assert PERSON not in (tmp_path / "journal.jsonl").read_text()


async def test_an_order_that_cannot_be_sent_is_refused(sandbox):
    order = {"road": "http", "submission": {"portal_reference": "DVCQG-6"}}
    path = "/portals/national-portal/submissions"

    answers = [
        await sandbox.post(path, {**order, "road": "post"}),
        await sandbox.post(path, {**order, "submission": {}}),
        await sandbox.post(path, order),
        await sandbox.post(path, {**order, "road": "bus"}),
        await sandbox.post("/portals/no-portal/submissions", order),
    ]

    assert [status for status, _ in answers] == [422, 422, 503, 503, 404]


def test_a_bus_record_is_a_cloud_event_signed_by_its_portal():
    now = datetime.now(UTC)
    submission = {"portal_reference": "DVCQG-7", "form": PERSON}

    record, again = (
        build_record(
            "national-portal", submission, secret=WEBHOOK_SECRET, idempotency_key="key", now=now
        )
        for _ in range(2)
    )

    headers = {name: value.decode() for name, value in record.headers}
    event = Webhook(WEBHOOK_SECRET).verify(record.value, headers)
    assert record == again
    assert record.key == b"DVCQG-7"
    assert (headers["content-type"], headers["portal"]) == (
        "application/cloudevents+json",
        "national-portal",
    )
    assert event["data"] == submission
    assert (event["id"], event["source"]) == (headers["webhook-id"], "/portals/national-portal")
    assert event["type"] == "vn.hotich.portal.submission.v1"


def test_a_reply_is_read_and_what_is_none_is_malformed():
    refusal = {"portal": "national-portal", "portal_reference": "DVCQG-9", "problem": REFUSAL}
    refused_type = "vn.hotich.portal.submission_refused.v1"

    received = parse_reply(json.dumps(a_reply()).encode())
    refused = parse_reply(json.dumps(a_reply(type=refused_type, data=refusal)).encode())

    assert received.outcome == Outcome(
        "H29.1-261124-0009", "0b9cde83-6f0a-4d7c-a6c1-5f5b0d9f7a11", None
    )
    assert refused.outcome == Outcome(None, None, REFUSAL)
    for value in (None, b"{", b"[]", json.dumps(a_reply(type="other")).encode()):
        with pytest.raises(MalformedReply):
            parse_reply(value)


async def test_a_reply_to_one_portal_on_the_topic_of_another_is_nobodys(tmp_path: Path):
    journal = Journal(tmp_path / "journal.jsonl")
    portals = Portals(journal, ["national-portal", "moj-direct"])
    journal.start()

    record: Any = Record(json.dumps(a_reply()).encode())
    ReplyReader(NO_BUS, (), portals, journal).take("moj-direct", [record])

    await journal.close()
    assert journal.counts == {}


async def test_replies_read_again_after_a_restart_are_journaled_once(tmp_path: Path):
    records: list[Any] = [Record(json.dumps(a_reply()).encode()), Record(b"noise"), Record(None)]
    for _ in range(2):
        journal = Journal(tmp_path / "journal.jsonl")
        portals = Portals(journal, ["national-portal"])
        journal.replay(portals.recall)
        journal.start()

        ReplyReader(NO_BUS, (), portals, journal).take("national-portal", records)

        await journal.close()
        assert journal.counts == {"portal.answered": 1}
        (known,) = portals.dossiers("national-portal", None)
        assert replace(known, seen_at=None) == PortalDossier(
            "DVCQG-9",
            dossier_code="H29.1-261124-0009",
            dossier_id="0b9cde83-6f0a-4d7c-a6c1-5f5b0d9f7a11",
        )
