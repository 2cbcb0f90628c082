"""Acts on what an officer saw: another revision of the dossier is said, and nothing is done."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from routing.domain import Accept, Case, Resume, Stop
from tests.integration.routing_http import Issuer, Officer, an_issuer, an_officer
from tests.integration.routing_kit import NOW, UNIT, a_case, a_one_stop, an_accepted
from tests.integration.test_routing_http import ACTS


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuer]:
    async with an_issuer(tmp_path_factory.mktemp("desk")) as one:
        yield one


@pytest.fixture
async def officer(database: str, issuer: Issuer) -> AsyncIterator[Officer]:
    async with a_one_stop(database) as one_stop, an_officer(one_stop, issuer) as one:
        yield one


async def seen(officer: Officer, case: Case) -> str:
    """Return the revision an officer sees now, as the header has it."""
    answer = await officer.get(f"/v1/dossiers/{case.dossier_id}")
    assert answer.headers["etag"] == f'"{answer.body["revision"]}"'
    return str(answer.headers["etag"])


async def test_given_two_officers_when_the_second_acts_on_an_old_revision_then_it_is_told_why(
    officer: Officer,
):
    case = a_case()
    await officer.one_stop.put(case)
    first_saw, second_saw = await seen(officer, case), await seen(officer, case)

    first = await officer.act(case.dossier_id, "stop", seen=first_saw, **ACTS["stop"])
    second = await officer.act(case.dossier_id, "accept", seen=second_saw)

    assert (first.status, first.body["status"], first.headers["etag"]) == (200, "stopped", '"1"')
    assert (second.status, second.body["revision"], second.headers["etag"]) == (412, 1, '"1"')
    assert second.body["changes"] == [
        {"event": "stopped", "at": "2026-11-24T02:00:00Z", "actor": f"officer-{UNIT}"}
    ]
    assert second.body["title"] == "Hồ sơ đã thay đổi"
    assert f"Dừng giải quyết (09:00 24/11/2026, officer-{UNIT})" in second.body["detail"]
    assert (await officer.one_stop.case(case.dossier_id)).status == "stopped"
    assert len(await officer.one_stop.said(case.dossier_id)) == 1


@pytest.mark.parametrize("act", ACTS)
async def test_given_an_old_revision_when_any_act_is_asked_for_then_nothing_is_done(
    officer: Officer, act: str
):
    case = an_accepted(1, NOW + timedelta(days=3))
    await officer.one_stop.put(case)
    old = await seen(officer, case)
    for change in (Stop("officer-1", "legal_obstacle"), Resume("officer-1")):
        await officer.one_stop.act(case, change)
    before = await officer.one_stop.case(case.dossier_id)

    answer = await officer.act(case.dossier_id, act, seen=old, **ACTS[act])

    changes = [(one["event"], one["actor"]) for one in answer.body["changes"]]
    assert (answer.status, changes) == (412, [("stopped", "officer-1"), ("resumed", "officer-1")])
    assert await officer.one_stop.case(case.dossier_id) == before


@pytest.mark.parametrize("condition", [None, "*", '"1"'])
async def test_given_the_revision_of_now_or_no_condition_when_acted_then_it_is_done(
    officer: Officer, condition: str | None
):
    case = a_case()
    await officer.one_stop.put(case)
    await officer.one_stop.act(case, Accept("officer-1"))

    answer = await officer.act(case.dossier_id, "stop", seen=condition, **ACTS["stop"])

    assert (answer.status, answer.body["revision"], answer.headers["etag"]) == (200, 2, '"2"')


async def test_given_a_revision_there_never_was_when_acted_then_nothing_is_done(officer: Officer):
    case = a_case()
    await officer.one_stop.put(case)

    answer = await officer.act(case.dossier_id, "accept", seen='"7"')

    assert (answer.status, answer.body["revision"], answer.body["changes"]) == (412, 0, [])
    assert (await officer.one_stop.case(case.dossier_id)).status == "received"


@pytest.mark.parametrize("condition", ["1", 'W/"1"', '"one"', '"1", "2"', "", '"-1"'])
async def test_given_a_condition_that_names_no_revision_then_the_header_is_named(
    officer: Officer, condition: str
):
    case = a_case()
    await officer.one_stop.put(case)

    answer = await officer.act(case.dossier_id, "accept", seen=condition)

    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "If-Match")
    assert (await officer.one_stop.case(case.dossier_id)).status == "received"


async def test_given_a_foreign_dossier_when_acted_on_a_revision_then_it_still_does_not_exist(
    officer: Officer,
):
    case = a_case(unit_code="26743")
    await officer.one_stop.put(case)

    answer = await officer.act(case.dossier_id, "accept", seen='"5"')

    assert answer.status == 404


@pytest.mark.parametrize(
    ("case", "act", "body"),
    [
        (a_case(papers=()), "accept", {}),
        (a_case(), "return", {"kind": "refused", "reasons": ["because"]}),
        (a_case(), "forward", {"to_unit_code": "99999", "reason": "not_competent"}),
        (a_case(), "resume", {}),
        (an_accepted(1, NOW - timedelta(days=1)), "verify", ACTS["verify"]),
        (a_case(unit_code="26743"), "accept", {}),
    ],
)
async def test_given_a_no_then_an_officer_reads_it_in_vietnamese(
    officer: Officer, case: Case, act: str, body: dict[str, Any]
):
    await officer.one_stop.put(case)

    answer = await officer.act(case.dossier_id, act, **body)

    said = [answer.body["title"], answer.body["detail"]]
    said += [error["detail"] for error in answer.body.get("errors", ())]
    assert 400 <= answer.status < 500
    assert [text for text in said if text.isascii()] == []
