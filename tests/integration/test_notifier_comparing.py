"""The notifier compared with a portal: what the portal lost is told again, the rest is noted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from contracts.events import PortalInformed
from contracts.reconciliation import Difference, Scope
from notifier import comparing
from notifier.portal_lists import PortalAway, PortalList, PortalPage
from plumbing import reconciling
from plumbing.assembly import utc_now
from plumbing.comparing import NotNow, Reconciler
from plumbing.lanes import pause, resume
from plumbing.reconciliation_api import ReconciliationRoutes
from tests.integration.core_kit import Dossier, until
from tests.integration.notifier_bench import NotifierBench, a_dossier, a_notifier
from tests.integration.sandbox_process import Sandbox, a_sandbox
from tests.unit.builders import a_submission
from tests.unit.lifecycle_kit import accepted

PORTAL = "national-portal"


@pytest.fixture
async def sandbox(tmp_path: Any) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path / "sandbox") as running:
        yield running


@pytest.fixture
async def bench(database: str, sandbox: Sandbox) -> AsyncIterator[NotifierBench]:
    async with a_notifier(database, sandbox) as made:
        yield made


async def told(bench: NotifierBench, reference: str) -> Dossier:
    """Return a dossier of that reference whose portal was told twice."""
    dossier = a_dossier()
    submitted = a_submission().model_copy(update={"portal_reference": reference})
    await bench.learns(dossier, submitted, accepted())
    await bench.knows(dossier, notify_by=["sms"], phone="+84900000001")
    if not bench.tasks:
        bench.works()
    await bench.idle()
    return dossier


def reconciler(bench: NotifierBench) -> Reconciler:
    return next(
        one
        for routes in bench.assembly.operating
        if isinstance(routes, ReconciliationRoutes)
        for one in routes.reconcilers
        if one.comparison.neighbour == PORTAL
    )


async def compare(bench: NotifierBench, scope: Scope = "changed") -> list[Difference]:
    """Make one run to its end and return what it found."""
    made = reconciler(bench)
    async with bench.pool.acquire() as conn:
        run_id = await reconciling.start(conn, PORTAL, scope, "a test")
        assert run_id is not None
        run = await reconciling.open_run(conn, PORTAL)
    following = run
    while following is not None:
        run, following = following, await made.comparison.step(following)
    async with bench.pool.acquire() as conn:
        await reconciling.finish(conn, run)
        found, _ = await reconciling.differences(conn, run_id, "", 100)
    return found


async def time_passes(bench: NotifierBench) -> None:
    """Let what was told again have been told an hour ago."""
    await bench.pool.execute(
        "UPDATE effect SET ended_at = ended_at - interval '1 hour' WHERE kind LIKE '%:again-%'"
    )


async def told_again(bench: NotifierBench, dossier: Dossier) -> list[str]:
    """Return the calls that told the portal of the dossier again."""
    return [kind for kind in await bench.states(dossier) if ":again-" in kind]


async def status_there(sandbox: Sandbox, reference: str) -> list[int]:
    _, listed = await sandbox.get(
        f"/portals/{PORTAL}/dossiers", params={"portal_reference": reference}
    )
    return [one["status"] for one in listed[0]["statuses"]]


async def test_given_the_portal_says_the_same_then_nothing_differs_and_nothing_is_told(
    bench, sandbox
):
    await told(bench, "R-1")
    journal = len(await sandbox.journal())

    assert await compare(bench) == []
    assert await compare(bench, "all") == []
    assert len(await sandbox.journal()) == journal


async def test_given_the_portal_lost_a_status_then_it_is_told_again_once_and_the_citizen_is_not(
    bench, sandbox
):
    dossier = await told(bench, "R-1")
    await told(bench, "R-2")
    await sandbox.http.put(f"/portals/{PORTAL}/losses/R-1")
    assert await status_there(sandbox, "R-1") == []

    (found,) = await compare(bench)
    await bench.idle()

    assert (found.reference, found.kind, found.ours, found.theirs, found.repair) == (
        "R-1",
        "different_status",
        "2",
        "none",
        "portal_told_again",
    )
    assert await status_there(sandbox, "R-1") == [2]
    last = (await bench.said(dossier))[-1]
    assert isinstance(last, PortalInformed)
    assert (last.step, last.status, last.again) == ("accepted", 2, 1)
    assert await bench.journal(dossier, "sms.sent") == ["submitted", "accepted"]
    await time_passes(bench)
    assert await compare(bench) == []


async def test_given_a_portal_that_never_keeps_it_then_after_three_times_it_is_a_persons(
    bench, sandbox
):
    dossier = await told(bench, "R-1")
    repairs = []
    for _ in range(4):
        await sandbox.http.put(f"/portals/{PORTAL}/losses/R-1")
        (found,) = await compare(bench)
        repairs.append(found.repair)
        await bench.idle()
        await time_passes(bench)

    assert repairs == ["portal_told_again"] * 3 + [""]
    assert await told_again(bench, dossier) == [f"portal:accepted:again-{n}" for n in (1, 2, 3)]


async def test_given_a_portal_is_being_told_again_then_the_next_run_does_not_tell_it_once_more(
    bench, sandbox
):
    dossier = await told(bench, "R-1")
    await sandbox.http.put(f"/portals/{PORTAL}/losses/R-1")
    await bench.dies()
    found = [await compare(bench) for _ in range(2)]
    bench.works()
    await bench.idle()
    # What the portal says now may be from before it heard of it.
    await sandbox.http.put(f"/portals/{PORTAL}/losses/R-1")
    found += [await compare(bench)]

    assert [len(one) for one in found] == [1, 0, 0]
    assert await told_again(bench, dossier) == ["portal:accepted:again-1"]
    informed = [one for one in await bench.said(dossier) if isinstance(one, PortalInformed)]
    assert [one.again for one in informed] == [0, 0, 1]


async def test_given_a_dossier_the_portal_does_not_know_then_it_is_a_persons(bench, monkeypatch):
    await told(bench, "R-1")
    await told(bench, "R-2")
    real = reconciler(bench).comparison.portal.of

    async def without_r1(references: Any) -> Any:
        answer = await real(references)
        kept = tuple(one for one in answer.dossiers if one.portal_reference != "R-1")
        return replace(answer, dossiers=kept)

    monkeypatch.setattr("notifier.portal_lists.PortalList.of", lambda _, refs: without_r1(refs))

    (found,) = await compare(bench)

    assert (found.reference, found.kind, found.repair) == ("R-1", "missing_there", "")


async def test_given_a_dossier_the_portal_sent_and_we_never_heard_of_then_it_is_missing_here(
    database, sandbox, monkeypatch
):
    # Without a bus the portal notes that it sent the dossier, and nobody gets it.
    submission = {"portal_reference": "LOST-1"}
    await sandbox.post(f"/portals/{PORTAL}/submissions", {"road": "bus", "submission": submission})
    async with a_notifier(database, sandbox) as bench:
        assert await compare(bench) == []  # it is too young
        monkeypatch.setattr(comparing, "TOO_YOUNG", utc_now() - utc_now())

        (found,) = await compare(bench, "all")

        assert (found.reference, found.kind, found.ours, found.theirs) == (
            "LOST-1",
            "missing_here",
            "unknown",
            "sent",
        )


async def test_given_pages_of_two_when_compared_then_each_dossier_is_compared_once(
    bench, monkeypatch
):
    monkeypatch.setattr(comparing, "PAGE", 2)
    for number in range(5):
        await told(bench, f"R-{number}")

    assert await compare(bench, "all") == []

    compared = await bench.pool.fetchval("SELECT compared FROM reconciliation")
    assert compared == 5


async def test_given_a_contact_that_does_not_open_then_the_page_is_compared_without_that_dossier(
    bench, sandbox
):
    bad, lost, same = [await told(bench, f"R-{number}") for number in range(3)]
    await sandbox.http.put(f"/portals/{PORTAL}/losses/R-1")
    await bench.pool.execute(
        "UPDATE correspondence SET contact = set_byte(contact, length(contact) - 1,"
        " get_byte(contact, length(contact) - 1) # 1) WHERE dossier_id = $1",
        bad.id,
    )

    found = await compare(bench, "all")

    assert [(one.reference, one.ours, one.theirs, one.repair) for one in found] == [
        ("R-0", "unreadable", "2", ""),
        ("R-1", "2", "none", "portal_told_again"),
    ]
    assert await told_again(bench, lost) == ["portal:accepted:again-1"]
    assert await told_again(bench, same) == []
    assert await bench.pool.fetchval("SELECT compared FROM reconciliation") == 3


async def test_given_rows_outside_the_contract_then_they_are_a_persons_and_the_rest_is_compared(
    bench, sandbox, monkeypatch
):
    lost, *_ = [await told(bench, f"R-{number}") for number in range(2)]
    await sandbox.http.put(f"/portals/{PORTAL}/losses/R-0")
    real = PortalList._ask

    async def with_bad_rows(self: Any, question: Any) -> PortalPage:
        answer = await real(self, question)
        kept = tuple(one for one in answer.dossiers if one.portal_reference != "R-1")
        return replace(answer, dossiers=kept, unreadable=("R-1", "R-9"))

    monkeypatch.setattr(PortalList, "_ask", with_bad_rows)
    found = await compare(bench, "all")
    await bench.idle()

    assert [(one.reference, one.kind, one.ours, one.theirs) for one in found] == [
        ("R-0", "different_status", "2", "none"),
        ("R-1", "different_status", "2", "unreadable"),
        ("R-9", "missing_here", "unknown", "unreadable"),
    ]
    assert await status_there(sandbox, "R-0") == [2]
    assert await told_again(bench, lost) == ["portal:accepted:again-1"]


async def test_given_a_row_without_a_reference_then_nothing_absent_is_called_missing(
    bench, monkeypatch
):
    await told(bench, "R-1")

    async def nameless(*_: Any) -> PortalPage:
        return PortalPage((), nameless=1)

    monkeypatch.setattr(PortalList, "of", nameless)

    (found,) = await compare(bench)

    assert (found.kind, found.theirs, found.repair) == ("different_status", "unreadable", "")


@pytest.mark.parametrize("phase", ["ours", "theirs"])
@pytest.mark.parametrize("turn", ["", PORTAL])
async def test_given_the_lane_is_paused_then_neither_half_asks_the_portal(bench, phase, turn):
    await told(bench, "R-1")
    async with bench.pool.acquire() as conn:
        await pause(conn, "portal", turn, by="a test", reason="trouble")
        await reconciling.start(conn, PORTAL, "changed", "a test")
        run = await reconciling.open_run(conn, PORTAL)
    assert run is not None

    with pytest.raises(NotNow, match="paused"):
        await reconciler(bench).comparison.step(replace(run, position=f"{phase}|"))


@pytest.mark.parametrize("phase", ["ours", "theirs"])
async def test_given_the_portals_valve_has_no_room_then_the_run_waits_and_asks_nothing(
    bench, monkeypatch, phase
):
    await told(bench, "R-1")
    monkeypatch.setattr(comparing, "LEAVE_TRIES", 1)

    async def asked(*_: Any) -> PortalPage:
        raise AssertionError("asked")

    monkeypatch.setattr(PortalList, "_ask", asked)
    async with bench.pool.acquire() as conn:
        await reconciling.start(conn, PORTAL, "changed", "a test")
        run = await reconciling.open_run(conn, PORTAL)
    assert run is not None
    passes = list(iter(lambda: bench.running.valves.begin("portal", PORTAL), None))

    with pytest.raises(NotNow, match="valve"):
        await reconciler(bench).comparison.step(replace(run, position=f"{phase}|"))
    assert passes


async def test_given_a_list_that_is_away_then_the_valve_of_its_portal_hears_of_it(
    bench, monkeypatch
):
    await told(bench, "R-1")

    async def away(*_: Any) -> PortalPage:
        raise PortalAway("http_503")

    monkeypatch.setattr(PortalList, "_ask", away)
    before = bench.running.valves.room("portal", PORTAL)
    with pytest.raises(NotNow, match="http_503"):
        await compare(bench)

    assert bench.running.valves.room("portal", PORTAL) < before


async def test_given_the_lane_is_paused_or_the_portal_away_then_the_run_waits(bench, sandbox):
    await told(bench, "R-1")
    work = asyncio.create_task(reconciler(bench).run())
    ended = "SELECT count(*) FROM reconciliation WHERE finished_at IS NOT NULL"

    async def finished() -> bool:
        return await bench.pool.fetchval(ended) >= 1

    try:
        async with bench.pool.acquire() as conn:
            await pause(conn, "portal", PORTAL, by="a test", reason="trouble")
            reconciler(bench).wake.set()
            await asyncio.sleep(0.5)
            assert not await finished()
            await resume(conn, "portal", PORTAL)
        reconciler(bench).wake.set()
        await until(finished)
    finally:
        work.cancel()
