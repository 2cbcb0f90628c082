"""The same birth, marriage or death by another road: flagged before it can be entered twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from intake.civil_events import BUCKETS, Marks, bucket_of, lock_marks, others
from intake.domain import dossier_id_of
from tests.integration.core_kit import until
from tests.integration.intake_kit import EVENTS, RING, Intake, an_intake
from tests.unit.intake_kit import (
    BINH_DUONG,
    NATIONAL,
    PHU_LOI,
    THU_DAU_MOT,
    a_birth,
    a_record,
    an_event,
)


@pytest.fixture
async def intake(database: str) -> AsyncIterator[Intake]:
    """Give an intake on the test's own database."""
    async with an_intake(database) as made:
        yield made


async def said(intake: Intake) -> dict[str, tuple[list[str], list[str]]]:
    """Return flags and codes of alike dossiers by reference, of every submission taken."""
    found = {}
    for _, event in await intake.outbox(EVENTS):
        data = event["data"]
        found[data["portal_reference"]] = (data["flags"], data["same_event_as"])
    return found


async def test_given_the_same_birth_by_another_reference_then_the_later_one_names_the_earlier(
    intake,
):
    first = await intake.counter.hand_in(NATIONAL, "1", a_birth("A"))
    await intake.counter.hand_in(NATIONAL, "2", a_birth("B"))

    told = await said(intake)
    assert told["A"] == ([], [])
    assert told["B"] == (["same_event"], [first.receipt.dossier_code])


async def test_given_both_roads_at_once_then_one_of_them_is_flagged(intake):
    record = a_record(0, json.dumps(an_event(a_birth("BUS"))).encode(), key=b"BUS")

    # In communes of their own: numbering would make them wait for each other in one.
    communes = (THU_DAU_MOT, PHU_LOI, BINH_DUONG)
    births = [
        a_birth(f"H{n}", unit_code=communes[n % 3], residence_unit_code=communes[n % 3])
        for n in range(8)
    ]
    await asyncio.gather(
        *(intake.counter.hand_in(NATIONAL, f"k{n}", one) for n, one in enumerate(births)),
        intake.settle(record),
    )

    told = await said(intake)
    assert len(told) == 9
    assert sum(not flags for flags, _ in told.values()) == 1


async def test_given_two_in_one_batch_then_the_second_names_the_first(intake):
    documents = [a_birth("A"), a_birth("B")]
    records = [
        a_record(n, json.dumps(an_event(one)).encode(), key=one["portal_reference"].encode())
        for n, one in enumerate(documents)
    ]

    await intake.settle(*records)

    told = await said(intake)
    assert (told["A"][0], told["B"][0]) == ([], ["same_event"])


async def test_given_the_same_submission_again_then_it_is_not_alike_itself(intake):
    await intake.counter.hand_in(NATIONAL, "1", a_birth("A"))
    await intake.counter.hand_in(NATIONAL, "2", a_birth("A"))

    assert await said(intake) == {"A": ([], [])}


async def test_given_an_erased_dossier_then_nothing_tells_its_event_any_more(intake):
    await intake.counter.hand_in(NATIONAL, "1", a_birth("A"))
    await intake.counter.erase(dossier_id_of("national-portal", "A"), "operator")
    assert await intake.count("civil_event") == 0

    await intake.counter.hand_in(NATIONAL, "2", a_birth("B"))

    assert (await said(intake))["B"] == ([], [])


async def test_given_a_number_on_one_road_and_none_on_the_other_then_the_later_is_flagged(intake):
    numberless = a_birth("B")
    numberless["form"]["mother"]["personal_number"] = None
    first = await intake.counter.hand_in(NATIONAL, "1", a_birth("A"))
    await intake.counter.hand_in(NATIONAL, "2", numberless)

    assert (await said(intake))["B"] == (["same_event"], [first.receipt.dossier_code])


async def locks(intake: Intake, pid: int) -> dict[int, bool]:
    """Return the buckets a connection has locked, and the one it waits for as False."""
    rows = await intake.pool.fetch(
        "SELECT objid::int, granted FROM pg_locks WHERE locktype = 'advisory' AND pid = $1", pid
    )
    return {row["objid"]: row["granted"] for row in rows}


async def test_given_a_heap_of_events_at_once_then_the_locks_of_a_transaction_have_a_bound(intake):
    births = {uuid4(): Marks((f"birth|{n}",), (f"birth|{n}",)) for n in range(3000)}
    codes = {dossier_id: f"H29.26740-261124-{n:04d}" for n, dossier_id in enumerate(births)}

    async with intake.pool.acquire() as conn, conn.transaction():
        assert await others(conn, RING, births, codes) == {}
        held = await locks(intake, conn.get_server_pid())

    assert len(held) > BUCKETS // 2
    assert set(held) <= set(range(BUCKETS))


async def test_given_a_lock_that_is_taken_then_only_those_before_it_are_held_meanwhile(intake):
    # In the order of their bytes they would be locked in the order 700, 3, 500.
    marks = [bytes([1, 2, 188]), bytes([2, 0, 3]), bytes([3, 1, 244])]
    assert [bucket_of(mark) for mark in marks] == [700, 3, 500]

    async def ask(mine: list[int]) -> None:
        async with intake.pool.acquire() as conn, conn.transaction():
            mine.append(conn.get_server_pid())
            await lock_marks(conn, marks)

    pids: list[int] = []
    async with intake.pool.acquire() as conn, conn.transaction():
        await lock_marks(conn, marks[2:])
        asking = asyncio.create_task(ask(pids))

        async def waits() -> bool:
            return bool(pids) and False in (await locks(intake, pids[0])).values()

        await until(waits)
        held = await locks(intake, pids[0])
    await asking

    assert held == {3: True, 500: False}
