"""The sandbox's tokens, faults, page, journal and life, over real connections."""

import asyncio
import errno
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from unittest.mock import Mock

import aiohttp
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox.journal import Journal, JournalBroken
from tests.integration.core_kit import PATIENCE
from tests.integration.sandbox_process import (
    EMAIL,
    PERSON,
    PHONE,
    REGISTER,
    SMS,
    Sandbox,
    a_message,
    a_push,
    a_sandbox,
    free_port,
    send_mail,
)

CLIENT_CREDENTIALS = {"grant_type": "client_credentials"}
PORTAL = {"Authorization": aiohttp.encode_basic_auth("national-portal", "portal-password")}


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


async def test_a_client_with_its_secret_gets_a_token_that_the_published_keys_verify(sandbox):
    status, body = await sandbox.post("/oauth/token", data=CLIENT_CREDENTIALS, headers=PORTAL)
    _, configuration = await sandbox.get("/.well-known/openid-configuration")
    _, jwks = await sandbox.get("/oauth/jwks.json")

    token = jwt.decode(body["access_token"], KeySet.import_key_set(jwks), algorithms=["ES256"])
    claims = token.claims
    assert (status, token.header["typ"], body["scope"]) == (200, "at+jwt", "submissions:write")
    assert "d" not in jwks["keys"][0]
    assert configuration["issuer"] == claims["iss"] == sandbox.url
    assert claims["sub"] == claims["client_id"] == "national-portal"
    assert claims["exp"] - claims["iat"] == body["expires_in"] == 600
    known = {"aud": "hotich", "channel": "national-portal", "provinces": ["*"]}
    assert known.items() <= claims.items()


async def test_a_token_is_refused_with_the_reason(sandbox):
    by_form = {**CLIENT_CREDENTIALS, "client_id": "operator", "client_secret": "operator-password"}
    wrong = {**by_form, "client_secret": "guess"}
    greedy = {**by_form, "scope": "operate submissions:write"}

    answers = [
        await sandbox.post("/oauth/token", data=data)
        for data in (by_form, wrong, greedy, {**by_form, "grant_type": "password"})
    ]

    assert [status for status, _ in answers] == [200, 401, 400, 400]
    assert [body.get("error") for _, body in answers] == [
        None,
        "invalid_client",
        "invalid_scope",
        "unsupported_grant_type",
    ]


async def test_a_fault_hits_its_share_until_it_is_taken_back(sandbox):
    await sandbox.fault("tokens", kind="error", share=0.5)

    answers = [
        await sandbox.post("/oauth/token", data=CLIENT_CREDENTIALS, headers=PORTAL)
        for _ in range(60)
    ]
    _, faults = await sandbox.get("/faults")
    await sandbox.http.delete("/faults/tokens")
    after, _ = await sandbox.post("/oauth/token", data=CLIENT_CREDENTIALS, headers=PORTAL)

    hit = sum(status == 500 for status, _ in answers)
    assert 0 < hit < 60
    assert faults["tokens"]["hits"] == hit
    assert after == 200


async def test_a_fault_that_is_none_is_refused_field_by_field(sandbox):
    body = {"kind": "explode", "share": 2, "times": 0, "seconds": "long"}
    async with sandbox.http.put("/faults/sms", json=body) as response:
        problem = await response.json(content_type="application/problem+json")
    async with sandbox.http.put("/faults/nothing", json={"kind": "error"}) as unknown:
        assert unknown.status == 404

    assert response.status == 422
    assert {error["field"] for error in problem["errors"]} == body.keys()


async def test_the_page_shows_counts_and_faults_and_names_no_other_host(sandbox):
    await sandbox.fault("callbacks", kind="delay", seconds=1)
    headers = {**SMS, "Idempotency-Key": "sms-page"}
    await sandbox.post("/sms/messages", a_message("D-1:accepted:sms"), headers=headers)

    status, page = await sandbox.get("/")
    await sandbox.http.delete("/faults/callbacks")

    assert status == 200
    assert "sms.sent" in page
    assert "<td>callbacks</td><td>delay</td>" in page
    assert "://" not in page


async def test_the_journal_is_numbered_without_a_gap_and_gives_what_came_after(sandbox):
    for number in range(3):
        await sandbox.post(
            "/register/NhanDKHT", a_push(f"H29.1-261124-080{number}"), headers=REGISTER
        )

    everything = await sandbox.journal()
    last = await sandbox.journal(after=len(everything) - 1)

    assert [entry["n"] for entry in everything] == list(range(1, len(everything) + 1))
    assert last == everything[-1:]
    assert await sandbox.journal(after=10**9) == []
    assert (await sandbox.get("/journal?after=x"))[0] == 400


async def test_the_journal_holds_nothing_of_a_person(sandbox):
    await sandbox.post("/register/NhanDKHT", a_push("H29.1-261124-0901"), headers=REGISTER)
    headers = {**SMS, "Idempotency-Key": "sms-4"}
    await sandbox.post("/sms/messages", a_message("D-1:accepted:sms"), headers=headers)
    await asyncio.to_thread(send_mail, sandbox, "D-4:accepted:email")

    journal = (sandbox.state / "journal.jsonl").read_text()
    for personal in (PERSON, PERSON.encode("unicode-escape").decode(), PHONE, PHONE[3:], EMAIL):
        assert personal not in journal


async def test_a_torn_last_line_is_cut_and_a_restart_keeps_state_and_key(tmp_path):
    headers = {**SMS, "Idempotency-Key": "sms-1"}
    message = a_message("D-1:accepted:sms")
    async with a_sandbox(tmp_path) as sandbox:
        _, first = await sandbox.post("/sms/messages", message, headers=headers)
        _, jwks = await sandbox.get("/oauth/jwks.json")
        await sandbox.stop(signal.SIGKILL)
        with (tmp_path / "journal.jsonl").open("ab") as journal:
            journal.write(b'{"n":2,"at":"2026-11-24T01:00:00.000+00:00","kind":"sms.se')

        await sandbox.start()
        status, again = await sandbox.post("/sms/messages", message, headers=headers)

        assert (status, again) == (200, first)
        assert (await sandbox.get("/oauth/jwks.json"))[1] == jwks
        assert [(entry["n"], entry["kind"]) for entry in await sandbox.journal()] == [
            (1, "sms.sent"),
            (2, "sms.duplicate"),
        ]


async def test_a_journal_damaged_before_its_last_line_is_not_taken(tmp_path):
    (tmp_path / "journal.jsonl").write_bytes(b'{"n":1,"kind"\n{"n":2,"kind":"x","key":"y"}\n')

    with pytest.raises(AssertionError, match="line 1 cannot be read"):
        async with a_sandbox(tmp_path):
            pass


async def test_an_entry_is_durable_only_when_the_disk_has_it(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.start()
    may_sync, synced = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: may_sync.wait(10) and synced(file))
    journal.append("sms.sent", "sms-1")

    told = asyncio.create_task(journal.durable())
    early, _ = await asyncio.wait([told], timeout=0.1)
    shown_early = [line async for line in journal.lines_after(0)]
    may_sync.set()
    await told

    assert (early, shown_early) == (set(), [])
    assert b"".join([line async for line in journal.lines_after(0)]).startswith(b'{"n":1,')
    await journal.close()


async def test_a_disk_that_refuses_ends_the_journal(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "journal.jsonl")
    writer = journal.start()
    monkeypatch.setattr(os, "write", Mock(side_effect=OSError(errno.ENOSPC, "No space left")))
    journal.append("sms.sent", "sms-1")

    with pytest.raises(JournalBroken, match="No space left"):
        await journal.durable()
    with pytest.raises(JournalBroken):
        journal.append("sms.sent", "sms-2")
    with pytest.raises(JournalBroken):
        await writer
    await journal.close()


async def test_two_sandboxes_do_not_write_one_journal(tmp_path):
    async with a_sandbox(tmp_path):
        with pytest.raises(AssertionError, match="another sandbox writes"):
            async with a_sandbox(tmp_path):
                pass


async def test_sigterm_stops_within_two_seconds_though_callers_wait(tmp_path):
    async with a_sandbox(tmp_path, KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}") as sandbox:
        await sandbox.fault("sms", kind="delay", seconds=60)
        headers = {**SMS, "Idempotency-Key": "sms-1"}
        call = asyncio.create_task(
            sandbox.post("/sms/messages", a_message("D-1:accepted:sms"), headers=headers)
        )
        await asyncio.sleep(0.1)

        began = time.monotonic()
        errors = await sandbox.stop()

        took = time.monotonic() - began
        assert (sandbox.process.returncode, took < 2 * PATIENCE) == (0, True)
        assert "Traceback" not in errors
        with pytest.raises(aiohttp.ClientConnectionError):
            await call
