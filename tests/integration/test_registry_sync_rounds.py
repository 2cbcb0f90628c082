"""Supplements, dossiers taken over and ended ones, against the register the sandbox plays."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiohttp import web

from contracts.envelope import Cause
from contracts.events import Registered, Withdrawn
from contracts.particulars import Particulars
from plumbing import effects
from plumbing.applying import Item, apply, lock
from plumbing.assembly import utc_now
from plumbing.migrating import migrate
from registry_sync.registration import RegisterSaid, Registration
from tests.integration.core_kit import NOW, RING, Dossier, until
from tests.integration.notifier_bench import a_dossier
from tests.integration.registry_sync_bench import (
    ASKED,
    MIGRATIONS,
    UNIT,
    RegistryBench,
    accepted,
    asked_back,
    becomes,
    open_registry,
)
from tests.integration.sandbox_process import Sandbox, a_sandbox
from tests.unit.builders import BIRTH, some_particulars

SECOND = {"round": 2, "particulars_version": 2}
#: A procedure without an electronic form: the register has no part for it.
FORMLESS = "1.003583"


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


async def plant(sandbox: Sandbox, code: str, outcome: str) -> None:
    body = {"unit": UNIT, "module": "LTKS", "outcome": outcome}
    async with sandbox.http.put(f"/register/played/{code}", json=body) as response:
        assert response.status == 201


async def test_given_a_supplement_when_accepted_again_then_told_again_and_registered_once(bench):
    dossier = await asked_back(bench)

    await bench.hears(dossier, accepted(**SECOND))
    registered = await bench.says(dossier, "registered")

    assert isinstance(registered, Registered)
    assert registered.round == 2
    assert await bench.sandbox.kinds(dossier.code) == [
        "register.pushed",
        "register.supplement",
        "register.supplemented",
        "register.registered",
    ]
    assert [data.name for data in await bench.said(dossier)] == ["register_returned", "registered"]


async def test_given_a_register_that_asks_twice_then_each_answer_names_its_round(bench):
    dossier = await asked_back(bench, "sandbox:supplement-twice")

    await bench.hears(dossier, accepted(**SECOND))
    second = await bench.says(dossier, "register_returned", 2)
    await bench.knows(dossier, some_particulars("bổ sung lần hai"), 3)
    await bench.hears(dossier, accepted(round=3, particulars_version=3))
    registered = await bench.says(dossier, "registered")

    assert (second, registered.round) == (ASKED.model_copy(update={"round": 2}), 3)


@pytest.mark.parametrize("kind", ["lost_answer", "drop"])
async def test_given_no_answer_to_the_second_push_then_it_is_asked_and_told_once(bench, kind):
    dossier = await asked_back(bench)
    await bench.sandbox.fault("register.push", kind=kind, times=1)

    await bench.hears(dossier, accepted(**SECOND))
    registered = await bench.says(dossier, "registered")

    assert registered.round == 2
    assert await bench.sandbox.kinds(dossier.code) == [
        "register.pushed",
        "register.supplement",
        "register.supplemented",
        "register.registered",
    ]
    names = [data.name for data in await bench.said(dossier)]
    assert names == ["register_returned", "registration_in_doubt", "registered"]


async def test_given_a_second_push_in_doubt_that_was_asked_back_again_then_told_again_it_is_known(
    bench,
):
    dossier = await asked_back(bench, "sandbox:supplement-twice")
    await bench.sandbox.fault("register.push", kind="lost_answer", times=1)

    await bench.hears(dossier, accepted(**SECOND))
    returned = await bench.says(dossier, "register_returned", 2)

    assert returned.round == 2
    assert await bench.sandbox.kinds(dossier.code) == [
        "register.pushed",
        "register.supplement",
        "register.supplemented",
        "register.supplement",
        "register.push_duplicate",
    ]


async def test_given_the_register_has_it_when_accepted_then_its_word_comes_without_a_push(bench):
    dossier = a_dossier()
    await plant(bench.sandbox, dossier.code, "register")

    await bench.hears(dossier, accepted(at_register=True, procedure_code=FORMLESS))
    bench.works()
    bench.polls()
    await bench.says(dossier, "registered")

    assert await bench.sandbox.kinds(dossier.code) == ["register.played", "register.registered"]
    assert await bench.pool.fetchval("SELECT count(*) FROM effect") == 0


async def test_given_the_register_had_it_and_asked_back_then_the_supplement_is_told(bench):
    dossier = a_dossier()
    await plant(bench.sandbox, dossier.code, "supplement")
    await bench.hears(dossier, accepted(at_register=True))
    bench.works()
    bench.polls()
    await bench.says(dossier, "register_returned")

    await bench.knows(dossier, some_particulars(), 2)
    await bench.hears(dossier, accepted(**SECOND))

    assert (await bench.says(dossier, "registered")).round == 2


async def test_given_a_procedure_no_part_of_the_register_takes_then_a_person_is_waited_for(bench):
    dossier = a_dossier()
    await bench.knows(dossier, some_particulars())
    await bench.hears(dossier, accepted(procedure_code=FORMLESS))

    bench.works()
    await bench.idle()

    effect = await bench.pool.fetchrow("SELECT state, reason FROM effect")
    assert tuple(effect) == ("MANUAL", "procedure_not_in_the_register")
    assert await bench.said(dossier) == []
    assert await bench.sandbox.kinds(dossier.code) == []


async def test_given_a_push_that_waits_when_withdrawn_then_the_register_is_never_told(bench):
    dossier = await bench.accepts()

    await bench.hears(dossier, Withdrawn(actor="officer-1", on_request=True))
    bench.works()
    await bench.idle()

    assert await bench.sandbox.kinds(dossier.code) == []
    assert await bench.said(dossier) == []
    assert await bench.rests(dossier) == ("returned", None, None)


async def test_given_an_answer_asked_for_before_the_second_push_then_it_does_not_count_for_it(
    bench,
):
    dossier = await bench.accepts()
    asking, may_answer = asyncio.Event(), asyncio.Event()
    questions = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal questions
        questions += 1
        if questions > 1:
            return web.json_response({"status": "1", "value": []})
        asking.set()
        await may_answer.wait()
        value = [{"maHoSoMCDT": dossier.code, "trangThai": 2}]
        return web.json_response({"status": "1", "value": value})

    app = web.Application()
    app.router.add_post("/LayKetQua", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    poll, *_ = bench.assembly.tasks
    poller: Any = poll.__self__  # type: ignore[attr-defined]
    object.__setattr__(poller.register, "url", f"http://127.0.0.1:{runner.addresses[0][1]}")
    await becomes(bench, dossier, status="pushed", round_=1)

    bench.polls()
    await asking.wait()
    # Another replica hears the same answer sooner; the dossier comes back and is told again.
    await says(bench, dossier, RegisterSaid("supplement"))
    await becomes(bench, dossier, status="pushed", round_=2)
    may_answer.set()
    await until(lambda: questions > 1)
    await bench.dies()
    await runner.cleanup()

    assert await bench.said(dossier) == [ASKED]
    assert (await bench.rests(dossier))[0] == "pushed"


async def says(bench: RegistryBench, dossier: Dossier, word: RegisterSaid) -> None:
    async with bench.pool.acquire() as conn, conn.transaction():
        heads = await lock(conn, {dossier.id: dossier.code})
        item = Item(dossier.id, word, Cause("poll", "0" * 64))
        await apply(conn, bench.assembly.part, RING, heads, [item], utc_now())


@pytest.mark.empty_database
async def test_given_rows_of_the_version_before_then_they_stand_in_the_first_round(
    database: str, sandbox: Sandbox, tmp_path: Path
):
    before = tmp_path / "registry_sync" / "migrations"
    before.mkdir(parents=True)
    shutil.copy(MIGRATIONS / "0001_registry_sync.sql", before)
    await migrate(database, before)
    dossier_id = uuid4()
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO registration (dossier_id, code, status, unit_code, province_code,"
        " procedure_code, accepted_at, erased) VALUES ($1, 'C', 'pushed', '26734', '79', $2, $3,"
        " false)",
        dossier_id,
        BIRTH,
        NOW,
    )
    await connection.close()

    async with open_registry(database, sandbox) as bench, bench.pool.acquire() as conn:
        loaded = await bench.assembly.part.store.load(conn, [dossier_id])

    assert loaded[dossier_id] == Registration(
        dossier_id,
        "C",
        "pushed",
        "26734",
        "79",
        BIRTH,
        NOW,
        held_version=1,
        told_unit="26734",
        told_province="79",
    )


async def test_given_a_later_round_then_its_first_question_is_asked_at_once(bench):
    dossier = await bench.accepts()
    await becomes(bench, dossier, status="pushed", round_=1)
    await bench.pool.execute(
        "UPDATE registration SET polls = 20, next_poll_at = next_poll_at + interval '1 hour'"
    )

    await becomes(bench, dossier, status="returned", round_=1)
    await becomes(bench, dossier, status="pushed", round_=2)

    row = await bench.pool.fetchrow(
        "SELECT polls, next_poll_at <= clock_timestamp() AS due FROM registration"
    )
    assert (row["polls"], row["due"]) == (0, True)


async def test_given_the_whole_state_when_saved_and_loaded_then_it_is_the_same(bench):
    case = Registration(
        uuid4(), "C", "returned", UNIT, "79", BIRTH, NOW, some_particulars(), True, "0" * 12
    )
    versions = {"round": 3, "particulars_version": 4, "held_version": 5}
    earlier = ((3, some_particulars("v3")), (4, some_particulars("v4")))
    told = {"pushed_at": NOW, "told_unit": "20194", "told_province": "48"}
    case = replace(case, **versions, **told, earlier=earlier)  # type: ignore[arg-type]
    closed = Registration(uuid4(), "D", closed=True)
    store = bench.assembly.part.store

    async with bench.pool.acquire() as conn:
        await store.save(conn, [case, closed])
        loaded = await store.load(conn, [case.dossier_id, closed.dossier_id])

    assert loaded == {case.dossier_id: case, closed.dossier_id: closed}
    assert isinstance(loaded[case.dossier_id].particulars, Particulars)
