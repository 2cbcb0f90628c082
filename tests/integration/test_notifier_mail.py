"""Mail as the notifier sends it: taken once, or never claimed and never repeated."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from notifier.channels import Mail
from plumbing.calls import Answer, LeaseLost
from tests.integration.notifier_kit import CODE, a_mail, begun, in_doubt, mail_of
from tests.integration.sandbox_process import Sandbox, a_sandbox


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def mail(sandbox: Sandbox) -> AsyncIterator[Mail]:
    async with mail_of(sandbox) as one:
        yield one


async def test_given_a_mail_then_the_server_takes_it_with_the_effects_id(sandbox, mail):
    call = a_mail()

    assert await mail(call) == Answer("done")
    (entry,) = await sandbox.journal(f"{call.effect_id}@example.vn")
    assert (entry["kind"], entry["reference"]) == ("mail.sent", f"{CODE}:accepted:email")


async def test_given_a_mailbox_that_is_not_there_then_no(sandbox, mail):
    assert await mail(a_mail("unreachable@example.org")) == Answer("no", "smtp_550")


async def test_given_a_domain_beyond_ascii_then_it_is_sent_in_its_ascii_form(sandbox, mail):
    assert await mail(a_mail("thu@hộtịch.example.org")) == Answer("done")


@pytest.mark.parametrize(("kind", "sent"), [("lost_answer", 1), ("drop", 0)])
async def test_given_no_answer_after_the_mail_then_stuck_and_it_is_never_sent_again(
    sandbox, mail, kind, sent
):
    await sandbox.fault("mail", kind=kind, share=1, times=1, seconds=0)
    call = a_mail()

    answers = [await mail(call), await mail(begun(call))]

    assert [one.outcome for one in answers] == ["stuck", "stuck"]
    assert len(await sandbox.journal(f"{call.effect_id}@example.vn")) == sent


async def test_given_a_sender_killed_before_the_mail_was_begun_then_it_is_sent(sandbox, mail):
    call = a_mail()

    assert await mail(in_doubt(call)) == Answer("done")
    assert len(await sandbox.journal(f"{call.effect_id}@example.vn")) == 1


async def test_given_a_lease_lost_before_the_mail_was_begun_then_nothing_is_sent(sandbox, mail):
    async def lost() -> None:
        raise LeaseLost

    call = replace(a_mail(), begin=lost)

    assert await mail(call) == Answer("again", "lease_lost", ours=True)
    assert await sandbox.journal(f"{call.effect_id}@example.vn") == []


async def test_given_a_passing_refusal_then_again(sandbox, mail):
    await sandbox.fault("mail", kind="error", share=1, times=1, seconds=0)
    call = a_mail()

    assert [await mail(call), await mail(call)] == [Answer("again", "smtp_451"), Answer("done")]
