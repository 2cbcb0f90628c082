"""Dossiers asked back are asked about still: the register may decide without the supplement."""

from collections.abc import AsyncIterator

import pytest

from contracts.events import Withdrawn
from plumbing import effects
from registry_sync.claims import CLAIM_DUE, claim_due
from tests.integration.core_kit import Dossier
from tests.integration.notifier_bench import a_dossier
from tests.integration.registry_sync_bench import (
    RegistryBench,
    asked_back,
    becomes,
    open_registry,
)
from tests.integration.sandbox_process import Sandbox, a_push, a_sandbox, push


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def bench(
    database: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RegistryBench]:
    monkeypatch.setattr(effects, "DRAIN_SECONDS", 0.05)
    async with open_registry(database, sandbox) as one:
        yield one


async def is_asked_about(bench: RegistryBench, dossier: Dossier) -> None:
    """Let the pause before its next question be over."""
    await bench.pool.execute(
        "UPDATE registration SET next_poll_at = clock_timestamp() WHERE dossier_id = $1", dossier.id
    )


async def test_given_a_dossier_asked_back_when_the_register_enters_it_on_paper_then_published(
    bench,
):
    dossier = await asked_back(bench)
    await push(bench.sandbox, a_push(dossier.code, note="nộp bản giấy"))

    await is_asked_about(bench, dossier)
    registered = await bench.says(dossier, "registered")

    assert registered.round == 1
    assert [data.name for data in await bench.said(dossier)] == ["register_returned", "registered"]
    assert (await bench.rests(dossier))[0] == "registered"


async def test_given_a_dossier_asked_back_then_it_is_asked_about_seldom_and_once_ended_never(bench):
    dossier = await asked_back(bench)

    assert await claim_due(bench.pool, 10) == []
    await bench.dies()
    await is_asked_about(bench, dossier)
    (one,) = await claim_due(bench.pool, 10)
    assert (one.code, one.round) == (dossier.code, 1)
    pause = await bench.pool.fetchval(
        "SELECT next_poll_at - clock_timestamp() > interval '55 s' FROM registration"
    )
    assert pause

    await bench.hears(dossier, Withdrawn(actor="officer-1", on_request=True))
    await is_asked_about(bench, dossier)
    assert await claim_due(bench.pool, 10) == []


async def test_given_pushed_and_asked_back_ones_then_the_pushed_come_first_and_no_more_than_asked(
    bench,
):
    dossiers = [a_dossier() for _ in range(4)]
    for number, dossier in enumerate(dossiers):
        await becomes(bench, dossier, status="pushed" if number % 2 else "returned", round_=1)
    await bench.pool.execute(
        "UPDATE registration SET next_poll_at = clock_timestamp() - interval '1 h'"
        " * CASE status WHEN 'returned' THEN 2 ELSE 1 END"
    )

    claimed = [{one.code for one in await claim_due(bench.pool, 3)} for _ in range(3)]

    assert {dossiers[1].code, dossiers[3].code} < claimed[0]
    assert [len(codes) for codes in claimed] == [3, 1, 0]


async def test_given_many_asked_back_and_many_without_a_number_then_what_is_due_is_found_by_index(
    bench,
):
    await bench.pool.execute(
        "INSERT INTO registration (dossier_id, code, status, unit_code, province_code,"
        " procedure_code, erased, next_poll_at, awaits_number) SELECT gen_random_uuid(), 'C' || n,"
        " CASE n % 2 WHEN 0 THEN 'returned' ELSE 'registered' END, '26734', '79', '1.001193',"
        " false, now() + interval '1 h', n % 2 = 1 FROM generate_series(1, 10000) n"
    )
    await bench.pool.execute("ANALYZE registration")

    rows = await bench.pool.fetch(f"EXPLAIN {CLAIM_DUE}", 1000, ["48"])

    plan = "\n".join(row[0] for row in rows)
    assert plan.count("Index Cond: (next_poll_at <= now())") >= 2
    assert "registration_asked_back" in plan
    assert "registration_numberless" in plan


async def test_given_very_many_due_when_claimed_then_what_is_claimed_is_written_by_its_key(bench):
    await bench.pool.execute(
        "INSERT INTO registration (dossier_id, code, status, unit_code, province_code,"
        " procedure_code, erased, next_poll_at) SELECT gen_random_uuid(), 'C' || n, 'pushed',"
        " '26734', '79', '1.001193', false, now() - make_interval(secs => n)"
        " FROM generate_series(1, 20000) n"
    )
    await bench.pool.execute("ANALYZE registration")

    rows = await bench.pool.fetch(f"EXPLAIN {CLAIM_DUE}", 1000, ["48"])

    # A join with the whole table may be planned as one read of all of it.
    plan = "\n".join(row[0] for row in rows)
    assert not [one for one in ("Join", "Nested Loop", "Seq Scan on registration r") if one in plan]
