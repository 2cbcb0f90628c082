"""Supplements and withdrawals on a real database: on both roads, once, and never after erasure."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.portal import Receipt, Submission
from contracts.topics import PARTICULARS
from intake.domain import dossier_id_of
from intake.reading import fingerprint_of
from intake.submitting import Answered
from plumbing.inlets import Settled
from plumbing.serving import ProblemRaised
from tests.integration.intake_kit import (
    EVENTS,
    PERSONAL,
    REPLIES_TO_NATIONAL,
    Intake,
    a_follow_up,
    a_paper,
    a_supplement,
    a_withdrawal,
    an_intake,
)
from tests.unit.intake_kit import NATIONAL, NOW, a_birth, a_letter

A_DOSSIER = dossier_id_of("national-portal", "DVCQG-1")
NAMED = "Nguyễn Bổ Sung Con"
LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def intake(database: str) -> AsyncIterator[Intake]:
    """Give an intake on the test's own database, where one birth was submitted an hour ago."""
    async with an_intake(database) as made:
        await made.counter.hand_in(NATIONAL, "k", a_birth())
        made.clock.now = LATER
        yield made


def a_receipt(about: Any, at=LATER) -> Receipt:
    return Receipt(
        portal="national-portal",
        portal_reference="DVCQG-1",
        dossier_id=A_DOSSIER,
        dossier_code="H29.25747-261124-0001",
        received_at=at,
        about=about,
    )


def a_corrected_form(**child: str) -> dict[str, Any]:
    form = a_birth()["form"]
    return form | {"child": form["child"] | {"full_name": NAMED} | child}


async def supplement(intake: Intake, key: str, document: Any = None) -> Answered:
    reference = (document or {}).get("portal_reference", "DVCQG-1")
    return await intake.follow_ups.supplement(NATIONAL, reference, key, document or a_supplement())


async def withdraw(intake: Intake, document: Any = None) -> Answered:
    return await intake.follow_ups.withdraw(NATIONAL, "DVCQG-1", document or a_withdrawal())


async def refusal(asked: Any) -> tuple[int, str, list[tuple[str, str]]]:
    with pytest.raises(ProblemRaised) as raised:
        await asked
    problem = raised.value.problem
    errors = [(one.field, one.rule) for one in problem.errors]
    return problem.status, problem.type.rpartition("/")[2], errors


async def events(intake: Intake) -> list[dict[str, Any]]:
    return [event for _, event in await intake.outbox(EVENTS)]


async def test_given_a_supplement_then_the_new_version_leaves_before_its_event(intake):
    answered = await supplement(
        intake,
        "k2",
        a_supplement(
            form=a_corrected_form(),
            attachments=[a_paper("kinship_proof"), a_paper("birth_notification")],
        ),
    )

    assert answered == Answered(a_receipt("supplement"), "taken")
    assert await intake.topics() == [PARTICULARS.name, EVENTS, PARTICULARS.name, EVENTS]
    before = Submission.model_validate(a_birth())
    (first, _), (second, digest) = await intake.particulars()
    assert second == first.model_copy(
        update={"form": second.form, "attachments": second.attachments}
    )
    assert second.form.child.full_name == NAMED
    assert [(one.kind, one.name) for one in second.attachments] == [
        ("kinship_proof", "giay-to.pdf"),
        ("birth_notification", "giay-to.pdf"),
    ]
    assert first.form == before.form
    _, event = await events(intake)
    assert event["type"] == "vn.hotich.dossier.resubmitted.v1"
    assert event["sequence"] == 2
    assert event["data"] == {
        "round": 2,
        "particulars": {"version": 2, "sha256": digest},
        "attachments": [
            {name: value for name, value in a_paper(kind).items() if name != "name"}
            for kind in ("kinship_proof", "birth_notification")
        ],
        "resubmitted_at": "2026-11-24T08:00:00+07:00",
        "received_at": "2026-11-24T02:00:00Z",
    }


async def test_given_papers_alone_then_the_form_and_the_other_papers_stay(intake):
    await supplement(intake, "k2")
    await supplement(intake, "k3", a_supplement(attachments=[a_paper("identity_card")]))

    (first, _), _, (third, _) = await intake.particulars()
    assert third.form == first.form
    assert [one.kind for one in third.attachments] == [
        "birth_notification",
        "kinship_proof",
        "identity_card",
    ]
    assert [event["data"].get("round") for event in await events(intake)] == [None, 2, 3]


async def test_given_one_supplement_on_both_roads_under_many_keys_then_one_round_and_answer(intake):
    answers = await asyncio.gather(
        *(supplement(intake, "same") for _ in range(5)),
        *(supplement(intake, f"k{n}") for n in range(5)),
        *(intake.settle(a_follow_up(n, "supplement", a_supplement())) for n in range(5)),
    )

    over_http = [one for one in answers if isinstance(one, Answered)]
    assert {one.receipt for one in over_http} == {a_receipt("supplement")}
    fresh = Counter(one.how for one in over_http)["taken"] + sum(
        one.applied for one in answers if isinstance(one, Settled)
    )
    assert fresh == 1
    assert {data["received_at"] for _, _, data in await intake.replies()} == {
        "2026-11-24T02:00:00Z"
    }
    assert [event["data"].get("round") for event in await events(intake)] == [None, 2]


async def test_given_two_supplements_at_once_then_rounds_follow_without_a_gap(intake):
    kinds = [f"paper_{n}" for n in range(8)]

    await asyncio.gather(
        *(supplement(intake, k, a_supplement(attachments=[a_paper(k)])) for k in kinds)
    )

    said = [(e["sequence"], e["data"].get("round")) for e in await events(intake)]
    assert said == [(1, None), *((n, n) for n in range(2, 10))]
    *_, (last, _) = await intake.particulars()
    assert {one.kind for one in last.attachments} == {"birth_notification", *kinds}


async def test_given_a_withdrawal_asked_often_on_both_roads_then_it_is_said_once(intake):
    answers = await asyncio.gather(
        *(withdraw(intake) for _ in range(3)),
        *(
            intake.settle(a_follow_up(n, "withdrawal", a_withdrawal(requested_at=at)))
            for n, at in enumerate(("2026-11-24T07:00:00+07:00", "2026-11-24T08:30:00+07:00"))
        ),
    )

    receipts = {one.receipt for one in answers if isinstance(one, Answered)}
    assert receipts == {a_receipt("withdrawal")}
    assert {kind for _, kind, _ in await intake.replies()} == {"received"}
    assert [event["type"] for event in await events(intake)] == [
        "vn.hotich.dossier.submitted.v1",
        "vn.hotich.dossier.withdrawal_requested.v1",
    ]


async def test_given_the_same_key_with_other_content_then_it_is_refused(intake):
    await supplement(intake, "k2")

    other = a_supplement(attachments=[a_paper("identity_card")])
    reused = (422, "idempotency-key-reused", [])
    assert await refusal(supplement(intake, "k2", other)) == reused
    assert await refusal(supplement(intake, "k")) == reused
    assert await refusal(intake.counter.hand_in(NATIONAL, "k2", a_birth("DVCQG-2"))) == reused


async def test_given_a_refused_supplement_then_its_key_stays_free(intake):
    empty = a_supplement(attachments=[])
    answer = (422, "follow-up-invalid", [("attachments", "supplement.empty")])
    assert await refusal(supplement(intake, "k2", empty)) == answer
    assert (await supplement(intake, "k2")).how == "taken"


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"attachments": []}, [("attachments", "supplement.empty")]),
        ({"form": {"kind": "birth"}}, None),
        (
            {"form": a_birth()["form"] | {"mother": {}}},
            None,
        ),
        ({"portal_reference": "DVCQG-2"}, [("portal_reference", "key_mismatch")]),
        (
            {"resubmitted_at": "2026-11-24T09:06:00+07:00"},
            [("resubmitted_at", "resubmitted_at.future")],
        ),
        (
            {"resubmitted_at": "2026-11-24T07:59:59+07:00"},
            [("resubmitted_at", "resubmitted_at.before_submission")],
        ),
        (
            {"attachments": [a_paper(f"paper_{n}") for n in range(30)]},
            [("attachments", "too_long")],
        ),
        (
            {"form": {"kind": "legacy", "register_holds_form": True}},
            [("form.kind", "form.other_kind"), ("form.kind", None)],
        ),
        ({"colour": "red"}, [("colour", "extra_forbidden")]),
    ],
)
async def test_given_what_cannot_be_added_then_every_problem_is_told(intake, changes, errors):
    document = a_supplement(**changes)

    status, name, found = await refusal(
        intake.follow_ups.supplement(NATIONAL, "DVCQG-1", "k2", document)
    )

    assert (status, name) == (422, "follow-up-invalid")
    if errors is None:
        assert {field.partition(".")[0] for field, _ in found} == {"form"}
    else:
        wanted = [(field, rule or found[n][1]) for n, (field, rule) in enumerate(errors)]
        assert found[: len(wanted)] == wanted
    assert len(await events(intake)) == 1


async def test_given_a_form_of_another_procedure_then_it_is_refused(intake):
    person = a_birth()["form"]["mother"]
    form = {"kind": "marital_status", "person": person, "purpose": "other"}

    status, _, errors = await refusal(supplement(intake, "k2", a_supplement(form=form)))

    assert status == 422
    assert ("form.kind", "form.other_kind") in errors


async def test_given_a_form_the_law_of_its_day_is_against_then_the_rule_is_told(intake):
    foreign = a_corrected_form(nationality="FR")

    errors = (await refusal(supplement(intake, "k2", a_supplement(form=foreign))))[2]

    assert errors == [("procedure_code", "procedure.foreign_element")]


async def test_given_a_dossier_the_law_has_changed_for_then_only_the_new_form_is_looked_at(intake):
    places = {"unit_code": "26734", "residence_unit_code": "26734"}
    form = a_birth()["form"]
    child = form["child"] | {"born_on": "2025-06-01", "birthplace_unit_code": "26734"}
    form = form | {"child": child}
    intake.clock.now = datetime(2025, 6, 30, 3, tzinfo=UTC)
    at = "2025-06-30T08:00:00+07:00"
    await intake.counter.hand_in(
        NATIONAL, "old", a_birth("OLD-1", **places, form=form, submitted_at=at)
    )
    intake.clock.now = datetime(2026, 11, 24, 3, tzinfo=UTC)

    answered = await supplement(
        intake, "k2", a_supplement("OLD-1", form=form | {"note": "Đã sửa."})
    )

    assert answered.how == "taken"


async def test_given_no_such_dossier_then_both_roads_refuse_with_the_reason(intake):
    unknown = a_supplement("DVCQG-9")

    assert await refusal(supplement(intake, "k2", unknown)) == (404, "dossier-unknown", [])
    await intake.settle(
        a_follow_up(0, "supplement", unknown), a_follow_up(1, "withdrawal", a_withdrawal("X-1"))
    )

    said = [
        (data["about"], data["problem"]["status"], data["problem"]["type"].rpartition("/")[2])
        for _, _, data in await intake.replies()
    ]
    assert said == [
        ("supplement", 404, "dossier-unknown"),
        ("withdrawal", 404, "dossier-unknown"),
    ]
    assert await intake.count("supplement") == 0
    assert await intake.count("stream") == 1


async def test_given_a_batch_with_everything_of_a_dossier_then_each_is_answered_in_its_turn(intake):
    refused = a_birth("DVCQG-3", unit_code="20194")
    settled = await intake.settle(
        a_follow_up(0, "supplement", a_supplement("DVCQG-2")),
        a_letter(1, a_birth("DVCQG-2")),
        a_follow_up(2, "supplement", a_supplement("DVCQG-2")),
        a_letter(3, a_birth("DVCQG-2")),
        a_follow_up(4, "withdrawal", a_withdrawal("DVCQG-2")),
        a_follow_up(5, "withdrawal", a_withdrawal("DVCQG-2")),
        a_letter(6, refused),
        a_follow_up(7, "supplement", a_supplement("DVCQG-3")),
        a_follow_up(8, "supplement", a_supplement("DVCQG-2"), key=b"DVCQG-1"),
    )

    assert settled == Settled(applied=3, duplicate=6)
    assert [(key, kind, data["about"]) for key, kind, data in await intake.replies()] == [
        ("DVCQG-2", "refused", "supplement"),
        ("DVCQG-2", "received", "submission"),
        ("DVCQG-2", "received", "supplement"),
        ("DVCQG-2", "received", "submission"),
        ("DVCQG-2", "received", "withdrawal"),
        ("DVCQG-2", "received", "withdrawal"),
        ("DVCQG-3", "refused", "submission"),
        ("DVCQG-3", "refused", "supplement"),
        ("DVCQG-1", "refused", "supplement"),
    ]
    assert [event["type"].split(".")[3] for event in await events(intake)] == [
        "submitted",
        "submitted",
        "resubmitted",
        "withdrawal_requested",
    ]


async def test_given_two_hundred_supplements_then_a_few_statements_add_them_all(intake):
    references = [f"DVCQG-{n}" for n in range(200)]
    await intake.settle(*(a_letter(n, a_birth(one)) for n, one in enumerate(references)))
    statements: list[str] = []

    async with intake.pool.acquire() as conn, conn.transaction():
        conn.add_query_logger(lambda query: statements.append(query.query))
        records = [
            a_follow_up(1000 + n, "supplement", a_supplement(one))
            for n, one in enumerate(references)
        ]
        settled = await intake.inlet(conn, records, intake.clock())

    assert settled == Settled(applied=200)
    assert len([one for one in statements if "pg_type" not in one]) <= 20


async def test_given_an_erasure_then_nothing_kept_is_left_and_nothing_follows(intake):
    await supplement(intake, "k2", a_supplement(form=a_corrected_form()))
    await withdraw(intake)
    await intake.relay_all()
    await intake.erased(A_DOSSIER)

    erased = (409, "personal-data-erased", [("portal_reference", "personal_data.erased")])
    assert await refusal(supplement(intake, "k3")) == erased
    assert (await supplement(intake, "k2")).receipt == a_receipt("supplement")
    assert (await withdraw(intake)).receipt == a_receipt("withdrawal")
    assert await intake.count("dossier_particulars") == 0
    assert await intake.outbox(PARTICULARS.name) == [(str(A_DOSSIER), None)]
    said = await intake.everything()
    assert fingerprint_of(a_supplement(form=a_corrected_form())) not in said


async def test_given_an_erasure_when_withdrawn_after_it_then_it_is_refused(intake):
    await intake.erased(A_DOSSIER)

    assert (await refusal(withdraw(intake)))[:2] == (409, "personal-data-erased")
    await intake.settle(a_follow_up(0, "withdrawal", a_withdrawal()))
    ((_, kind, data),) = await intake.replies()
    assert (kind, data["problem"]["errors"][0]["source"]) == (
        "refused",
        "Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, Điều 14",
    )


async def test_given_erasure_and_supplements_at_once_then_nothing_comes_after_the_tombstone(intake):
    await asyncio.gather(
        *(
            supplement(intake, f"k{n}", a_supplement(attachments=[a_paper(f"p{n}")]))
            for n in range(6)
        ),
        intake.erased(A_DOSSIER),
        return_exceptions=True,
    )

    bodies = await intake.particulars_bodies()
    assert bodies == [None]
    assert await intake.count("dossier_particulars") == 0


async def test_given_a_supplement_then_no_row_says_anything_of_a_person(intake):
    await supplement(intake, "k2", a_supplement(form=a_corrected_form()))

    said = await intake.everything()

    assert [word for word in (*PERSONAL, NAMED, "giay-to") if word in said] == []


async def test_given_a_dossier_taken_before_its_data_were_kept_then_a_supplement_says_so(intake):
    await intake.pool.execute("DELETE FROM dossier_particulars")

    assert await refusal(supplement(intake, "k2")) == (409, "personal-data-not-kept", [])
    assert (await withdraw(intake)).how == "taken"


async def test_given_replies_to_one_record_settled_twice_then_their_ids_are_the_same(intake):
    await intake.settle(a_follow_up(7, "supplement", a_supplement()))
    ((_, first),) = await intake.outbox(REPLIES_TO_NATIONAL)
    await intake.relay_all()
    await intake.settle(a_follow_up(7, "supplement", a_supplement()))

    ((_, again),) = await intake.outbox(REPLIES_TO_NATIONAL)
    assert again == first
