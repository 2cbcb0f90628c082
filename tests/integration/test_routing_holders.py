"""Whose desk a dossier is on: codes are used again after a merger, and units end."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from contracts.events import Accepted, Forwarded
from routing.domain import Case
from routing.holding import holder_of
from tests.integration.routing_http import Issuer, Officer, an_issuer, an_officer
from tests.integration.routing_kit import (
    MERGED_UNIT,
    NOW,
    OTHER_UNIT,
    UNIT,
    a_case,
    a_one_stop,
    an_accepted,
)
from tests.unit.builders import some_particulars

#: Lai Uyên went into the first of these; its own code is Bàu Bàng's since then.
LAI_UYEN, HEIR = "25822", "25819"
BEFORE = {
    "unit_on": date(2025, 6, 20),
    "submitted_at": datetime(2025, 6, 20, 3, tzinfo=UTC),
}


def of_before(unit_code: str, number: int = 1, **changes: Any) -> Case:
    """Return a dossier that was given to a unit before the mergers of July 2025."""
    return a_case(number, unit_code=unit_code, residence_unit_code=unit_code, **(BEFORE | changes))


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuer]:
    async with an_issuer(tmp_path_factory.mktemp("desk"), LAI_UYEN, HEIR) as one:
        yield one


@pytest.fixture
async def officer(database: str, issuer: Issuer) -> AsyncIterator[Officer]:
    async with a_one_stop(database) as one_stop, an_officer(one_stop, issuer) as one:
        yield one


PATHS = ("", "/particulars", "/slips/refusal.html", "/control-sheet.html")


@pytest.mark.parametrize("status", ["received", "refused", "closed", "handed_over"])
async def test_given_a_code_used_again_when_its_officer_looks_then_the_old_place_is_not_theirs(
    officer: Officer, status: Any
):
    case = of_before(LAI_UYEN, status=status, particulars=some_particulars())
    await officer.one_stop.put(case)
    client = f"officer-{LAI_UYEN}"

    read = [await officer.get(f"/v1/dossiers/{case.dossier_id}{p}", client=client) for p in PATHS]
    acted = await officer.act(case.dossier_id, "accept", client=client)

    assert {answer.status for answer in (*read, acted)} == {404}
    assert await officer.one_stop.case(case.dossier_id) == case
    assert await officer.one_stop.pool.fetchval("SELECT count(*) FROM access_log") == 0


async def test_given_a_code_used_again_then_no_list_has_the_dossiers_of_the_old_place(
    officer: Officer,
):
    statuses: dict[str, Any] = {
        "waiting": "received",
        "supplement": "supplement",
        "stopped": "stopped",
        "to_hand_over": "registered",
    }
    for number, status in enumerate(statuses.values()):
        theirs = a_case(10 + number, unit_code=LAI_UYEN, status=status)
        await officer.one_stop.put(of_before(LAI_UYEN, number, status=status), theirs)
    await officer.one_stop.put(
        an_accepted(5, NOW, unit_code=LAI_UYEN, residence_unit_code=LAI_UYEN, **BEFORE),
        an_accepted(15, NOW, unit_code=LAI_UYEN),
    )

    found = {
        name: (await officer.get("/v1/desk", client=f"officer-{LAI_UYEN}", list=name)).body
        for name in (*statuses, "in_process", "near_due")
    }

    numbers = {
        name: [int(row["dossier_code"][-4:]) for row in rows] for name, rows in found.items()
    }
    assert numbers == {
        "waiting": [10],
        "supplement": [11],
        "stopped": [12],
        "to_hand_over": [13],
        "in_process": [15],
        "near_due": [15],
    }


@pytest.mark.parametrize(
    ("unit_code", "heir"), [(MERGED_UNIT, UNIT), (LAI_UYEN, HEIR), (OTHER_UNIT, OTHER_UNIT)]
)
@pytest.mark.parametrize("status", ["refused", "handed_over"])
async def test_given_a_decided_dossier_of_a_unit_that_is_no_more_then_its_heir_reads_it(
    officer: Officer, unit_code: str, heir: str, status: Any
):
    case = of_before(unit_code, status=status)
    await officer.one_stop.put(case)

    view = await officer.get(f"/v1/dossiers/{case.dossier_id}", client=f"officer-{heir}")
    sheet = await officer.get(
        f"/v1/dossiers/{case.dossier_id}/control-sheet.html", client=f"officer-{heir}"
    )

    assert (view.status, view.body.get("status")) == (200, status)
    assert sheet.status == 200


async def test_given_an_open_dossier_of_a_unit_that_is_no_more_when_its_heir_accepts_then_as_heir(
    officer: Officer,
):
    case = of_before(MERGED_UNIT)
    await officer.one_stop.put(case)

    answer = await officer.act(case.dossier_id, "accept")

    assert (answer.status, answer.body.get("unit_code")) == (200, UNIT)
    said = [type(one) for one in await officer.one_stop.said(case.dossier_id)]
    assert said == [Forwarded, Accepted]


async def test_given_a_unit_that_went_on_under_its_code_then_its_old_dossiers_stay_on_the_desk(
    officer: Officer,
):
    case = of_before(OTHER_UNIT)
    await officer.one_stop.put(case)

    rows = (await officer.get("/v1/desk", client=f"officer-{OTHER_UNIT}")).body
    accepted = await officer.act(case.dossier_id, "accept", client=f"officer-{OTHER_UNIT}")

    assert [row["dossier_code"] for row in rows] == [case.code]
    assert accepted.status == 200, accepted.body


async def test_given_any_unit_of_the_old_map_then_its_dossiers_have_one_holder_of_today(
    officer: Officer,
):
    known, context = officer.one_stop.known, officer.one_stop.context(NOW)
    old = [unit for unit in known.units if unit.is_valid(BEFORE["unit_on"])]

    holders = {unit.code: holder_of(of_before(unit.code), context) for unit in old}

    assert len(old) > 1000
    assert not [code for code, holder in holders.items() if holder is None]
    today = {code: known.unit(holder or "", NOW.date()) for code, holder in holders.items()}
    assert [code for code, unit in today.items() if unit is None] == []
    strangers = [
        unit.code
        for unit in old
        if holders[unit.code] == unit.code
        and unit.valid_to is not None
        and unit.code not in unit.successors
    ]
    assert strangers == []
