"""The same birth, marriage or death by another road: flagged before it can be entered twice."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from intake.domain import dossier_id_of
from tests.integration.intake_kit import EVENTS, Intake, an_intake
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
