"""The sandbox's portals handing in supplements and asking for dossiers back, on both roads."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from sandbox.bus import build_record
from sandbox.bus_access import NO_BUS
from sandbox.journal import Journal
from sandbox.portals import Outcome, Portals
from sandbox.replies import MalformedReply, ReplyReader, parse_reply
from tests.integration.sandbox_process import PERSON, WEBHOOK_SECRET, a_sandbox, free_port

RECEIPT = {"dossier_id": "d-1", "dossier_code": "H29.1-261124-0004"}
REFUSAL = {"type": "urn:hotich:no-such-dossier", "title": "No", "status": 404, "detail": PERSON}
SUPPLEMENT = {
    "portal_reference": "DVCQG/4",
    "resubmitted_at": "2026-11-24T08:00:00+07:00",
    "form": {"note": PERSON},
}
WITHDRAWAL = {"portal_reference": "DVCQG/4", "requested_at": "2026-11-24T09:00:00+07:00"}


class PlayedIntake:
    """Answers 503 once, then a receipt, or a refusal to the reference that is asked for it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Any]] = []

    async def take(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.seen.append((request.raw_path, request.headers["Idempotency-Key"], body))
        if len(self.seen) == 1:
            return web.Response(status=503)
        if body["portal_reference"] == "DVCQG-none":
            return web.json_response(REFUSAL, status=404)
        return web.json_response(RECEIPT, status=202)


@asynccontextmanager
async def an_intake(port: int) -> AsyncIterator[PlayedIntake]:
    played = PlayedIntake()
    application = web.Application()
    application.router.add_post("/v1/{path:.*}", played.take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield played
    finally:
        await runner.cleanup()


async def test_a_portal_hands_in_and_asks_back_over_http_until_it_is_answered(tmp_path):
    port = free_port()
    path = "/portals/national-portal"
    async with a_sandbox(tmp_path, INTAKE_URL=f"http://127.0.0.1:{port}") as sandbox:
        order = {"road": "http", "supplement": SUPPLEMENT}
        sending = asyncio.create_task(sandbox.post(f"{path}/supplements", order))
        await asyncio.sleep(0.3)
        async with an_intake(port) as intake:
            _, supplemented = await sending
            order = {"road": "http", "withdrawal": WITHDRAWAL, "idempotency_key": "w-1"}
            _, withdrawn = await sandbox.post(f"{path}/withdrawals", order)
            order["withdrawal"] = {**WITHDRAWAL, "portal_reference": "DVCQG-none"}
            _, refused = await sandbox.post(f"{path}/withdrawals", order)
        await sandbox.stop(signal.SIGKILL)
        await sandbox.start()
        _, dossiers = await sandbox.get(f"{path}/dossiers")

        key, own = supplemented["idempotency_key"], "/v1/submissions/DVCQG%2F4"
        assert intake.seen[:3] == [
            (f"{own}/supplements", key, SUPPLEMENT),
            (f"{own}/supplements", key, SUPPLEMENT),
            (f"{own}/withdrawal", "w-1", WITHDRAWAL),
        ]
        assert (supplemented["status"], supplemented["dossier_code"]) == (
            202,
            RECEIPT["dossier_code"],
        )
        assert (withdrawn["problem"], refused["problem"]) == (None, REFUSAL)
        assert await sandbox.kinds("DVCQG/4") == [
            "portal.supplement_sent",
            "portal.supplemented",
            "portal.withdrawal_sent",
            "portal.withdrawn",
        ]
        first, none = dossiers
        answers = [*first["supplements"], *first["withdrawals"]]
        assert [(one["road"], one["problem"]) for one in answers] == [("http", None)] * 2
        assert first["dossier_code"] == RECEIPT["dossier_code"]
        assert (none["problem"], none["withdrawals"][0]["problem"]["status"]) == (None, 404)
        assert PERSON not in (tmp_path / "journal.jsonl").read_text()


async def test_an_order_that_cannot_be_sent_is_refused(tmp_path):
    async with a_sandbox(tmp_path) as sandbox:
        path = "/portals/national-portal/supplements"
        answers = [
            await sandbox.post(path, {"road": "http", "withdrawal": WITHDRAWAL}),
            await sandbox.post(path, {"road": "http", "supplement": {}}),
            await sandbox.post(path, {"road": "post", "supplement": SUPPLEMENT}),
            await sandbox.post(path, {"road": "http", "supplement": SUPPLEMENT}),
            await sandbox.post(path, {"road": "bus", "supplement": SUPPLEMENT}),
        ]

        assert [status for status, _ in answers] == [422, 422, 422, 503, 503]
        assert answers[0][1]["errors"][0]["field"] == "supplement"


@pytest.mark.parametrize("about", ["supplement", "withdrawal"])
def test_a_bus_record_says_what_it_is_and_has_an_id_of_its_own(about: str):
    now = datetime.now(UTC)
    how: dict[str, Any] = {"secret": WEBHOOK_SECRET, "idempotency_key": "key", "now": now}

    record = build_record("national-portal", WITHDRAWAL, about=about, **how)
    submission = build_record("national-portal", WITHDRAWAL, **how)

    headers = {name: value.decode() for name, value in record.headers}
    event = Webhook(WEBHOOK_SECRET).verify(record.value, headers)
    assert (event["type"], event["data"]) == (f"vn.hotich.portal.{about}.v1", WITHDRAWAL)
    assert record.key == submission.key == b"DVCQG/4"
    assert record.event_id != submission.event_id


async def test_a_reply_is_journaled_as_the_answer_to_what_it_is_about(tmp_path):
    def reply(number: int, **more: str) -> Any:
        content = {"portal": "national-portal", "portal_reference": "DVCQG-1", **RECEIPT, **more}
        event = {"type": "vn.hotich.portal.submission_received.v1", "data": content}
        return Record(json.dumps({"id": f"r-{number}", **event}).encode())

    records = [reply(1), reply(2, about="supplement"), reply(3, about="withdrawal")]
    for _ in range(2):
        journal = Journal(tmp_path / "journal.jsonl")
        portals = Portals(journal, ["national-portal"])
        journal.replay(portals.recall)
        journal.start()

        ReplyReader(NO_BUS, (), portals, journal).take("national-portal", records)

        await journal.close()
        assert journal.counts == {
            "portal.answered": 1,
            "portal.supplemented": 1,
            "portal.withdrawn": 1,
        }
        (dossier,) = portals.dossiers("national-portal", None)
        assert (len(dossier.supplements), len(dossier.withdrawals)) == (1, 1)


def test_a_reply_about_nothing_known_is_malformed():
    content = {"portal": "national-portal", "portal_reference": "DVCQG-1", "problem": REFUSAL}
    event = {"id": "r-1", "type": "vn.hotich.portal.submission_refused.v1"}

    refused = parse_reply(json.dumps({**event, "data": content}).encode())
    about = {**content, "about": "else"}

    assert (refused.about, refused.outcome) == ("submission", Outcome(None, None, REFUSAL))
    with pytest.raises(MalformedReply):
        parse_reply(json.dumps({**event, "data": about}).encode())


class Record:
    """As much of a Kafka record as the reader looks at."""

    partition, offset = 0, 0

    def __init__(self, value: bytes) -> None:
        self.value = value
