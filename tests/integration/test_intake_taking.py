"""Taking submissions on a real database: once under concurrency, numbered without a gap."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.envelope import GENESIS, event_id
from contracts.particulars import Particulars
from contracts.portal import Receipt, Submission
from contracts.topics import PARTICULARS
from intake.domain import Party, dossier_id_of
from intake.reading import fingerprint_of
from intake.submitting import Answered
from intake.taking import Handed, take
from plumbing.serving import ProblemRaised
from tests.integration.intake_kit import EVENTS, PERSONAL, Intake, an_intake
from tests.unit.intake_kit import BINH_DUONG, NATIONAL, NOW, PHU_LOI, THU_DAU_MOT, a_birth, a_letter

FIRST_CODE = "H29.25747-261124-0001"
A_DOSSIER = dossier_id_of("national-portal", "DVCQG-1")
A_RECEIPT = Receipt(
    portal="national-portal",
    portal_reference="DVCQG-1",
    dossier_id=A_DOSSIER,
    dossier_code=FIRST_CODE,
    received_at=NOW,
)
PROVINCIAL = Party("provincial-portal-79", "provincial-portal", frozenset({"79"}))


@pytest.fixture
async def intake(database: str) -> AsyncIterator[Intake]:
    """Give an intake on the test's own database."""
    async with an_intake(database) as made:
        yield made


async def refusal(intake: Intake, key: str, document: object) -> tuple[int, str]:
    with pytest.raises(ProblemRaised) as raised:
        await intake.counter.hand_in(NATIONAL, key, document)
    return raised.value.problem.status, raised.value.problem.type.rpartition("/")[2]


async def test_given_a_submission_when_handed_in_then_data_and_event_leave_in_that_order(intake):
    answered = await intake.counter.hand_in(NATIONAL, "k", a_birth())

    assert answered == Answered(A_RECEIPT, "taken")
    assert await intake.topics() == [PARTICULARS.name, EVENTS]
    submission = Submission.model_validate(a_birth())
    ((particulars, digest),) = await intake.particulars()
    assert particulars == Particulars(
        applicant=submission.applicant,
        notify_by=("sms",),
        form=submission.form,
        attachments=submission.attachments,
    )
    ((key, event),) = await intake.outbox(EVENTS)
    assert (
        key,
        event["subject"],
        event["id"],
        event["prevhash"],
        event["data"]["particulars"],
    ) == (
        str(A_DOSSIER),
        FIRST_CODE,
        str(event_id(A_DOSSIER, "intake", 1)),
        GENESIS,
        {"version": 1, "sha256": digest},
    )
    assert intake.wakes == 1


async def test_given_the_same_key_twenty_times_at_once_then_one_dossier_and_one_answer(intake):
    answers = await asyncio.gather(
        *(intake.counter.hand_in(NATIONAL, "k", a_birth()) for _ in range(20))
    )

    assert {answer.receipt.dossier_code for answer in answers} == {FIRST_CODE}
    assert Counter(answer.how for answer in answers) == {"taken": 1, "replayed": 19}
    assert {answer.receipt for answer in answers} == {A_RECEIPT}
    assert await intake.topics() == [PARTICULARS.name, EVENTS]


async def test_given_one_reference_under_twenty_keys_at_once_then_one_dossier(intake):
    answers = await asyncio.gather(
        *(intake.counter.hand_in(NATIONAL, f"k{n}", a_birth()) for n in range(20))
    )

    assert Counter(answer.how for answer in answers) == {"taken": 1, "known": 19}
    assert {answer.receipt for answer in answers} == {A_RECEIPT}
    assert await intake.codes() == [FIRST_CODE]


async def test_given_both_roads_at_once_then_one_dossier(intake):
    await asyncio.gather(
        *(intake.counter.hand_in(NATIONAL, f"k{n}", a_birth()) for n in range(5)),
        *(intake.settle(a_letter(n, a_birth())) for n in range(5)),
    )

    assert await intake.codes() == [FIRST_CODE]
    assert len(await intake.outbox(EVENTS)) == 1
    assert {kind for _, kind, _ in await intake.replies()} == {"received"}


async def test_given_two_hundred_at_once_over_three_communes_then_codes_have_no_gap(intake):
    communes = [THU_DAU_MOT] * 100 + [PHU_LOI] * 60 + [BINH_DUONG] * 40

    await asyncio.gather(
        *(
            intake.counter.hand_in(NATIONAL, f"k{n}", a_birth(f"DVCQG-{n}", unit_code=unit))
            for n, unit in enumerate(communes)
        )
    )

    assert await intake.codes() == [
        f"H29.{unit}-261124-{number:04d}"
        for unit, count in Counter(communes).items()
        for number in range(1, count + 1)
    ]


async def test_given_a_transaction_undone_then_its_number_is_given_again(intake):
    handed = Handed(NATIONAL, Submission.model_validate(a_birth("DVCQG-9")), "f" * 64)
    async with intake.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await take(conn, intake.desk, [handed], NOW)
        await transaction.rollback()

    await intake.counter.hand_in(NATIONAL, "k", a_birth())

    assert await intake.codes() == [FIRST_CODE]


async def test_given_the_next_day_in_vietnam_then_numbers_begin_again(intake):
    await intake.counter.hand_in(NATIONAL, "k1", a_birth())
    intake.clock.now = datetime(2026, 11, 24, 17, tzinfo=UTC)
    await intake.counter.hand_in(NATIONAL, "k2", a_birth("DVCQG-2"))

    assert await intake.codes() == [FIRST_CODE, "H29.25747-261125-0001"]


async def test_given_the_night_of_the_merger_then_the_code_is_of_the_unit_that_was_and_of_today(
    intake,
):
    """A unit whose code is another place's today counts on with it: no code is given twice."""
    intake.clock.now = datetime(2025, 6, 30, 17, 10, tzinfo=UTC)
    form = a_birth()["form"]
    form = form | {"child": form["child"] | {"born_on": "2025-06-01"}}

    def document(name: str, province_code: str, unit_code: str, at: str) -> dict[str, Any]:
        places = {"unit_code": unit_code, "residence_unit_code": unit_code}
        return a_birth(name, province_code=province_code, form=form, submitted_at=at, **places)

    evening, morning = "2025-06-30T23:50:00+07:00", "2025-07-01T00:05:00+07:00"
    await intake.counter.hand_in(NATIONAL, "k1", document("DVCQG-1", "74", "25822", evening))
    await intake.settle(a_letter(0, document("DVCQG-2", "79", "26734", evening)))
    await intake.counter.hand_in(NATIONAL, "k3", document("DVCQG-3", "79", "25822", morning))

    assert await intake.codes() == [
        "H09.25822-250701-0001",
        "H29.25822-250701-0002",
        "H29.26734-250701-0001",
    ]


async def test_given_the_same_key_later_when_the_rules_have_changed_then_the_answer_stays(intake):
    places = {"unit_code": "26734", "residence_unit_code": "26734"}
    form = a_birth()["form"]
    form = form | {"child": form["child"] | {"born_on": "2025-06-01"}}
    document = a_birth(**places, form=form, submitted_at="2025-06-30T08:00:00+07:00")
    intake.clock.now = datetime(2025, 6, 30, 3, tzinfo=UTC)
    first = await intake.counter.hand_in(PROVINCIAL, "k", document)
    intake.clock.now += timedelta(days=1)

    again = await intake.counter.hand_in(PROVINCIAL, "k", document)
    by_another_key = await intake.counter.hand_in(PROVINCIAL, "k2", document)

    assert [first.how, again.how, by_another_key.how] == ["taken", "replayed", "known"]
    assert first.receipt == again.receipt == by_another_key.receipt


async def test_given_the_same_key_with_another_body_then_it_is_refused(intake):
    await intake.counter.hand_in(NATIONAL, "k", a_birth())

    assert await refusal(intake, "k", a_birth("DVCQG-2")) == (422, "idempotency-key-reused")
    assert await intake.codes() == [FIRST_CODE]


async def test_given_the_same_key_of_another_portal_then_it_is_another_key(intake):
    await intake.counter.hand_in(NATIONAL, "k", a_birth())
    other = Party("another-portal", "national-portal", frozenset({"*"}))

    answered = await intake.counter.hand_in(other, "k", a_birth("DVCQG-2"))

    assert answered.how == "taken"


async def test_given_a_refused_submission_then_nothing_is_kept_and_its_key_stays_free(intake):
    assert await refusal(intake, "k", a_birth(unit_code="20194")) == (422, "submission-invalid")
    tables = ("dossier", "idempotency_key", "code_counter", "stream", "outbox")
    assert [await intake.count(table) for table in tables] == [0] * 5

    corrected = await intake.counter.hand_in(NATIONAL, "k", a_birth())

    assert corrected == Answered(A_RECEIPT, "taken")


async def test_given_a_known_reference_with_other_content_then_conflict_and_the_key_is_free(intake):
    await intake.counter.hand_in(NATIONAL, "k1", a_birth())

    assert await refusal(intake, "k2", a_birth(notify_by=[])) == (409, "reference-used")
    assert (await intake.counter.hand_in(NATIONAL, "k2", a_birth("DVCQG-2"))).how == "taken"


async def test_given_the_same_reference_of_another_portal_then_it_is_another_dossier(intake):
    await intake.counter.hand_in(NATIONAL, "k1", a_birth())
    other = Party("another-portal", "national-portal", frozenset({"*"}))
    await intake.counter.hand_in(other, "k1", a_birth())

    assert await intake.codes() == [FIRST_CODE, "H29.25747-261124-0002"]


async def test_given_taken_dossiers_then_no_row_says_anything_of_a_person(intake):
    await intake.counter.hand_in(NATIONAL, "call +84900000123", a_birth())

    said = await intake.everything()

    assert [word for word in PERSONAL if word in said] == []
    assert FIRST_CODE in said


async def test_given_an_erasure_then_one_tombstone_and_no_row_or_hash_is_left(intake):
    await intake.counter.hand_in(NATIONAL, "k", a_birth())
    await intake.counter.hand_in(NATIONAL, "k2", a_birth("DVCQG-2"))
    await intake.relay_all()

    assert [await intake.erased(A_DOSSIER), await intake.erased(A_DOSSIER)] == [True, False]

    assert await intake.outbox(PARTICULARS.name) == [(str(A_DOSSIER), None)]
    sent = await intake.pool.fetch("SELECT key FROM outbox_sent WHERE topic = $1", PARTICULARS.name)
    other = dossier_id_of("national-portal", "DVCQG-2")
    assert [row["key"].decode() for row in sent] == [str(other)]
    kept = await intake.pool.fetch("SELECT dossier_id FROM dossier_particulars")
    assert [row["dossier_id"] for row in kept] == [other]
    assert fingerprint_of(a_birth()) not in await intake.everything()


async def test_given_an_erasure_before_the_data_were_sent_then_only_the_tombstone_leaves(intake):
    await intake.counter.hand_in(NATIONAL, "k", a_birth())

    await intake.erased(A_DOSSIER)

    assert await intake.topics() == [EVENTS, PARTICULARS.name]
    assert await intake.outbox(PARTICULARS.name) == [(str(A_DOSSIER), None)]


async def test_given_an_erased_dossier_then_its_key_is_still_answered_and_nothing_returns(intake):
    await intake.counter.hand_in(NATIONAL, "k", a_birth())
    await intake.erased(A_DOSSIER)

    assert await intake.counter.hand_in(NATIONAL, "k", a_birth()) == Answered(A_RECEIPT, "replayed")
    assert await refusal(intake, "k2", a_birth()) == (409, "reference-used")
    assert await intake.outbox(PARTICULARS.name) == [(str(A_DOSSIER), None)]


async def test_given_an_unknown_dossier_when_erased_then_it_is_not_found(intake):
    with pytest.raises(ProblemRaised) as raised:
        await intake.erased(A_DOSSIER)

    assert raised.value.problem.status == 404
    assert await intake.count("stream") == 0


async def test_given_ten_erasures_at_once_then_one_tombstone(intake):
    await intake.counter.hand_in(NATIONAL, "k", a_birth())

    erased = await asyncio.gather(*(intake.erased(A_DOSSIER) for _ in range(10)))

    assert Counter(erased) == {True: 1, False: 9}
    assert await intake.outbox(PARTICULARS.name) == [(str(A_DOSSIER), None)]
