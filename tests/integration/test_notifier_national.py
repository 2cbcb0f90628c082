"""The National Portal's own calls: created once, every step once and in order, ten at a time."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from notifier import national_batches
from notifier.settings import Settings, SyncAddress
from plumbing import effects
from tests.integration import notifier_bench
from tests.integration.core_kit import Dossier, until
from tests.integration.notifier_bench import NotifierBench, a_dossier, a_notifier
from tests.integration.notifier_http import INTERFACE, NATIONAL, PROVINCIAL, a_sandbox_of_portals
from tests.integration.sandbox_process import Sandbox
from tests.unit.builders import a_submission
from tests.unit.lifecycle_kit import accepted, registered

STEPS = [("submitted", "1"), ("accepted", "2"), ("registered", "4"), ("registered", "9")]


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with a_sandbox_of_portals(tmp_path / "sandbox") as running:
        yield running


@pytest.fixture
async def bench(
    database: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NotifierBench]:
    usual = notifier_bench.settings_of
    sync = {"url": f"{sandbox.url}/dvcqg", "madonvi": "000.00.01.H29", **INTERFACE}

    def settings_of(*where: Any) -> Settings:
        document = usual(*where)
        national = document.portals[NATIONAL].model_copy(update={"sync": SyncAddress(**sync)})
        portals = document.portals | {NATIONAL: national}
        return document.model_copy(update={"portals": portals})

    monkeypatch.setattr(notifier_bench, "settings_of", settings_of)
    monkeypatch.setattr(effects, "backoff", lambda _: 0.02)
    async with a_notifier(database, sandbox) as one:
        yield one


async def lived(bench: NotifierBench, reference: str = "R-1", portal: str = NATIONAL) -> Dossier:
    """Return a dossier that was registered."""
    dossier = a_dossier()
    changes = {"portal_reference": reference, "portal": portal}
    submitted = a_submission().model_copy(update=changes)
    await bench.learns(dossier, submitted, accepted(), registered())
    return dossier


async def told(bench: NotifierBench, dossier: Dossier) -> list[tuple[str, str]]:
    """Return the progress the portal has of the dossier, in order."""
    entries = await bench.sandbox.journal(dossier.code)
    return [(one["step"], one["status"]) for one in entries if one["kind"] == "national.progress"]


async def counts(bench: NotifierBench, dossier: Dossier) -> Counter[str]:
    return Counter(await bench.sandbox.kinds(dossier.code))


async def test_given_a_whole_life_then_it_is_created_once_and_each_status_comes_once_in_order(
    bench,
):
    dossier = await lived(bench)
    other = await lived(bench, "P-1", PROVINCIAL)
    bench.works()
    await bench.idle()

    assert await told(bench, dossier) == STEPS
    assert (await counts(bench, dossier))["national.created"] == 1
    assert (await counts(bench, dossier))["national.updated"] == 2
    assert await counts(bench, other) == {}
    assert await bench.journal(dossier, "portal.callback") == [
        "submitted",
        "accepted",
        "registered",
    ]


async def test_given_many_dossiers_then_their_progress_goes_together_ten_elements_at_most(
    bench, monkeypatch
):
    monkeypatch.setattr(national_batches, "GATHER_SECONDS", 0.3)
    dossiers = [await lived(bench, f"R-{number}") for number in range(12)]
    bench.works()
    await bench.idle(40)

    entries = await bench.sandbox.journal()
    together = [one["together"] for one in entries if one["kind"] == "national.progress"]
    assert [await told(bench, one) for one in dossiers] == [STEPS] * 12
    assert 1 < max(together) <= 10


@pytest.mark.parametrize("kind", ["lost_answer", "drop", "error"])
async def test_given_trouble_on_the_way_then_nothing_is_created_twice_and_no_step_is_missed(
    bench, kind
):
    await bench.sandbox.fault("national", kind=kind, share=0.4, times=12, seconds=0)
    dossiers = [await lived(bench, f"R-{number}") for number in range(4)]
    bench.works()
    await bench.idle(60)

    for dossier in dossiers:
        assert await told(bench, dossier) == STEPS
        assert (await counts(bench, dossier))["national.created"] == 1


async def test_given_the_session_ended_then_another_is_begun(bench):
    first = await lived(bench)
    bench.works()
    await bench.idle()
    await bench.sandbox.http.delete("/dvcqg/sessions")
    second = await lived(bench, "R-2")
    await bench.idle()

    assert (await told(bench, first), await told(bench, second)) == (STEPS, STEPS)
    attempts = await bench.pool.fetchval("SELECT max(attempt) FROM effect WHERE kind LIKE 'sync:%'")
    assert attempts == 1


async def test_given_a_contact_then_it_is_told_until_it_is_erased_and_rests_encrypted(bench):
    dossier = a_dossier()
    submitted = a_submission().model_copy(update={"portal_reference": "R-1"})
    await bench.knows(dossier)
    await bench.learns(dossier, submitted)
    bench.works()
    await bench.idle()
    await bench.dies()
    await bench.learns(dossier, accepted())
    row = await bench.pool.fetchval(
        "SELECT request FROM effect WHERE kind = 'sync:accepted' AND state = 'PENDING'"
    )
    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    named = [
        one["named"]
        for one in await bench.sandbox.journal(dossier.code)
        if one["kind"] in ("national.created", "national.updated")
    ]
    assert named == [True, False]
    assert b"MaHoSo" not in row


async def test_given_it_is_away_for_good_then_callbacks_go_on_and_its_lane_waits(bench):
    await bench.sandbox.fault("national", kind="error", share=1, times=None, seconds=0)
    dossier = await lived(bench)
    bench.works()

    async def callbacks_are_there() -> bool:
        return len(await bench.journal(dossier, "portal.callback")) == 3

    await until(callbacks_are_there, 20)
    states = await bench.states(dossier)
    assert [one for one in states if one.startswith("sync:")] == [
        *("sync:submitted", "sync:accepted", "sync:registered")
    ]
    assert states["sync:accepted"] == "PENDING"
    assert await told(bench, dossier) == []


async def test_given_its_answers_then_nobody_opens_personal_data_to_hear_them(bench):
    dossier = a_dossier()
    submitted = a_submission().model_copy(update={"portal_reference": "R-1"})
    await bench.knows(dossier)
    await bench.learns(dossier, submitted, accepted(), registered())
    await bench.pool.execute(
        "INSERT INTO lane_pause (lane, paused_by, reason) VALUES ('citizen', '', '')"
    )
    await bench.pool.execute("UPDATE effect SET lane = 'citizen' WHERE kind NOT LIKE 'sync:%'")
    opened = "SELECT count(*) FROM access WHERE act = 'opened_to_decide'"
    before = await bench.pool.fetchval(opened)
    bench.works()

    async def all_is_told() -> bool:
        return await told(bench, dossier) == STEPS

    await until(all_is_told, 20)
    await bench.dies()
    assert before > 0
    assert await bench.pool.fetchval(opened) == before
