"""Erasure with a message under way: what may have been sent is asked about, nothing is sent."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from notifier.limits import (
    LAST_ATTEMPTS,
    RETRY_HORIZON,
    erasures,
    unless_erased,
    within_horizon,
)
from plumbing import effects
from plumbing.applying import lock
from plumbing.calls import Answer, Call
from plumbing.database import open_pool
from plumbing.leases import BEGIN
from tests.integration.core_kit import Dossier, until
from tests.integration.core_outside import claim
from tests.integration.notifier_bench import NotifierBench, a_dossier, a_notifier
from tests.integration.notifier_kit import a_mail, an_sms, begun, in_doubt
from tests.integration.sandbox_process import Sandbox, a_sandbox


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


async def claimed(bench: NotifierBench, way: str, *, begun: bool = False) -> Dossier:
    """Return a dossier whose calls were claimed by a process that then died, sending nothing."""
    dossier = a_dossier()
    await bench.knows(dossier, notify_by=[way])
    await bench.hears(dossier, "submitted")
    async with bench.pool.acquire() as conn:
        for row in await claim(bench.pool):
            if begun and row["kind"] == f"{way}:submitted":
                await conn.execute(BEGIN, [row["effect_id"]], [row["fence"]])
    await bench.dies()
    return dossier


@pytest.mark.parametrize("way", ["sms", "email"])
async def test_given_a_crash_before_sending_and_then_erasure_then_nothing_is_sent(bench, way):
    dossier = await claimed(bench, way)

    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent", "mail.sent") == []
    assert await bench.journal(dossier, "portal.callback") == ["submitted"]
    assert await bench.outcomes(dossier) == ["submitted erased"]
    assert await bench.states(dossier) == {
        f"{way}:submitted": "REJECTED",
        "portal:submitted": "DONE",
    }
    assert await bench.pool.fetchval("SELECT count(*) FROM effect WHERE request IS NOT NULL") == 0


async def test_given_a_crash_after_sending_and_then_erasure_then_the_sms_counts_as_told(bench):
    dossier = a_dossier()
    await bench.knows(dossier)
    await bench.hears(dossier, "submitted")

    async def sent() -> list[str]:
        return await bench.journal(dossier, "sms.sent", "sms.duplicate")

    async with bench.pool.acquire() as conn, conn.transaction():
        await lock(conn, {dossier.id: dossier.code})
        bench.works()
        await until(sent)
        await bench.dies()
    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    assert await sent() == ["submitted"]
    assert await bench.outcomes(dossier) == ["submitted sms"]


async def test_given_a_crash_in_a_mail_and_then_erasure_then_a_person_must_look(bench):
    dossier = await claimed(bench, "email", begun=True)

    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    assert await bench.journal(dossier, "mail.sent", "sms.sent") == []
    assert await bench.outcomes(dossier) == ["submitted in_doubt"]
    assert (await bench.states(dossier))["email:submitted"] == "MANUAL"
    kept = "SELECT count(*) FROM effect WHERE state = 'MANUAL' AND request IS NOT NULL"
    assert await bench.pool.fetchval(kept) == 0


@pytest.mark.parametrize(
    ("kind", "call", "answer"),
    [
        ("sms", an_sms(), Answer("no", "erased", ours=True)),
        ("sms", in_doubt(an_sms()), Answer("no", "erased", ours=True)),
        ("email", a_mail(), Answer("no", "erased", ours=True)),
        ("email", in_doubt(a_mail()), Answer("no", "erased", ours=True)),
        ("email", begun(a_mail()), Answer("stuck", "stopped_while_sending")),
    ],
)
async def test_given_erasure_then_a_call_is_answered_without_being_made(bench, kind, call, answer):
    dossier = a_dossier()
    await bench.forgets(dossier)

    told = await bench.assembly.callers[kind](replace(call, dossier_id=dossier.id))

    assert told == answer
    assert await bench.sandbox.journal(str(call.effect_id)) == []


async def test_given_erasure_and_doubt_and_a_silent_gateway_then_the_doubt_stays(bench):
    dossier = a_dossier()
    await bench.forgets(dossier)
    call = replace(in_doubt(an_sms()), dossier_id=dossier.id)
    await bench.sandbox.fault("sms", kind="error", share=1, times=1, seconds=0)

    answers = [await bench.assembly.callers["sms"](call) for _ in range(2)]

    assert answers == [Answer("unknown", "asked"), Answer("no", "erased", ours=True)]
    assert await bench.sandbox.journal(str(call.effect_id)) == []


@pytest.mark.parametrize(
    ("call", "soon", "at_the_horizon"),
    [(a_mail(), "again", "no"), (in_doubt(a_mail()), "unknown", "stuck")],
)
async def test_given_no_database_then_nothing_is_sent_and_a_doubt_stays_one(
    database, call, soon, at_the_horizon
):
    async def outside(_: Call) -> Answer:
        raise AssertionError("made")

    pool = await open_pool(database, application="notifier-test")
    await pool.close()
    careful = within_horizon(unless_erased(outside, outside, erasures(pool)))

    away = Answer(soon, "database_away", ours=True)
    late = replace(call, age=RETRY_HORIZON)
    assert await careful(call) == away
    assert [await careful(late) for _ in range(LAST_ATTEMPTS)] == [away] * LAST_ATTEMPTS
    assert await careful(late) == Answer(at_the_horizon, "horizon", ours=True)
