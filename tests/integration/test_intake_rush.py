"""Many submissions over HTTP at the same moment: one transaction, and to each its own answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from contracts.portal import Submission
from intake import rush
from intake.reading import fingerprint_of
from intake.rush import Wanted, take_together
from intake.submitting import Answered
from intake.taking import Handed
from plumbing.serving import ProblemRaised
from tests.integration.counting import Statements
from tests.integration.intake_kit import Intake, an_intake
from tests.unit.intake_kit import NATIONAL, NOW, a_birth

#: Statements of a transaction, however many submissions are in it.
STATEMENTS = 16


@pytest.fixture
async def intake(database: str) -> AsyncIterator[Intake]:
    """Give an intake on the test's own database."""
    async with an_intake(database) as made:
        yield made


def wanted(reference: str, key: str = "", seconds: int = 0, **changes: Any) -> Wanted:
    document = a_birth(reference, **changes)
    submission = Submission.model_validate(document)
    handed = Handed(NATIONAL, submission, fingerprint_of(document))
    return Wanted(handed, key or f"k-{reference}", NOW + timedelta(seconds=seconds))


async def keys(intake: Intake) -> int:
    count: int = await intake.pool.fetchval("SELECT count(*) FROM idempotency_key")
    return count


@pytest.mark.parametrize("many", [1, 40])
async def test_given_many_at_once_then_one_transaction_of_so_many_statements(intake, many):
    counted = Statements(intake.pool)

    took = await take_together(
        counted.pool, intake.counter.desk, [wanted(f"D-{number}") for number in range(many)]
    )

    assert len({dossier.code for dossier in took if dossier}) == many
    sent = counted.took()
    assert sent.count("BEGIN;") == 1
    assert len(sent) <= STATEMENTS, sent


async def test_given_what_was_taken_or_comes_twice_then_none_of_it_is_kept(intake):
    desk = intake.counter.desk
    await take_together(intake.pool, desk, [wanted("D-1"), wanted("D-2")])

    took = await take_together(
        intake.pool,
        desk,
        [
            wanted("D-1", "another key"),
            wanted("D-8", "k-D-2"),
            wanted("D-3"),
            wanted("D-3", "its other key"),
            wanted("D-4", "one key"),
            wanted("D-5", "one key"),
        ],
    )

    taken = [
        dossier.taken.portal_reference if dossier and dossier.taken else "" for dossier in took
    ]
    assert taken == ["", "", "D-3", "", "D-4", ""]
    assert await keys(intake) == 4


async def test_given_all_sorts_at_once_then_each_is_answered_as_if_it_came_alone(intake):
    counter = intake.counter
    await counter.hand_in(NATIONAL, "old", a_birth("D-0"))
    wrong = a_birth("D-9", procedure_code="1.999999")
    came = [
        ("old", a_birth("D-0")),
        ("new", a_birth("D-0")),
        ("k1", a_birth("D-1")),
        ("k2", wrong),
        ("k3", a_birth("D-3")),
        ("old", a_birth("D-4")),
        ("k5", a_birth("D-0", unit_code="25760")),
    ]

    said = await asyncio.gather(
        *(counter.hand_in(NATIONAL, key, document) for key, document in came),
        return_exceptions=True,
    )

    answers = [
        one.how
        if isinstance(one, Answered)
        else one.problem.status
        if isinstance(one, ProblemRaised)
        else one
        for one in said
    ]
    assert answers == ["replayed", "known", "taken", 422, "taken", 422, 409]
    assert await keys(intake) == 4


async def test_given_one_that_spoils_the_others_then_each_is_taken_by_itself(intake, monkeypatch):
    take, together = rush.take, []

    async def spoiled(conn: Any, desk: Any, handed: Any, now: Any) -> Any:
        together.append(len(handed))
        if any(one.submission.portal_reference == "D-3" for one in handed):
            raise ValueError("D-3")
        return await take(conn, desk, handed, now)

    monkeypatch.setattr(rush, "take", spoiled)
    answers = await asyncio.gather(
        *(intake.counter.hand_in(NATIONAL, f"k{n}", a_birth(f"D-{n}")) for n in range(6))
    )

    assert {answer.how for answer in answers} == {"taken"}
    assert max(together) > 1
    assert len({answer.receipt.dossier_code for answer in answers}) == 6


async def test_given_the_database_is_away_then_all_hear_it_and_nobody_asks_again(
    intake, monkeypatch
):
    asked = []

    async def away(*_: Any) -> Any:
        asked.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr(rush, "take", away)
    said = await asyncio.gather(
        *(intake.counter.hand_in(NATIONAL, f"k{n}", a_birth(f"D-{n}")) for n in range(6)),
        return_exceptions=True,
    )

    assert [type(one) for one in said] == [ConnectionRefusedError] * 6
    assert len(asked) <= 2


async def test_given_midnight_between_two_then_the_earlier_one_is_not_taken_under_the_later_day(
    intake,
):
    midnight = 16 * 3600
    took = await take_together(
        intake.pool,
        intake.counter.desk,
        [wanted("D-1", seconds=midnight - 1), wanted("D-2", seconds=midnight + 1)],
    )

    assert [dossier and dossier.code for dossier in took] == [None, "H29.25747-261125-0001"]
