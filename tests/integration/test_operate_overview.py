"""What a replica tells operators at a glance, from a real database; and proposing twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.decision import Effect
from plumbing import overview_figures, reconciling
from plumbing.reconciling import Compared, Finding
from plumbing.stuck import acting
from plumbing.stuck.views import ActRequest
from tests.integration.core_kit import Dossier
from tests.integration.stuck_kit import BUGGY, ONE, OTHER, Desk, a_desk, a_letter_and_its_followers


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with a_desk(database) as one:
        yield one


async def figures(desk: Desk) -> dict[str, Any]:
    async with desk.bench.pool.acquire() as conn:
        return await overview_figures.load(conn)


async def test_given_nothing_then_every_figure_is_zero(desk: Desk):
    told = await figures(desk)

    assert told["outbox"] == {"waiting": 0, "oldest_seconds": 0}
    assert (told["calls"], told["comparisons"], told["proposals"]) == ([], [], 0)
    assert {(one["kind"], one["count"]) for one in told["stuck"]} == {
        (kind, 0) for kind in ("parked", "dead_letter", "conflict", "manual", "in_doubt")
    }


async def test_given_what_is_stuck_then_it_is_counted_with_the_age_of_the_oldest(desk: Desk):
    await a_letter_and_its_followers(desk)
    await desk.bench.pool.execute("UPDATE dead_letter SET at = at - interval '1 hour'")

    told = {one["kind"]: one for one in (await figures(desk))["stuck"]}

    assert (told["dead_letter"]["count"], told["parked"]["count"]) == (1, 1)
    assert 3600 <= told["dead_letter"]["oldest_seconds"] < 4200


async def test_given_calls_then_those_due_are_told_by_lane_and_one_under_way_is_not_due(
    desk: Desk,
):
    for _ in range(3):
        await desk.bench.bring(Dossier(), Effect("sms:accepted", "citizen", b"x"))
    pool = desk.bench.pool
    ids = [
        row["effect_id"]
        for row in await pool.fetch("SELECT effect_id FROM effect WHERE kind LIKE 'sms:%'")
    ]
    late, flying, later = ids
    ago, ahead = "clock_timestamp() - interval '90 s'", "clock_timestamp() + interval '90 s'"
    await pool.execute(f"UPDATE effect SET due_at = {ago} WHERE effect_id = $1", late)
    await pool.execute(f"UPDATE effect SET due_at = {ahead} WHERE effect_id = $1", later)
    await pool.execute(
        f"UPDATE effect SET state = 'IN_FLIGHT', due_at = {ago}, lease_until = {ahead}"
        " WHERE effect_id = $1",
        flying,
    )

    (calls,) = [one for one in (await figures(desk))["calls"] if one["call"] == "sms"]

    assert (calls["lane"], calls["open"], calls["due"]) == ("citizen", 3, 1)
    assert 90 <= calls["due_seconds"] < 690

    await pool.execute(f"UPDATE effect SET lease_until = {ago} WHERE effect_id = $1", flying)
    (calls,) = [one for one in (await figures(desk))["calls"] if one["call"] == "sms"]
    assert calls["due"] == 2


async def test_given_differences_then_what_stands_open_is_told_with_the_last_run(desk: Desk):
    findings = [
        Finding("H1", "different_number", "1", "2"),
        Finding("H2", "missing_here", "a", "b"),
        Finding("H3", "different_status", "a", "b", repair="taken_from_the_register"),
        Finding("H4", "different_status", "a", "b", repair="told_again", repaired=True),
    ]
    async with desk.bench.pool.acquire() as conn, conn.transaction():
        assert await reconciling.start(conn, "register", "changed", "daily")
        run = await reconciling.open_run(conn, "register")
        assert run is not None
        references = [one.reference for one in findings]
        await reconciling.advance(conn, run, Compared("H4", references, findings))

    (told,) = (await figures(desk))["comparisons"]

    assert (told["neighbour"], told["finished_at"], told["compared"]) == ("register", None, 4)
    assert (told["open"], told["for_people"], told["numbers"]) == (3, 2, 1)


async def test_given_a_proposal_is_asked_for_twice_at_once_under_one_id_then_there_is_one(
    desk: Desk,
):
    _, letter = await a_letter_and_its_followers(desk)
    BUGGY.clear()
    asked = _asked(letter, uuid4())

    told = await asyncio.gather(*(acting.propose(desk.workbench, asked, ONE) for _ in range(4)))

    assert {one.act_id for one in told} == {asked.act_id}
    assert await desk.bench.count("stuck_act") == 1
    async with desk.bench.pool.acquire() as conn:
        assert (await overview_figures.load(conn))["proposals"] == 1
    await desk.approve(asked.act_id)
    again = await acting.propose(desk.workbench, asked, ONE)
    assert [one.outcome for one in again.items] == ["applied"]


async def test_given_the_id_of_somebody_elses_proposal_then_it_is_refused(desk: Desk):
    _, letter = await a_letter_and_its_followers(desk)
    BUGGY.clear()
    asked = _asked(letter, uuid4())
    await acting.propose(desk.workbench, asked, ONE)

    with pytest.raises(acting.IdTaken):
        await acting.propose(desk.workbench, asked, OTHER)

    other = asked.model_copy(update={"act": "discard"})
    with pytest.raises(acting.IdTaken):
        await acting.propose(desk.workbench, other, ONE)
    assert await desk.bench.fetch("SELECT proposed_by, act FROM stuck_act") == [(ONE, "redrive")]


def _asked(letter: str, act_id: UUID) -> ActRequest:
    return ActRequest(act="redrive", items=(letter,), reason="mended", act_id=act_id)
