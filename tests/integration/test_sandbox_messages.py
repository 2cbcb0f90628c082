"""The sandbox's SMS gateway and mail server, with their faults, over real connections."""

import asyncio
import smtplib
import time
from collections.abc import AsyncIterator
from hashlib import sha256

import aiohttp
import pytest

from tests.integration.sandbox_process import (
    EMAIL,
    PERSON,
    PHONE,
    SMS,
    Sandbox,
    a_message,
    a_sandbox,
    key_of,
    send_mail,
)


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


async def test_an_sms_is_sent_once_for_each_key_also_when_asked_at_once(sandbox):
    headers = {**SMS, "Idempotency-Key": "sms-1"}
    message = a_message("H29.1-261124-0001:accepted:sms")

    answers = await asyncio.gather(
        *(sandbox.post("/sms/messages", message, headers=headers) for _ in range(5))
    )
    found = await sandbox.get("/sms/messages/sms-1", headers=SMS)

    assert sorted(status for status, _ in answers) == [200, 200, 200, 200, 202]
    assert {body["message_id"] for _, body in answers} == {found[1]["message_id"]}
    assert await sandbox.kinds("sms-1") == ["sms.sent"] + ["sms.duplicate"] * 4
    sent = (await sandbox.journal("sms-1"))[0]
    assert sent["reference"] == "H29.1-261124-0001:accepted:sms"
    assert sent["to_sha256"] == sha256(PHONE.encode()).hexdigest()


async def test_an_sms_that_cannot_be_sent_is_refused_and_not_journaled(sandbox):
    headers = {**SMS, "Idempotency-Key": "sms-2"}
    reference = "H29.1-261124-0001:accepted:sms"

    answers = [
        await sandbox.post("/sms/messages", a_message(reference, to="0900000123"), headers=headers),
        await sandbox.post(
            "/sms/messages", a_message(reference, to="+84000000000"), headers=headers
        ),
        await sandbox.post("/sms/messages", a_message(PERSON), headers=headers),
        await sandbox.post("/sms/messages", a_message(reference), headers=SMS),
        await sandbox.post("/sms/messages", a_message(reference)),
        await sandbox.get("/sms/messages/sms-2", headers=SMS),
    ]

    assert [status for status, _ in answers] == [422, 422, 422, 400, 401, 404]
    assert [answers[0][1]["errors"][0]["field"], answers[2][1]["errors"][0]["field"]] == [
        "to",
        "reference",
    ]
    assert await sandbox.journal("sms-2") == []


async def test_a_reference_may_name_the_second_time_of_a_step(sandbox):
    reference = "H29.1-261124-0002:accepted-2:sms"
    headers = {**SMS, "Idempotency-Key": "sms-second"}

    status, _ = await sandbox.post("/sms/messages", a_message(reference), headers=headers)
    await asyncio.to_thread(send_mail, sandbox, reference)

    assert status == 202
    kept = [*await sandbox.journal("sms-second"), *await sandbox.journal(key_of(reference))]
    assert [entry["reference"] for entry in kept] == [reference] * 2


async def test_a_key_is_not_good_for_another_message(sandbox):
    headers = {**SMS, "Idempotency-Key": "sms-3"}
    await sandbox.post(
        "/sms/messages", a_message("H29.1-261124-0003:accepted:sms"), headers=headers
    )

    status, _ = await sandbox.post(
        "/sms/messages", a_message("H29.1-261124-0003:registered:sms"), headers=headers
    )

    assert (status, await sandbox.kinds("sms-3")) == (422, ["sms.sent"])


async def test_every_mail_taken_is_journaled_by_its_reference(sandbox):
    reference = "H29.1-261124-0001:accepted:email"

    await asyncio.to_thread(send_mail, sandbox, reference)
    await asyncio.to_thread(send_mail, sandbox, reference)

    entries = await sandbox.journal(key_of(reference))
    assert [entry["kind"] for entry in entries] == ["mail.sent"] * 2
    assert {entry["reference"] for entry in entries} == {reference}
    assert {entry["to_sha256"] for entry in entries} == {sha256(EMAIL.encode()).hexdigest()}


async def test_an_unreachable_mailbox_is_refused_with_550_and_a_mail_without_reference_with_554(
    sandbox,
):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        await asyncio.to_thread(
            send_mail, sandbox, "D-1:accepted:email", to="unreachable@example.org"
        )
    with pytest.raises(smtplib.SMTPDataError) as malformed:
        await asyncio.to_thread(send_mail, sandbox, None)

    assert refusal.value.recipients["unreachable@example.org"][0] == 550
    assert malformed.value.smtp_code == 554
    assert await sandbox.journal(key_of("D-1:accepted:email")) == []


@pytest.mark.parametrize(
    ("kind", "journaled"), [("error", 0), ("drop", 0), ("delay", 1), ("lost_answer", 1)]
)
async def test_a_fault_of_the_sms_gateway_is_honest(sandbox, kind, journaled):
    key = f"sms-fault-{kind}"
    seconds = 0.3 if kind == "delay" else 60
    await sandbox.fault("sms", kind=kind, times=1, seconds=seconds)
    began = time.monotonic()

    call = sandbox.post(
        "/sms/messages", a_message("D-1:accepted:sms"), headers={**SMS, "Idempotency-Key": key}
    )
    if kind in ("drop", "lost_answer"):
        with pytest.raises(aiohttp.ClientConnectionError):
            await call
    else:
        assert (await call)[0] == {"error": 500, "delay": 202}[kind]

    assert len(await sandbox.journal(key)) == journaled
    assert (time.monotonic() - began >= seconds) == (kind == "delay")
    assert await sandbox.get("/faults") == (200, {})


@pytest.mark.parametrize(
    ("kind", "journaled"), [("error", 0), ("drop", 0), ("delay", 1), ("lost_answer", 1)]
)
async def test_a_fault_of_the_mail_server_is_honest(sandbox, kind, journaled):
    reference = f"D-fault-{kind}:accepted:email"
    await sandbox.fault("mail", kind=kind, times=1, seconds=0.3)

    call = asyncio.to_thread(send_mail, sandbox, reference)
    if kind in ("drop", "lost_answer"):
        with pytest.raises(smtplib.SMTPServerDisconnected):
            await call
    elif kind == "error":
        with pytest.raises(smtplib.SMTPDataError) as trouble:
            await call
        assert trouble.value.smtp_code == 451
    else:
        await call

    assert len(await sandbox.journal(key_of(reference))) == journaled
