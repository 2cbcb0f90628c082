"""The papers over real HTTP: which slip is given, who is written down, and what a sheet shows."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.decision import ParticularsErased
from routing.domain import Accept, Apologise, Case, GiveBack, Resume, Stop
from routing.slips_api import dossier_at
from tests.integration.routing_http import Issuer, Officer, an_issuer, an_officer
from tests.integration.routing_kit import MERGED_UNIT, NOW, UNIT, a_case, a_one_stop
from tests.unit.builders import some_particulars

CITIZEN = "Nguyễn Thị Thử"


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuer]:
    async with an_issuer(tmp_path_factory.mktemp("desk")) as one:
        yield one


@pytest.fixture
async def officer(database: str, issuer: Issuer) -> AsyncIterator[Officer]:
    async with a_one_stop(database) as one_stop, an_officer(one_stop, issuer) as one:
        # As a clock shows it: papers are dated to the second.
        one_stop.now = NOW + timedelta(microseconds=123456)
        yield one


async def a_dossier(officer: Officer, *acts: Any) -> Case:
    """Put a complete dossier on the desk and carry the acts out, an hour apart."""
    case = a_case(particulars=some_particulars())
    await officer.one_stop.put(case)
    for act in acts:
        await officer.one_stop.act(case, act)
        officer.one_stop.now += timedelta(hours=1)
    return case


ISSUED = [
    ("acceptance", [Accept("officer-1")]),
    ("supplement", [GiveBack("officer-1", "supplement", ("paper_unreadable",))]),
    ("refusal", [GiveBack("officer-1", "refused", ("conditions_not_met",))]),
    ("stop", [Stop("officer-1", "legal_obstacle")]),
    ("apology", [Accept("officer-1"), Apologise("officer-1", "staff_shortage", NOW.date())]),
]


@pytest.mark.parametrize(("key", "acts"), ISSUED, ids=[key for key, _ in ISSUED])
async def test_given_an_issued_slip_when_asked_for_then_it_shows_citizen_and_authority(
    officer: Officer, key: str, acts: list[Any]
):
    if isinstance(acts[-1], Apologise):
        acts = [*acts[:-1], replace(acts[-1], new_due_on=NOW.date() + timedelta(days=8))]
    case = await a_dossier(officer, *acts)

    html = await officer.get(f"/v1/dossiers/{case.dossier_id}/slips/{key}.html")
    pdf = await officer.get(f"/v1/dossiers/{case.dossier_id}/slips/{key}.pdf")

    text = html.body.decode()
    assert CITIZEN in text
    assert case.code in text
    assert "phường Tân Định" in text
    assert html.headers["content-type"] == "text/html; charset=utf-8"
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.body.startswith(b"%PDF-")
    assert {html.headers["cache-control"], pdf.headers["cache-control"]} == {"no-store"}
    rows = await officer.one_stop.pool.fetch("SELECT actor, what FROM access_log")
    assert [tuple(row) for row in rows] == [(f"officer-{UNIT}", f"slip:{key}:last")] * 2


async def test_given_two_slips_of_a_kind_when_asked_for_then_the_last_or_the_one_named(
    officer: Officer,
):
    case = await a_dossier(
        officer,
        Stop("officer-1", "legal_obstacle"),
        Resume("officer-1"),
        Stop("officer-1", "applicant_absent"),
    )
    known = officer.one_stop.known
    texts = [known.act_reason("stop", code) for code in ("legal_obstacle", "applicant_absent")]
    first_reason, last_reason = (one.text_vi if one else "?" for one in texts)
    path = f"/v1/dossiers/{case.dossier_id}/slips/stop.html"

    last, first, none = [await officer.get(path, **query) for query in ({}, {"n": 1}, {"n": 3})]

    assert last_reason in last.body.decode()
    assert first_reason in first.body.decode()
    assert none.status == 404


@pytest.mark.parametrize("path", ["slips/passport.pdf", "slips/stop.docx", "slips/stop.pdf?n=0"])
async def test_given_a_paper_there_is_not_then_the_argument_is_named(officer: Officer, path: str):
    case = await a_dossier(officer)

    answer = await officer.get(f"/v1/dossiers/{case.dossier_id}/{path}")

    assert answer.status == 422
    assert len(answer.body["errors"]) == 1


async def test_given_erased_personal_data_when_a_slip_is_read_then_it_names_nobody(
    officer: Officer,
):
    case = await a_dossier(officer, Accept("officer-1"))
    await officer.one_stop.act(case, ParticularsErased(case.dossier_id))

    answer = await officer.get(f"/v1/dossiers/{case.dossier_id}/slips/acceptance.html")

    assert answer.status == 200
    assert CITIZEN not in answer.body.decode()


async def test_given_a_dossier_when_its_control_sheet_is_read_then_its_way_and_no_person(
    officer: Officer,
):
    case = await a_dossier(officer, Stop("officer-1", "legal_obstacle"), Resume("officer-1"))

    html = await officer.get(f"/v1/dossiers/{case.dossier_id}/control-sheet.html")
    pdf = await officer.get(f"/v1/dossiers/{case.dossier_id}/control-sheet.pdf")

    assert case.code in html.body.decode()
    assert CITIZEN not in html.body.decode()
    assert pdf.body.startswith(b"%PDF-")
    assert await officer.one_stop.pool.fetchval("SELECT count(*) FROM access_log") == 0


async def test_given_a_merged_unit_when_an_earlier_slip_is_read_then_it_is_of_the_unit_of_then(
    officer: Officer,
):
    case = await a_dossier(officer, Accept("officer-1"))
    accepted = await officer.one_stop.case(case.dossier_id)
    earlier = replace(accepted.trail[0], unit_code=MERGED_UNIT)
    moved = replace(earlier, at=earlier.at + timedelta(days=1), unit_code=UNIT)

    known = accepted.but(trail=(earlier, moved))

    assert dossier_at(known, earlier.at).unit_code == MERGED_UNIT
    assert dossier_at(known, moved.at).unit_code == UNIT


async def test_given_papers_that_came_later_when_a_slip_is_read_then_it_lists_those_of_then(
    officer: Officer,
):
    case = await a_dossier(officer, Accept("officer-1"))
    accepted = await officer.one_stop.case(case.dossier_id)
    await officer.one_stop.put(accepted.but(papers=(*accepted.papers, "death_notice")))
    names = [officer.one_stop.known.paper(kind) for kind in ("birth_notification", "death_notice")]
    then, later = (one.name_vi if one else "?" for one in names)

    slip = await officer.get(f"/v1/dossiers/{case.dossier_id}/slips/acceptance.html")

    assert then in slip.body.decode()
    assert later not in slip.body.decode()


async def test_given_a_slip_whose_papers_were_not_kept_then_it_lists_those_there_are(
    officer: Officer,
):
    case = await a_dossier(officer, Accept("officer-1"))
    accepted = await officer.one_stop.case(case.dossier_id)
    issued = tuple(replace(one, papers=()) for one in accepted.issued)

    assert dossier_at(accepted.but(issued=issued), issued[0].at).papers == case.papers
