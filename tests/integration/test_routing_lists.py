"""The lists of a desk: who stands on which, in what order, and where the next page begins."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, get_args

import pytest

from routing.desk import ListName, Place, load_list
from routing.domain import Case
from tests.integration.routing_kit import (
    NOW,
    OTHER_UNIT,
    UNIT,
    OneStop,
    a_case,
    a_due,
    a_one_stop,
    an_accepted,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Another place before July 2025, which went into another unit.
LAI_UYEN = "25822"


@pytest.fixture
async def one_stop(database: str) -> AsyncIterator[OneStop]:
    async with a_one_stop(database) as one:
        yield one


async def numbers(
    one_stop: OneStop,
    name: Any,
    after: Place | None = None,
    limit: int = 100,
    unit_code: str = UNIT,
) -> tuple[list[int], Place | None]:
    """Return the last digits of the codes on a list, in its order, and where it goes on."""
    async with one_stop.pool.acquire() as conn:
        cases, goes_on = await load_list(
            conn, name, unit_code, after, limit, one_stop.context(one_stop.now)
        )
    return [int(case.code[-4:]) for case in cases], goes_on


async def test_given_a_full_desk_then_each_list_has_its_cases_the_most_pressing_first(
    one_stop: OneStop,
):
    await one_stop.put(
        a_case(1, reception_due=a_due(NOW + 2 * HOUR)),
        a_case(2, reception_due=a_due(NOW + HOUR)),
        a_case(3, reception_due=None, submitted_at=NOW - DAY),
        an_accepted(4, NOW + 9 * DAY),
        an_accepted(5, NOW - HOUR),
        an_accepted(6, NOW + DAY),
        an_accepted(7, None),
        a_case(8, status="supplement", supplement_due=a_due(NOW + DAY)),
        a_case(9, status="stopped"),
        a_case(10, status="registered", appointment=a_due(NOW + DAY)),
        a_case(11, status="registered", appointment=a_due(NOW - DAY)),
        a_case(12, status="handed_over"),
        a_case(13, unit_code=OTHER_UNIT),
        a_case(14, status="unseen", unit_code=""),
    )

    found = {name: (await numbers(one_stop, name))[0] for name in get_args(ListName)}

    assert found == {
        "waiting": [3, 2, 1],
        "in_process": [5, 6, 4, 7],
        "near_due": [6],
        "overdue": [5],
        "supplement": [8],
        "stopped": [9],
        "to_hand_over": [11, 10],
    }


async def test_given_an_appointment_when_its_last_moment_passes_then_it_is_overdue_and_not_near(
    one_stop: OneStop,
):
    await one_stop.put(an_accepted(1, NOW))

    at = {name: (await numbers(one_stop, name))[0] for name in ("near_due", "overdue")}
    one_stop.now = NOW + timedelta(microseconds=1)
    after = {name: (await numbers(one_stop, name))[0] for name in ("near_due", "overdue")}

    assert at == {"near_due": [1], "overdue": []}
    assert after == {"near_due": [], "overdue": [1]}


@pytest.mark.parametrize("due_at", [NOW + DAY, None])
async def test_given_cases_due_at_one_moment_when_paged_then_each_comes_once(
    one_stop: OneStop, due_at: Any
):
    await one_stop.put(*(an_accepted(number, due_at) for number in range(7)))

    seen, after = [], None
    for _ in range(4):
        page, after = await numbers(one_stop, "in_process", after, limit=2)
        seen.append(page)

    assert [len(page) for page in seen] == [2, 2, 2, 1]
    assert sorted(number for page in seen for number in page) == list(range(7))
    assert after is None


async def test_given_a_case_before_the_place_when_it_leaves_the_list_then_the_page_stays(
    one_stop: OneStop,
):
    cases = [an_accepted(number, NOW + number * HOUR) for number in range(4)]
    await one_stop.put(*cases)
    _, after = await numbers(one_stop, "in_process", limit=2)

    await one_stop.put(cases[1].but(status="registered"))

    assert (await numbers(one_stop, "in_process", after, limit=2))[0] == [2, 3]


async def test_given_a_near_case_another_unit_has_by_now_when_paged_then_the_list_goes_on(
    one_stop: OneStop,
):
    gone = {"unit_on": date(2025, 6, 20), "unit_code": LAI_UYEN, "residence_unit_code": LAI_UYEN}
    here = {"unit_code": LAI_UYEN}
    cases = [
        an_accepted(number, NOW + number * HOUR, **(gone if number == 2 else here))
        for number in range(1, 6)
    ]
    await one_stop.put(*cases, an_accepted(6, NOW + 20 * DAY, **here))

    first, after = await numbers(one_stop, "near_due", limit=3, unit_code=LAI_UYEN)
    rest, end = await numbers(one_stop, "near_due", after, limit=3, unit_code=LAI_UYEN)

    assert (first, rest) == ([1, 3], [4, 5])
    assert after is not None
    assert end is None


@pytest.mark.parametrize("text", ["", "x", "%%%", "MjAyNi0xMS0yNCB4", "é", "a" * 500])
def test_given_a_text_that_names_no_place_then_none_is_read(text: str):
    assert Place.read(text) is None


def test_given_a_place_when_written_and_read_then_it_is_the_same():
    place = Place(NOW, a_case().dossier_id)

    assert Place.read(place.text()) == place


@pytest.mark.parametrize("name", get_args(ListName))
async def test_given_many_cases_when_a_list_is_read_then_an_index_gives_its_order(
    one_stop: OneStop, name: Any
):
    statuses: tuple[Any, ...] = ("received", "accepted", "supplement", "stopped", "registered")
    await one_stop.put(*(_some_case(number, statuses[number % 5]) for number in range(1500)))
    await one_stop.pool.execute("ANALYZE")
    plans: list[str] = []

    class Explained:
        async def fetch(self, sql: str, *values: Any) -> list[Any]:
            async with one_stop.pool.acquire() as conn:
                await conn.execute("SET plan_cache_mode = force_generic_plan")
                rows = await conn.fetch(f"EXPLAIN {sql}", *values)
            plans.extend(row[0] for row in rows)
            return []

    conn: Any = Explained()
    await load_list(conn, name, UNIT, None, 50, one_stop.context(NOW))

    plan = "\n".join(plans)
    assert "Index Scan using dossier_case_" in plan
    assert "Sort" not in plan


def _some_case(number: int, status: Any) -> Case:
    unit_code = f"{26000 + number % 50:05d}" if number % 10 else UNIT
    due = a_due(NOW + number * HOUR)
    return a_case(
        number,
        status=status,
        unit_code=unit_code,
        unit_on=date(2026, 11, 1),
        reception_due=due,
        appointment=due,
        supplement_due=due,
    )
