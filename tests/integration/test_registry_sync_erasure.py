"""Erasure before and during a push: what the register was not told, it is never told."""

from collections.abc import AsyncIterator

import pytest

from contracts.events import RegisterReturned
from plumbing import effects
from plumbing.applying import lock
from plumbing.calls import Answer, Call
from plumbing.database import open_pool
from registry_sync.limits import unless_ended
from tests.integration.core_kit import until
from tests.integration.core_outside import claim
from tests.integration.notifier_kit import an_sms, in_doubt
from tests.integration.registry_sync_bench import RegistryBench, open_registry
from tests.integration.sandbox_process import Sandbox, a_sandbox

ERASED = RegisterReturned(kind="refused", reasons=("particulars_erased",))


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def bench(
    database: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RegistryBench]:
    # A crash does not wait for its calls.
    monkeypatch.setattr(effects, "DRAIN_SECONDS", 0.05)
    async with open_registry(database, sandbox) as one:
        yield one


async def test_given_a_push_that_waits_when_erased_then_the_register_is_never_told(bench):
    dossier = await bench.accepts()

    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    assert await bench.sandbox.kinds(dossier.code) == []
    assert await bench.said(dossier) == [ERASED]
    assert await bench.rests(dossier) == ("returned", None, None)


async def test_given_a_crash_before_the_push_and_then_erasure_then_the_register_is_never_told(
    bench,
):
    dossier = await bench.accepts()
    await claim(bench.pool)
    await bench.dies()

    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    assert await bench.sandbox.kinds(dossier.code) == []
    assert await bench.said(dossier) == [ERASED]
    assert await bench.rests(dossier) == ("returned", None, None)


async def test_given_a_crash_after_the_push_and_then_erasure_then_the_dossier_stays(bench):
    dossier = await bench.accepts()

    async def pushes() -> list[str]:
        kinds = await bench.sandbox.kinds(dossier.code)
        return [kind for kind in kinds if kind.startswith("register.push")]

    async with bench.pool.acquire() as conn, conn.transaction():
        await lock(conn, {dossier.id: dossier.code})
        bench.works()
        await until(pushes)
        await bench.dies()
    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    assert await pushes() == ["register.pushed"]
    assert await bench.said(dossier) == []
    assert await bench.rests(dossier) == ("pushed", None, None)


async def test_given_erasure_and_doubt_and_a_silent_register_then_the_doubt_stays_until_it_speaks(
    bench,
):
    dossier = await bench.accepts()
    await claim(bench.pool)
    await bench.dies()
    await bench.sandbox.fault("register.results", kind="error", share=1, times=1, seconds=0)

    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    doubt, last = await bench.said(dossier)
    assert (doubt.name, last) == ("registration_in_doubt", ERASED)
    assert await bench.sandbox.kinds(dossier.code) == []


@pytest.mark.parametrize("call", [an_sms(), in_doubt(an_sms())], ids=["sure", "in_doubt"])
async def test_given_no_database_then_the_register_is_neither_asked_nor_told(database, call):
    async def push(_: Call) -> Answer:
        raise AssertionError("told")

    async def has_taken(_: Call) -> bool:
        raise AssertionError("asked")

    pool = await open_pool(database, application="registry-sync-test")
    await pool.close()

    assert await unless_ended(push, has_taken, pool)(call) == Answer(
        "again", "database_away", ours=True
    )
