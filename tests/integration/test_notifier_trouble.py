"""Lost answers, crashes and refusals: everyone is still told once, and no mail goes twice."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from plumbing import effects
from plumbing.applying import lock
from tests.integration.core_kit import until
from tests.integration.notifier_bench import (
    NotifierBench,
    a_dossier,
    a_notifier,
    particulars_record,
    some_data,
)
from tests.integration.sandbox_process import Sandbox, a_sandbox

STEPS = ["submitted", "accepted", "registered"]


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def bench(
    database: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NotifierBench]:
    # A crash does not wait for its calls.
    monkeypatch.setattr(effects, "DRAIN_SECONDS", 0.05)
    async with a_notifier(database, sandbox) as one:
        yield one
        for component in ("sms", "mail", "callbacks"):
            await sandbox.http.delete(f"/faults/{component}")


@pytest.mark.parametrize("kind", ["lost_answer", "drop", "error"])
async def test_given_sms_and_callbacks_in_trouble_then_each_step_is_told_exactly_once(bench, kind):
    dossier = a_dossier()
    for component in ("sms", "callbacks"):
        await bench.sandbox.fault(component, kind=kind, share=1, times=2, seconds=0)

    await bench.knows(dossier)
    await bench.hears(dossier, "submitted", "routed", "accepted")
    bench.works()
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent") == ["submitted", "accepted"]
    assert await bench.journal(dossier, "portal.callback") == ["submitted", "accepted"]
    assert await bench.outcomes(dossier) == ["submitted sms", "accepted sms"]


@pytest.mark.parametrize(("kind", "sent"), [("lost_answer", ["submitted"]), ("drop", [])])
async def test_given_a_mail_without_an_answer_then_it_waits_for_a_person_and_is_never_two(
    bench, kind, sent
):
    dossier = a_dossier()
    await bench.sandbox.fault("mail", kind=kind, share=1, times=1, seconds=0)

    await bench.knows(dossier, notify_by=["email"])
    await bench.hears(dossier, "submitted", "routed", "accepted")
    bench.works()
    await bench.idle()

    assert await bench.journal(dossier, "mail.sent", "sms.sent") == [*sent, "accepted"]
    assert await bench.outcomes(dossier) == ["submitted in_doubt", "accepted email"]
    states = await bench.states(dossier)
    assert (states["email:submitted"], states["email:accepted"]) == ("MANUAL", "DONE")


async def test_given_a_mail_server_that_says_later_then_the_mail_goes_later_and_once(bench):
    dossier = a_dossier()
    await bench.sandbox.fault("mail", kind="error", share=1, times=2, seconds=0)

    await bench.knows(dossier, notify_by=["email"])
    await bench.hears(dossier, "submitted")
    bench.works()
    await bench.idle()

    assert await bench.journal(dossier, "mail.sent") == ["submitted"]
    assert await bench.outcomes(dossier) == ["submitted email"]


@pytest.mark.parametrize(
    ("way", "outcome"), [("sms", "submitted sms"), ("email", "submitted in_doubt")]
)
async def test_given_a_crash_after_sending_and_before_it_is_recorded_then_it_is_sent_once(
    bench, way, outcome
):
    dossier = a_dossier()
    await bench.knows(dossier, notify_by=[way])
    await bench.hears(dossier, "submitted")

    async def sent() -> list[str]:
        return await bench.journal(dossier, "sms.sent", "mail.sent")

    async with bench.pool.acquire() as conn, conn.transaction():
        await lock(conn, {dossier.id: dossier.code})
        bench.works()
        await until(sent)
        await bench.dies()
    bench.works()
    await bench.idle()

    assert await sent() == ["submitted"]
    assert await bench.journal(dossier, "sms.duplicate", "mail.duplicate") == []
    assert await bench.outcomes(dossier) == [outcome]


async def test_given_a_crash_before_an_sms_was_sent_then_it_is_sent_afterwards(bench):
    dossier = a_dossier()
    await bench.sandbox.fault("sms", kind="delay", share=1, times=1, seconds=0.3)
    await bench.knows(dossier)
    await bench.hears(dossier, "submitted")
    bench.works()

    async def asked() -> bool:
        _, faults = await bench.sandbox.get("/faults")
        return "sms" not in faults

    await until(asked)
    await bench.dies()
    bench.works()
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent") == ["submitted"]
    assert await bench.outcomes(dossier) == ["submitted sms"]


async def test_given_many_dossiers_and_much_trouble_then_everyone_is_told_exactly_once(bench):
    dossiers = [a_dossier() for _ in range(40)]
    for component, kind in (("sms", "lost_answer"), ("callbacks", "drop"), ("mail", "error")):
        await bench.sandbox.fault(component, kind=kind, share=0.4, times=20, seconds=0)
    bench.works()
    bench.works()

    ways = [["sms"] if number % 2 else ["email"] for number in range(len(dossiers))]
    await bench.settle(
        [
            particulars_record(dossier, some_data(notify_by=way), 1)
            for dossier, way in zip(dossiers, ways, strict=True)
        ]
    )
    for name in ("registered", "submitted", "routed", "accepted"):
        await bench.settle([bench.event(dossier, name) for dossier in dossiers])
    await bench.idle(60)

    entries = await bench.sandbox.journal()
    references = Counter(
        entry["reference"] for entry in entries if entry["kind"] in ("sms.sent", "mail.sent")
    )
    callbacks = Counter(
        (entry["dossier_code"], entry["step"])
        for entry in entries
        if entry["kind"] == "portal.callback"
    )
    for dossier, (way,) in zip(dossiers, ways, strict=True):
        assert [references[f"{dossier.code}:{step}:{way}"] for step in STEPS] == [1, 1, 1]
        assert [callbacks[dossier.code, step] for step in STEPS] == [1, 1, 1]
        assert await bench.outcomes(dossier) == [f"{step} {way}" for step in STEPS]
