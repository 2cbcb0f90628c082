"""The SMS gateway as the notifier calls it: what it says, and what is done when it says nothing."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from notifier import outside
from notifier.channels import SmsGateway
from notifier.outside import NoAnswer
from plumbing.calls import Answer
from tests.integration.notifier_kit import CODE, an_sms, answering, in_doubt, sms_of
from tests.integration.sandbox_process import Sandbox, a_sandbox, free_port


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with outside.open_session() as session:
        yield session


async def test_given_a_message_then_the_gateway_sends_it_once_under_the_effects_id(sandbox, http):
    call = an_sms()

    answers = [await sms_of(sandbox, http)(call) for _ in range(2)]

    assert [one.outcome for one in answers] == ["done", "done"]
    entries = await sandbox.journal(str(call.effect_id))
    assert [one["kind"] for one in entries] == ["sms.sent", "sms.duplicate"]
    assert entries[0]["reference"] == f"{CODE}:accepted:sms"


@pytest.mark.parametrize("to", ["+84000000000", "+8490000012"])
async def test_given_a_number_the_gateway_refuses_then_no(sandbox, http, to):
    assert (await sms_of(sandbox, http)(an_sms(to))).outcome == "no"


@pytest.mark.parametrize("kind", ["lost_answer", "drop", "error"])
async def test_given_no_answer_when_asked_again_then_exactly_one_message_is_sent(
    sandbox, http, kind
):
    await sandbox.fault("sms", kind=kind, share=1, times=1, seconds=0)
    gateway, call = sms_of(sandbox, http), an_sms()

    first = await gateway(call)
    second = await gateway(in_doubt(call))

    assert (first.outcome, second.outcome) == ("unknown", "done")
    assert await sandbox.kinds(str(call.effect_id)) == ["sms.sent"]


async def test_given_doubt_and_a_silent_gateway_then_nothing_is_sent(sandbox, http):
    await sandbox.fault("sms", kind="error", share=1, times=1, seconds=0)
    call = in_doubt(an_sms())

    answer = await sms_of(sandbox, http)(call)

    assert answer.outcome == "unknown"
    assert await sandbox.kinds(str(call.effect_id)) == []


async def test_given_a_wrong_token_then_again_for_it_was_not_looked_at(sandbox, http):
    assert await sms_of(sandbox, http, "guess")(an_sms()) == Answer("again", "http_401")


async def test_given_nobody_listens_then_again_or_unknown_when_in_doubt(http):
    gateway = SmsGateway(http, f"http://127.0.0.1:{free_port()}/sms", "token")

    assert await gateway(an_sms()) == Answer("again", "not_connected")
    assert await gateway(in_doubt(an_sms())) == Answer("unknown", "asked")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((200, "done"), (202, "done"), (204, "unknown"), (302, "again"), (422, "no")),
        *((429, "again"), (503, "again"), (500, "unknown"), (502, "unknown"), (504, "unknown")),
        # It has one under this key: whoever is asked next must not be another gateway.
        (409, "unknown"),
    ],
)
async def test_given_a_status_then_the_gateways_word_is_understood(http, status, outcome):
    async with answering(status) as (url, asked):
        assert (await SmsGateway(http, url, "token")(an_sms())).outcome == outcome

    assert asked == ["POST"]


@pytest.mark.parametrize(
    ("call", "statuses", "at_work"),
    [
        *((an_sms(), (status,), True) for status in (400, 404, 413)),
        *((an_sms(), (status,), False) for status in (302, 401, 403, 408, 429, 500, 503)),
        *((in_doubt(an_sms()), (404, status), True) for status in (400, 413)),
        *((in_doubt(an_sms()), (404, status), False) for status in (401, 503)),
        *((in_doubt(an_sms()), (status,), at_work) for status, at_work in ((400, 1), (500, 0))),
    ],
)
async def test_given_one_request_is_refused_then_the_gateway_is_at_work_for_the_others(
    http, call, statuses, at_work
):
    async with answering(*statuses) as (url, _):
        answer = await SmsGateway(http, url, "token")(call)

    assert answer.outcome == ("unknown" if call.in_doubt else answer.outcome)
    assert answer.outcome in ("again", "unknown")
    assert answer.at_work == at_work


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200,), "done"),
        ((404, 202), "done"),
        ((404, 422), "no"),
        ((404, 503), "unknown"),
        ((503,), "unknown"),
        ((401,), "unknown"),
    ],
)
async def test_given_doubt_then_the_gateway_is_asked_before_it_is_told(http, statuses, outcome):
    async with answering(*statuses) as (url, asked):
        answer = await SmsGateway(http, url, "token")(in_doubt(an_sms()))

    assert answer.outcome == outcome
    assert asked == ["GET", "POST"][: len(statuses)]


async def test_given_a_gateway_that_answers_too_late_then_unknown(sandbox, http, monkeypatch):
    monkeypatch.setattr(outside, "REQUEST_SECONDS", 0.3)
    await sandbox.fault("sms", kind="delay", share=1, times=1, seconds=1.0)
    call = an_sms()

    async with outside.open_session() as impatient:
        answer = await sms_of(sandbox, impatient)(call)

    assert answer == Answer("unknown", "no_answer")
    assert (await sms_of(sandbox, http)(in_doubt(call))).outcome == "done"


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_given_no_word_on_any_message_then_the_gateway_is_not_taken_to_be_at_work(
    http, status
):
    async with answering(status, 404) as (url, _):
        gateway = SmsGateway(http, url, "token")
        with pytest.raises(NoAnswer):
            await gateway.word_on(an_sms().effect_id)
        assert await gateway.word_on(an_sms().effect_id) == ""
