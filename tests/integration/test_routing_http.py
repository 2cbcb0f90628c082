"""The desk over real HTTP with real tokens: what officers read, what they do, what is refused."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.events import Accepted, Forwarded, HandedOver, Rescheduled, Returned, Stopped
from routing.domain import Accept, Stop
from tests.integration.routing_http import Issuer, Officer, an_issuer, an_officer
from tests.integration.routing_kit import (
    NOW,
    OTHER_UNIT,
    UNIT,
    a_case,
    a_due,
    a_one_stop,
    an_accepted,
)
from tests.unit.builders import some_particulars

DAY = timedelta(days=1)
ELSEWHERE = f"officer-{OTHER_UNIT}"


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuer]:
    async with an_issuer(tmp_path_factory.mktemp("desk")) as one:
        yield one


@pytest.fixture
async def officer(database: str, issuer: Issuer) -> AsyncIterator[Officer]:
    async with a_one_stop(database) as one_stop, an_officer(one_stop, issuer) as one:
        yield one


@pytest.mark.parametrize(
    ("client", "status"), [("nonsense", 401), ("national-portal", 403), ("clerk", 403)]
)
async def test_given_no_officers_token_then_nothing_is_served(
    officer: Officer, client: str, status: int
):
    case = a_case()
    await officer.one_stop.put(case)

    answers = [
        await officer.get(path, client=client)
        for path in (
            "/v1/desk",
            f"/v1/dossiers/{case.dossier_id}",
            f"/v1/dossiers/{case.dossier_id}/particulars",
            f"/v1/dossiers/{case.dossier_id}/prepared-apology",
            f"/v1/dossiers/{case.dossier_id}/slips/acceptance.html",
            f"/v1/dossiers/{case.dossier_id}/control-sheet.html",
        )
    ]
    acted = await officer.act(case.dossier_id, "accept", client=client)

    assert {one.status for one in (*answers, acted)} == {status}


ACTS: dict[str, dict[str, Any]] = {
    "accept": {},
    "return": {"kind": "refused", "reasons": ["conditions_not_met"]},
    "forward": {"to_unit_code": OTHER_UNIT, "reason": "not_competent"},
    "withdraw": {},
    "stop": {"reason": "legal_obstacle"},
    "resume": {},
    "apologise": {"reason": "staff_shortage", "new_due_on": "2026-12-02"},
    "verify": {"reason": "verify_information"},
    "hand-over": {"method": "in_person"},
}


@pytest.mark.parametrize("unknown", [True, False], ids=["unknown", "another unit's"])
async def test_given_a_dossier_that_is_not_on_the_desk_then_it_does_not_exist(
    officer: Officer, unknown: bool
):
    case = a_case(particulars=some_particulars())
    await officer.one_stop.put(case)
    dossier_id = uuid4() if unknown else case.dossier_id
    paths = ("", "/particulars", "/prepared-apology", "/slips/stop.pdf", "/control-sheet.html")

    read = [await officer.get(f"/v1/dossiers/{dossier_id}{p}", client=ELSEWHERE) for p in paths]
    acted = [
        await officer.act(dossier_id, act, client=ELSEWHERE, **body) for act, body in ACTS.items()
    ]

    assert {one.status for one in (*read, *acted)} == {404}
    assert await officer.one_stop.case(case.dossier_id) == case
    assert await officer.one_stop.pool.fetchval("SELECT count(*) FROM access_log") == 0
    assert await officer.one_stop.pool.fetchval("SELECT count(*) FROM stream") == 1


async def test_given_waiting_dossiers_when_paged_by_the_link_then_each_is_shown_once(
    officer: Officer,
):
    cases = [a_case(n, reception_due=a_due(NOW + n * DAY)) for n in range(3)]
    await officer.one_stop.put(*cases, a_case(9, unit_code=OTHER_UNIT))

    first = await officer.get("/v1/desk", limit=2)
    second = await officer.get(first.headers["link"].split(">")[0].strip("<"))

    codes = [row["dossier_code"] for row in first.body + second.body]
    assert codes == [case.code for case in cases]
    assert "link" not in second.headers
    assert first.body[0] == {
        "dossier_id": str(cases[0].dossier_id),
        "revision": 0,
        "dossier_code": cases[0].code,
        "procedure_code": "1.001193",
        "status": "received",
        "papers": ["birth_notification"],
        "flags": [],
        "submitted_at": "2026-11-23T06:00:00Z",
        "due_at": "2026-11-24T02:00:00Z",
        "due_on": "2026-11-24",
        "allowed": [
            "accept", "supplement", "refuse", "wrong_authority", "forward", "withdraw", "stop",
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"list": "all"}, "list"),
        ({"after": "x"}, "after"),
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
    ],
)
async def test_given_a_wrong_query_then_its_field_is_named(
    officer: Officer, query: dict[str, Any], field: str
):
    answer = await officer.get("/v1/desk", **query)

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == [field]


async def test_given_an_accepted_dossier_when_looked_at_then_everything_but_personal_data(
    officer: Officer,
):
    case = a_case(particulars=some_particulars())
    await officer.one_stop.put(case)
    await officer.one_stop.act(case, Accept("officer-1"))

    answer = await officer.get(f"/v1/dossiers/{case.dossier_id}")

    view = answer.body
    assert (view["status"], view["allowed"]) == ("accepted", ["stop", "apologise", "verify"])
    appointment = (await officer.one_stop.case(case.dossier_id)).appointment
    assert appointment is not None
    assert view["due"]["due_on"] == appointment.due_on.isoformat()
    assert view["due"]["explanation"][-1].startswith("Hết thời hạn lúc")
    assert [(slip["key"], slip["n"]) for slip in view["slips"]] == [("acceptance", 1)]
    assert [(row["event"], row["actor"]) for row in view["trail"]] == [("accepted", "officer-1")]
    assert "Thử" not in str(view)
    assert await officer.one_stop.pool.fetchval("SELECT count(*) FROM access_log") == 0


async def test_given_personal_data_when_read_then_it_is_written_down_who_read_them(
    officer: Officer,
):
    case = a_case(particulars=some_particulars())
    await officer.one_stop.put(case)

    answer = await officer.get(f"/v1/dossiers/{case.dossier_id}/particulars")

    assert answer.body["particulars"]["applicant"]["full_name"] == "Nguyễn Thị Thử"
    assert answer.headers["cache-control"] == "no-store"
    rows = await officer.one_stop.pool.fetch(
        "SELECT actor, unit_code, dossier_id, what, at FROM access_log"
    )
    assert [tuple(row) for row in rows] == [
        (f"officer-{UNIT}", UNIT, case.dossier_id, "particulars", NOW)
    ]


async def test_given_reads_that_cannot_be_written_down_then_nothing_is_shown(officer: Officer):
    case = a_case(particulars=some_particulars())
    await officer.one_stop.put(case)
    await officer.one_stop.act(case, Accept("officer-1"))
    await officer.one_stop.pool.execute("DROP TABLE access CASCADE")

    answers = [
        await officer.get(f"/v1/dossiers/{case.dossier_id}/{path}")
        for path in ("particulars", "slips/acceptance.html")
    ]

    assert {answer.status for answer in answers} == {503}
    assert "Thử" not in str(answers)


async def test_given_erased_personal_data_when_read_then_not_found(officer: Officer):
    case = a_case(erased=True)
    await officer.one_stop.put(case)

    answer = await officer.get(f"/v1/dossiers/{case.dossier_id}/particulars")

    assert (answer.status, answer.body["detail"]) == (
        404,
        "Dữ liệu cá nhân của hồ sơ đã được xóa.",
    )


async def test_given_a_complete_dossier_when_accepted_then_once(officer: Officer):
    case = a_case()
    await officer.one_stop.put(case)

    first = await officer.act(case.dossier_id, "accept")
    second = await officer.act(case.dossier_id, "accept")

    assert (first.status, first.body["status"]) == (200, "accepted")
    assert (second.status, second.body["allowed"]) == (409, ["stop", "apologise", "verify"])
    (said,) = await officer.one_stop.said(case.dossier_id)
    assert isinstance(said, Accepted)
    assert said.actor == f"officer-{UNIT}"
    assert officer.one_stop.wakes == 1


async def test_given_a_dossier_when_forwarded_then_it_is_on_the_other_units_desk(
    officer: Officer,
):
    case = a_case(residence_unit_code=OTHER_UNIT)
    await officer.one_stop.put(case)

    answer = await officer.act(case.dossier_id, "forward", **ACTS["forward"])

    assert (answer.status, answer.body["unit_code"]) == (200, OTHER_UNIT)
    assert (await officer.get("/v1/desk")).body == []
    (row,) = (await officer.get("/v1/desk", client=ELSEWHERE)).body
    assert row["dossier_code"] == case.code
    assert isinstance((await officer.one_stop.said(case.dossier_id))[0], Forwarded)


@pytest.mark.parametrize(
    ("act", "case", "status", "event"),
    [
        ("return", a_case(), "refused", Returned),
        ("withdraw", a_case(), "withdrawn", None),
        ("stop", a_case(), "stopped", Stopped),
        ("apologise", an_accepted(1, NOW + 3 * DAY), "accepted", Rescheduled),
        ("verify", an_accepted(1, NOW + 3 * DAY), "accepted", Rescheduled),
        ("hand-over", a_case(status="registered"), "handed_over", HandedOver),
    ],
)
async def test_given_an_act_that_is_allowed_when_done_then_the_dossier_stands_there(
    officer: Officer, act: str, case: Any, status: str, event: Any
):
    await officer.one_stop.put(case)

    answer = await officer.act(case.dossier_id, act, **ACTS[act])

    assert (answer.status, answer.body.get("status")) == (200, status), answer.body
    (said,) = await officer.one_stop.said(case.dossier_id)
    assert event is None or isinstance(said, event)


async def test_given_a_stopped_dossier_when_resumed_then_it_is_where_it_was(officer: Officer):
    case = a_case()
    await officer.one_stop.put(case)
    await officer.one_stop.act(case, Stop("officer-1", "legal_obstacle"))

    answer = await officer.act(case.dossier_id, "resume")

    assert (answer.status, answer.body["status"]) == (200, "received")
    assert len(answer.body["pauses"]) == 1


ARGUMENTS: list[tuple[str, Any, dict[str, Any], str]] = [
    ("return", a_case(), {"kind": "refused", "reasons": ["because"]}, "reasons.0"),
    ("return", a_case(), {"kind": "refused", "reasons": []}, "reasons"),
    ("return", a_case(), {"kind": "no", "reasons": ["conditions_not_met"]}, "kind"),
    ("forward", a_case(), {"to_unit_code": "99999", "reason": "not_competent"}, "to_unit_code"),
    ("forward", a_case(), {"to_unit_code": UNIT, "reason": "not_competent"}, "to_unit_code"),
    ("forward", a_case(), {"to_unit_code": "x", "reason": "not_competent"}, "to_unit_code"),
    ("forward", a_case(), {"to_unit_code": OTHER_UNIT, "reason": "not_competent"}, "to_unit_code"),
    ("forward", a_case(), {"to_unit_code": OTHER_UNIT, "reason": "because"}, "reason"),
    ("stop", a_case(), {"reason": "because"}, "reason"),
    ("stop", a_case(), {"reason": "legal_obstacle", "more": 1}, "more"),
    (
        "apologise",
        an_accepted(1, NOW + 3 * DAY),
        {"reason": "staff_shortage", "new_due_on": "2026-11-27"},
        "new_due_on",
    ),
    (
        "apologise",
        an_accepted(1, NOW + 3 * DAY),
        {"reason": "staff_shortage", "new_due_on": "2026-11-29"},
        "new_due_on",
    ),
    ("verify", an_accepted(1, NOW + 3 * DAY), {"reason": "because"}, "reason"),
    ("hand-over", a_case(status="registered"), {"method": "owl"}, "method"),
]


@pytest.mark.parametrize(("act", "case", "body", "field"), ARGUMENTS)
async def test_given_a_wrong_argument_when_acted_then_it_is_named_and_nothing_is_done(
    officer: Officer, act: str, case: Any, body: dict[str, Any], field: str
):
    await officer.one_stop.put(case)

    answer = await officer.act(case.dossier_id, act, **body)

    assert (answer.status, [error["field"] for error in answer.body["errors"]]) == (422, [field])
    assert await officer.one_stop.case(case.dossier_id) == case
    assert await officer.one_stop.said(case.dossier_id) == []


@pytest.mark.parametrize("act", ["resume", "apologise", "verify", "hand-over"])
async def test_given_an_act_that_is_not_allowed_then_the_answer_says_what_is(
    officer: Officer, act: str
):
    case = a_case(papers=())
    await officer.one_stop.put(case)

    answer = await officer.act(case.dossier_id, act, **ACTS[act])

    assert answer.status == 409
    assert answer.body["allowed"][0] == "supplement"
    assert answer.body["detail"]


async def test_given_an_appointment_that_is_near_then_an_apology_is_ready_to_be_sent(
    officer: Officer,
):
    near, far = an_accepted(1, NOW + DAY), an_accepted(2, NOW + 9 * DAY)
    await officer.one_stop.put(near, far)

    ready = await officer.get(f"/v1/dossiers/{near.dossier_id}/prepared-apology")
    not_yet = await officer.get(f"/v1/dossiers/{far.dossier_id}/prepared-apology")
    sent = await officer.act(near.dossier_id, "apologise", **ready.body)

    assert ready.body == {"reason": "other_authority_late", "new_due_on": "2026-12-02"}
    assert not_yet.status == 404
    assert sent.body["due"]["due_on"] == "2026-12-02"
