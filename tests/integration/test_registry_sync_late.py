"""Late truths from the register to the outbox: personal numbers, corrections, technical noes."""

import shutil
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from contracts.envelope import decode
from contracts.events import PersonalIdAssigned, Registered, RegistrationCorrected
from plumbing import lanes
from plumbing.applying import lock
from plumbing.database import Pool, open_pool
from plumbing.migrating import migrate
from registry_sync.claims import claim_due
from registry_sync.polling import Poller
from registry_sync.registration import (
    UNKNOWN,
    BookEntry,
    RegisterEntry,
    RegisterSaid,
    Registration,
)
from registry_sync.results import Results
from registry_sync.store import RegistrationStore
from tests.integration.core_kit import NOW, RING, Dossier, until
from tests.integration.notifier_bench import a_dossier
from tests.integration.registry_sync_bench import (
    MIGRATIONS,
    RegistryBench,
    accepted,
    open_registry,
)
from tests.integration.sandbox_process import Sandbox, a_sandbox
from tests.unit.builders import BIRTH, some_particulars

REGISTERED = Registration(
    *(uuid4(), "H29.26734-261124-0001", "registered", "26734", "79", BIRTH, NOW),
    personal_number="000226000001",
    told_unit="26734",
    told_province="79",
    entry=BookEntry("26734", "15", "01/2026", None, date(2026, 11, 24)),
    revision=3,
    awaits_number=True,
)
HURRY = "UPDATE registration SET next_poll_at = clock_timestamp() - interval '1 second'"
BEFORE = """
INSERT INTO registration (dossier_id, code, status, unit_code, province_code, procedure_code,
    erased, personal) SELECT gen_random_uuid(), 'H29.26734-261124-' || n, s, '26734', '79', p, e, b
FROM (VALUES (1, 'registered', '1.001193', false, NULL::bytea),
    (2, 'registered', '1.001193', false, '\\x00'), (3, 'registered', '1.001193', true, NULL),
    (4, 'registered', '1.000656', false, NULL), (5, 'pushed', '1.001193', false, NULL),
    (6, 'registered', '1.004884', false, NULL)
) known (n, s, p, e, b)
"""


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def bench(database: str, sandbox: Sandbox) -> AsyncIterator[RegistryBench]:
    async with open_registry(database, sandbox) as one:
        yield one


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    await migrate(database, MIGRATIONS)
    pool = await open_pool(database, application="registry-sync-test")
    yield pool
    pool.terminate()


def the_poller(bench: RegistryBench) -> Poller:
    """Return the poller as the service put it together."""
    poller = bench.assembly.tasks[0].__self__  # type: ignore[attr-defined]
    assert isinstance(poller, Poller)
    return poller


async def told_of(bench: RegistryBench, note: str) -> Dossier:
    """Return a dossier with that note, accepted and told to the register, which is polled."""
    dossier = a_dossier()
    await bench.knows(dossier, some_particulars(note))
    await bench.hears(dossier, accepted())
    bench.works()
    bench.polls()
    return dossier


async def hurried(bench: RegistryBench, dossier: Dossier, name: str, count: int = 1) -> Any:
    """Return the dossier's event of that name, asking for it as often as can be."""

    async def said() -> Any:
        await bench.pool.execute(HURRY)
        named = [data for data in await bench.said(dossier) if data.name == name]
        return named[-1] if len(named) == count else None

    return await until(said, 20.0)


async def polled_again(bench: RegistryBench) -> None:
    """Return once the register has been asked twice more."""
    sql = "SELECT min(polls) FROM registration"
    before = await bench.pool.fetchval(sql)

    async def again() -> bool:
        await bench.pool.execute(HURRY)
        return int(await bench.pool.fetchval(sql)) >= before + 2

    await until(again, 20.0)


async def test_given_a_number_that_comes_late_then_it_is_said_once_and_kept_and_not_asked_again(
    bench,
):
    dossier = await told_of(bench, "sandbox:late-id")
    first = await bench.says(dossier, "registered")
    assert isinstance(first, Registered)
    assert not first.personal_id_assigned

    assigned = await hurried(bench, dossier, "personal_id_assigned")

    async with bench.pool.acquire() as conn:
        case = (await bench.assembly.part.store.load(conn, [dossier.id]))[dossier.id]
    await bench.pool.execute(HURRY)
    assert assigned == PersonalIdAssigned(round=1)
    assert (case.awaits_number, len(case.personal_number)) == (False, 12)
    assert await claim_due(bench.pool, 10) == []
    assert [data.name for data in await bench.said(dossier)] == [
        "registered",
        "personal_id_assigned",
    ]
    assert await bench.sandbox.kinds(dossier.code) == ["register.pushed", "register.registered"]


async def test_given_a_corrected_entry_when_asked_again_then_published_once(bench):
    dossier = await told_of(bench, "sandbox:late-id")
    first = await bench.says(dossier, "registered")
    assert isinstance(first, Registered)

    where = f"/register/corrections/{dossier.code}"
    async with bench.sandbox.http.put(where, json={"number": "977"}) as response:
        assert response.status == 200
    corrected = await hurried(bench, dossier, "registration_corrected")
    await hurried(bench, dossier, "personal_id_assigned")

    assert corrected == RegistrationCorrected(
        unit_code=first.unit_code,
        number="977",
        book=first.book,
        page=first.page,
        registered_on=first.registered_on,
        revision=1,
    )
    names = [data.name for data in await bench.said(dossier)]
    assert sorted(names) == ["personal_id_assigned", "registered", "registration_corrected"]


async def test_given_a_registered_dossier_the_register_lost_then_nothing_is_said(bench):
    dossier = await told_of(bench, "sandbox:late-id")
    await bench.says(dossier, "registered")

    async with bench.sandbox.http.put(f"/register/losses/{dossier.code}") as response:
        assert response.status == 204
    await polled_again(bench)

    assert [data.name for data in await bench.said(dossier)] == ["registered"]


async def test_given_a_technical_no_then_it_waits_for_a_person_and_the_citizen_hears_nothing(bench):
    dossier = await told_of(bench, "sandbox:technical-no")

    await bench.idle()

    effect = await bench.pool.fetchrow("SELECT state, in_doubt, reason FROM effect")
    assert tuple(effect) == ("MANUAL", False, "malformed")
    assert await bench.sandbox.kinds(dossier.code) == ["register.push_faulty"]
    assert await bench.said(dossier) == []


@pytest.mark.parametrize(("turn", "asked"), [("", set()), ("79", {"01"})])
async def test_given_a_paused_lane_then_nothing_is_asked_until_it_goes_on(
    bench, turn: str, asked: set[str]
):
    poller = the_poller(bench)
    cases = [replace(REGISTERED, dossier_id=uuid4(), told_province=one) for one in ("79", "01")]
    async with bench.pool.acquire() as conn:
        await bench.assembly.part.store.save(conn, cases)
        await lanes.pause(conn, "register", turn, by="operator", reason="test")
        await lanes.pause(conn, "register", "48", by="operator", reason="another province")
        await lanes.pause(conn, "sms", "", by="operator", reason="another lane")

    await bench.pool.execute(HURRY)
    paused = await poller._claim()
    # What was claimed right before the pause is not asked about either.
    not_asked = await poller._results([], "79", BIRTH)
    async with bench.pool.acquire() as conn:
        await lanes.resume(conn, "register", turn)
    await bench.pool.execute(HURRY)

    assert {one.told_province for one in paused} == asked
    assert {one.told_province for one in await poller._claim()} == {"79", "01"}
    assert (not_asked, await poller._results([], "79", BIRTH)) == (None, Results())


async def test_given_a_register_that_is_away_then_nothing_is_claimed(bench):
    poller = the_poller(bench)
    valves = poller.running.valves
    async with bench.pool.acquire() as conn:
        await bench.assembly.part.store.save(conn, [REGISTERED])
    await bench.pool.execute(HURRY)

    for number in range(5):
        passed = valves.begin("results")
        assert passed is not None
        passed.report("unknown", number)

    assert await poller._claim() == []
    assert await bench.pool.fetchval("SELECT polls FROM registration") == 0


async def test_given_any_registration_when_saved_then_every_field_comes_back(pool: Pool):
    store = RegistrationStore(RING)
    entry = replace(REGISTERED.entry, page="7")  # type: ignore[type-var]
    cases = [
        REGISTERED,
        replace(REGISTERED, dossier_id=uuid4(), entry=None, awaits_number=False),
        replace(REGISTERED, dossier_id=uuid4(), entry=entry, revision=0, unit_told=True),
        replace(REGISTERED, dossier_id=uuid4(), discarded=True),
        replace(REGISTERED, dossier_id=uuid4(), refused=True),
    ]
    more = {"unit_told": True, "discarded": True, "refused": True}
    changed = [
        replace(case, revision=9, entry=entry, awaits_number=True, **more)  # type: ignore[arg-type]
        for case in cases
    ]
    ids = [case.dossier_id for case in cases]

    async with pool.acquire() as conn:
        await store.save(conn, cases)
        first = await store.load(conn, ids)
        await store.save(conn, changed)
        second = await store.load(conn, ids)

    assert first == {case.dossier_id: case for case in cases}
    assert second == {case.dossier_id: case for case in changed}


async def test_who_waits_for_a_result_comes_first_and_a_number_is_not_asked_for_for_ever(
    pool: Pool,
):
    pushed = replace(REGISTERED, dossier_id=uuid4(), status="pushed", awaits_number=False)
    numbered = replace(REGISTERED, dossier_id=uuid4(), awaits_number=False)
    tried = replace(REGISTERED, dossier_id=uuid4())
    async with pool.acquire() as conn:
        await RegistrationStore(RING).save(conn, [REGISTERED, pushed, numbered, tried])
    await pool.execute(HURRY)
    await pool.execute(
        "UPDATE registration SET polls = 1000 WHERE dossier_id = $1", tried.dossier_id
    )

    first = await claim_due(pool, 1)
    second = await claim_due(pool, 10)

    assert [one.dossier_id for one in first] == [pushed.dossier_id]
    assert [(one.dossier_id, one.revision) for one in second] == [(REGISTERED.dossier_id, 3)]
    assert await claim_due(pool, 10) == []


async def test_given_much_that_is_pushed_then_a_tenth_is_kept_for_each_of_the_others(pool: Pool):
    cases = [
        replace(REGISTERED, dossier_id=uuid4(), status=status)
        for status in ("pushed", "returned", "registered")
        for _ in range(30)
    ]
    async with pool.acquire() as conn:
        await RegistrationStore(RING).save(conn, cases)
    await pool.execute(HURRY)
    status = {case.dossier_id: case.status for case in cases}

    claims = [
        Counter(status[one.dossier_id] for one in await claim_due(pool, 20)) for _ in range(5)
    ]

    assert claims[0] == {"pushed": 16, "returned": 2, "registered": 2}
    assert [sum(claim.values()) for claim in claims[:4]] == [20, 20, 20, 20]
    assert sum(claims, Counter()) == dict.fromkeys(("pushed", "returned", "registered"), 30)


async def test_given_a_pushed_dossier_the_one_stop_ended_then_it_is_asked_about_seldom(pool: Pool):
    ended = replace(REGISTERED, status="pushed", closed=True)
    async with pool.acquire() as conn:
        await RegistrationStore(RING).save(conn, [ended])

    await claim_due(pool, 1)

    assert await pool.fetchval(
        "SELECT next_poll_at - clock_timestamp() > interval '55 s' FROM registration"
    )


async def test_given_no_entry_yet_when_claimed_then_the_question_knows_of_none(pool: Pool):
    cases = [
        replace(REGISTERED, dossier_id=uuid4(), **changes)
        for changes in ({}, {"entry": None}, {"status": "pushed"}, {"status": "returned"})
    ]
    async with pool.acquire() as conn:
        await RegistrationStore(RING).save(conn, cases)
    await pool.execute(HURRY)

    claimed = {one.dossier_id: one.revision for one in await claim_due(pool, 10)}

    assert [claimed[case.dossier_id] for case in cases] == [3, UNKNOWN, UNKNOWN, UNKNOWN]
    assert [case.known_revision for case in cases] == [3, UNKNOWN, UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(("changed", "corrected"), [(20, 20), (21, 0)])
async def test_given_many_entries_changed_at_once_when_polled_then_few_are_said_and_many_are_not(
    bench, changed: int, corrected: int
):
    poller = the_poller(bench)
    cases = [
        replace(REGISTERED, dossier_id=uuid4(), code=f"H29.26734-261124-{n:04d}") for n in range(30)
    ]
    async with bench.pool.acquire() as conn:
        await lock(conn, {case.dossier_id: case.code for case in cases})
        await bench.assembly.part.store.save(conn, cases)
    await bench.pool.execute(HURRY)
    due = await claim_due(bench.pool, 100)
    entry = RegisterEntry("15", "01/2026", None, date(2026, 11, 24), "000226000001")
    said = {
        one.code: RegisterSaid(
            "registered", replace(entry, number="16") if number < changed else entry
        )
        for number, one in enumerate(due)
    }

    await poller._hear((due, Results(said)))

    told = Counter(
        decode(row["body"]).data.name for row in await bench.pool.fetch("SELECT body FROM outbox")
    )
    assert told["registration_corrected"] == corrected
    assert told["personal_id_assigned"] == 30


@pytest.mark.empty_database
async def test_given_dossiers_registered_before_then_the_births_without_a_number_are_asked_about(
    database: str, tmp_path: Path
):
    # Migrations are known by the folder of their package.
    before = tmp_path / MIGRATIONS.parent.name / MIGRATIONS.name
    before.mkdir(parents=True)
    for name in ("0001_registry_sync.sql", "0002_rounds.sql", "0003_told.sql"):
        shutil.copy(MIGRATIONS / name, before)
    await migrate(database, before)
    pool = await open_pool(database, application="registry-sync-test")
    await pool.execute(BEFORE)

    await migrate(database, MIGRATIONS)

    rows = await pool.fetch("SELECT code FROM registration WHERE awaits_number")
    assert [row["code"] for row in rows] == ["H29.26734-261124-1"]
    pool.terminate()
