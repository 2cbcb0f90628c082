"""The bus on a real database: every record gets one answer, none stops the others."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from contracts.portal import PortalReply
from contracts.topics import PARTICULARS
from plumbing.deadletters import purpose
from plumbing.inlets import Settled
from plumbing.sealing import Sealed
from tests.integration.intake_kit import (
    EVENTS,
    PERSONAL,
    REPLIES_TO_NATIONAL,
    RING,
    Intake,
    an_intake,
)
from tests.unit.intake_kit import (
    BINH_DUONG,
    NATIONAL,
    OTHER_SECRET,
    PHU_LOI,
    THU_DAU_MOT,
    a_birth,
    a_letter,
    a_record,
    an_event,
)

MOST_STATEMENTS = 17


@pytest.fixture
async def intake(database: str) -> AsyncIterator[Intake]:
    """Give an intake on the test's own database."""
    async with an_intake(database) as made:
        yield made


def signed_json(offset: int, document: object, key: str):
    return a_record(offset, json.dumps(document).encode(), key=key.encode())


async def dead_letters(intake: Intake) -> list[tuple[int, str]]:
    rows = await intake.pool.fetch("SELECT off, reason FROM dead_letter ORDER BY off")
    return [(row["off"], row["reason"]) for row in rows]


async def test_given_good_bad_repeated_and_forged_records_then_each_gets_its_answer(intake):
    settled = await intake.settle(
        a_letter(0, a_birth()),
        a_letter(1, a_birth("DVCQG-2"), secret=OTHER_SECRET),
        a_record(2, b"{", key=b"DVCQG-3"),
        a_letter(3, a_birth("DVCQG-4", unit_code="20194", colour="red")),
        a_letter(4, a_birth()),
        a_letter(5, a_birth(notify_by=[])),
        a_letter(6, a_birth("DVCQG-5")),
        a_letter(7, a_birth("DVCQG-6"), key=b"DVCQG-7"),
        signed_json(8, ["no", "event"], "DVCQG-8"),
    )

    assert settled == Settled(applied=2, duplicate=6, parked=0, dead=1)
    replies = [
        (key, data.get("dossier_code") or problem_of(data))
        for key, _, data in await intake.replies()
    ]
    assert replies == [
        ("DVCQG-1", "H29.25747-261124-0001"),
        ("DVCQG-3", (400, [])),
        (
            "DVCQG-4",
            (422, [("colour", "extra_forbidden"), ("unit_code", "unit.other_province")]),
        ),
        ("DVCQG-1", "H29.25747-261124-0001"),
        ("DVCQG-1", (409, [])),
        ("DVCQG-5", "H29.25747-261124-0002"),
        ("DVCQG-7", (422, [("portal_reference", "key_mismatch")])),
        ("DVCQG-8", (422, [("", "model_type")])),
    ]
    assert await dead_letters(intake) == [(1, "signature_wrong")]
    assert await intake.codes() == ["H29.25747-261124-0001", "H29.25747-261124-0002"]


def problem_of(data: dict) -> tuple[int, list[tuple[str, str]]]:
    problem = data["problem"]
    return problem["status"], [(one["field"], one["rule"]) for one in problem["errors"]]


async def test_given_records_nobody_can_be_answered_for_then_they_are_kept_with_the_reason(intake):
    good = json.dumps(an_event(a_birth())).encode()

    settled = await intake.settle(
        a_record(0, None),
        a_record(1, good, headers={"portal": None}),
        a_record(2, good, headers={"portal": b"\xff\xfe"}),
        a_record(3, good, headers={"portal": b"moj-direct"}),
        a_record(4, good, key=None),
        a_record(5, good, key=b"\xff"),
        a_record(6, good, key=b"no reference"),
        a_record(7, b"\xff\xfe"),
        a_record(8, good),
    )

    assert settled == Settled(applied=1, duplicate=0, parked=0, dead=8)
    assert await dead_letters(intake) == [
        (0, "tombstone"),
        (1, "header_missing"),
        (2, "header_not_utf8"),
        (3, "portal_unknown"),
        (4, "key_is_no_reference"),
        (5, "key_is_no_reference"),
        (6, "key_is_no_reference"),
        (7, "value_not_utf8"),
    ]
    assert len(await intake.outbox(EVENTS)) == 1


async def test_given_a_dead_letter_then_it_is_whole_and_only_the_keys_open_it(intake):
    record = a_letter(3, a_birth(), secret=OTHER_SECRET)
    await intake.settle(record)

    (row,) = await intake.pool.fetch("SELECT record FROM dead_letter")
    opened = RING.open(Sealed.unpack(row["record"]), purpose(record.topic, 0, 3))
    said = await intake.everything()
    assert set(json.loads(opened)) == {"key", "value", "headers"}
    assert [word for word in PERSONAL if word in said] == []


async def test_given_the_same_record_again_then_the_reply_has_the_same_form_and_receipt(intake):
    await intake.settle(a_letter(0, a_birth()))
    await intake.settle(a_letter(1, a_birth()))

    (_, first), (_, second) = await intake.outbox(REPLIES_TO_NATIONAL)
    assert first["data"] == second["data"]
    assert first["id"] != second["id"]
    assert PortalReply.model_validate(first).type == "vn.hotich.portal.submission_received.v1"


async def test_given_a_batch_settled_again_elsewhere_then_reply_ids_are_the_same(intake):
    await intake.settle(a_letter(7, a_birth()))
    (_, first), *_ = await intake.outbox(REPLIES_TO_NATIONAL)
    await intake.relay_all()
    await intake.settle(a_letter(7, a_birth()))

    (_, again), *_ = await intake.outbox(REPLIES_TO_NATIONAL)
    assert again == first


async def test_given_a_dossier_taken_over_http_then_the_bus_gives_its_receipt(intake):
    over_http = await intake.counter.hand_in(NATIONAL, "k", a_birth())
    await intake.settle(a_letter(0, a_birth()))

    ((_, kind, data),) = await intake.replies()
    assert (kind, data) == ("received", over_http.receipt.model_dump(mode="json"))


async def test_given_a_dossier_of_yesterdays_law_when_repeated_then_its_receipt_comes_again(intake):
    form = a_birth()["form"]
    form = form | {"child": form["child"] | {"born_on": "2025-06-01"}}
    old = {"unit_code": "26734", "residence_unit_code": "26734", "form": form}
    document = a_birth(submitted_at="2025-06-30T08:00:00+07:00", **old)
    intake.clock.now = datetime(2025, 6, 30, 3, tzinfo=UTC)
    await intake.settle(a_letter(0, document))
    intake.clock.now += timedelta(days=1)

    today = document | {"portal_reference": "R-2", "submitted_at": "2025-07-01T08:00:00+07:00"}
    await intake.settle(a_letter(1, document), a_letter(2, today))

    assert [(key, kind) for key, kind, _ in await intake.replies()] == [
        ("DVCQG-1", "received"),
        ("DVCQG-1", "received"),
        ("R-2", "refused"),
    ]


async def test_given_five_hundred_submissions_then_a_few_statements_take_them_all(intake):
    communes = (THU_DAU_MOT, PHU_LOI, BINH_DUONG)
    records = [a_letter(n, a_birth(f"DVCQG-{n}", unit_code=communes[n % 3])) for n in range(500)]
    statements: list[str] = []

    async with intake.pool.acquire() as conn, conn.transaction():
        # The first batch of a connection also asks for the types of its arrays.
        await intake.inlet(conn, [a_letter(500, a_birth("DVCQG-A"))], intake.clock())
        await conn.execute("DELETE FROM code_counter; DELETE FROM dossier; DELETE FROM outbox")
        conn.add_query_logger(lambda query: statements.append(query.query))
        settled = await intake.inlet(conn, records, intake.clock())

    assert settled == Settled(applied=500)
    assert len(statements) <= MOST_STATEMENTS
    written = {PARTICULARS.name: 500, EVENTS: 500, REPLIES_TO_NATIONAL: 500}
    assert Counter(await intake.topics()) == written
    assert await intake.codes() == sorted(
        f"H29.{communes[n % 3]}-261124-{n // 3 + 1:04d}" for n in range(500)
    )


async def test_given_taken_and_refused_submissions_then_the_log_names_rules_only(intake):
    with structlog.testing.capture_logs() as lines:
        await intake.settle(
            a_letter(0, a_birth()), a_letter(1, a_birth("DVCQG-2", unit_code="20194"))
        )

    assert [(line["event"], line.get("problems")) for line in lines] == [
        ("submission_taken", None),
        ("submission_refused", ["unit.other_province"]),
    ]
    assert [word for word in PERSONAL if word in str(lines)] == []
