"""The comparison with the sandbox's register: what its journal says in the end."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts.events import Registered, RegistrationCorrected
from contracts.reconciliation import Reconciliation
from plumbing import reconciling
from tests.integration.core_kit import Dossier, until
from tests.integration.registry_sync_bench import RegistryBench, open_registry
from tests.integration.sandbox_process import Sandbox, a_sandbox


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def bench(database: str, sandbox: Sandbox) -> AsyncIterator[RegistryBench]:
    async with open_registry(database, sandbox) as one:
        yield one


async def compared(bench: RegistryBench) -> Reconciliation:
    """Compare everything with the register now, and return what was found."""
    (routes,) = bench.assembly.operating
    async with bench.pool.acquire() as conn:
        run_id = await reconciling.start(conn, "register", "all", "operator")
    assert not await routes.reconcilers[0]._make()  # type: ignore[attr-defined]
    async with bench.pool.acquire() as conn:
        assert run_id is not None
        run = await reconciling.read(conn, "registry-sync", run_id)
    assert run is not None
    return run


async def put(bench: RegistryBench, path: str, dossier: Dossier, body: Any = None) -> None:
    """Let something happen at the register that nobody tells us."""
    url = f"/register/{path}/{dossier.code}"
    async with bench.sandbox.http.put(url, json=body) as response:
        assert response.status < 300


async def registered(bench: RegistryBench) -> Dossier:
    """Return a dossier the register entered and that was polled."""
    dossier = await bench.accepts()
    bench.works()
    bench.polls()
    await bench.says(dossier, "registered")
    return dossier


async def test_given_the_register_lost_a_dossier_at_once_then_it_is_told_again_and_registered_once(
    database: str, tmp_path: Path
):
    async with (
        a_sandbox(tmp_path, SANDBOX_REGISTER_SECONDS="4") as slow,
        open_registry(database, slow) as bench,
    ):
        await _lost_and_told_again(bench)


async def _lost_and_told_again(bench: RegistryBench) -> None:
    dossier = await bench.accepts()
    bench.works()
    await bench.idle()
    await put(bench, "losses", dossier)
    await bench.pool.execute("UPDATE registration SET pushed_at = pushed_at - interval '1 hour'")

    run = await compared(bench)
    await bench.idle()
    bench.polls()
    await bench.says(dossier, "registered")

    assert run.differences == {"missing_there": 1}
    assert (await bench.sandbox.kinds(dossier.code)).count("register.registered") == 1
    assert [one.name for one in await bench.said(dossier)] == ["registered"]
    assert (await compared(bench)).differences == {}


async def test_given_a_poll_saw_it_at_the_register_and_it_is_lost_then_a_person_must_look(
    database: str, tmp_path: Path
):
    async with (
        a_sandbox(tmp_path, SANDBOX_REGISTER_SECONDS="60") as slow,
        open_registry(database, slow) as bench,
    ):
        dossier = await bench.accepts()
        bench.works()
        bench.polls()
        await until(lambda: bench.pool.fetchval("SELECT seen FROM registration"), 20)
        await put(bench, "losses", dossier)
        await bench.pool.execute("UPDATE registration SET pushed_at = pushed_at - interval '1 day'")

        run = await compared(bench)

        assert (run.differences, run.repaired) == ({"missing_there": 1}, 0)
        assert await bench.pool.fetchval("SELECT count(*) FROM effect") == 1


async def test_given_the_register_lost_what_it_registered_then_nothing_is_told_again(
    bench: RegistryBench,
):
    dossier = await registered(bench)
    before = await bench.sandbox.kinds(dossier.code)
    await put(bench, "losses", dossier)

    first, second = await compared(bench), await compared(bench)
    await bench.idle()

    assert first.differences == second.differences == {"missing_there": 1}
    assert first.repaired == 0
    assert [one.name for one in await bench.said(dossier)] == ["registered"]
    after = await bench.sandbox.kinds(dossier.code)
    assert [kind for kind in after[len(before) :] if kind.startswith("register.push")] == []


async def test_given_an_entry_was_corrected_then_the_whole_entry_is_published_once(
    bench: RegistryBench,
):
    dossier = await registered(bench)
    await put(bench, "corrections", dossier, {"number": "4711"})

    first, second = await compared(bench), await compared(bench)

    entered, corrected = await bench.said(dossier)
    assert isinstance(entered, Registered)
    assert isinstance(corrected, RegistrationCorrected)
    assert (corrected.number, corrected.book, corrected.revision) == ("4711", entered.book, 1)
    assert (first.differences, first.repaired) == ({"different_number": 1}, 1)
    assert second.differences == {}
