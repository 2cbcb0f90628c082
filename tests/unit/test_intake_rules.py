"""The intake's rules: taken once, added to, asked back once, erased once; its code and id."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from contracts.decision import Context, Decision, Refused
from contracts.events import (
    AttachmentRef,
    Imported,
    ParticularsRef,
    Resubmitted,
    Submitted,
    WithdrawalRequested,
)
from contracts.model import DossierCode, local_day
from contracts.portal import Submission, Supplement, Withdrawal
from intake.domain import (
    LAST_ROUND,
    Added,
    Dossier,
    Erase,
    Erased,
    Resubmit,
    Submit,
    Taken,
    Withdraw,
    decide_erasure,
    decide_resubmission,
    decide_submission,
    decide_withdrawal,
    dossier_code,
    dossier_id_of,
)
from reference import load
from tests.unit.intake_kit import NATIONAL, NOW, THU_DAU_MOT, a_birth

A_DOSSIER = UUID("6f0f2c1e-0000-4000-8000-00000000000a")
CONTEXT = Context(NOW, load())
NEW = Dossier(A_DOSSIER, "H29.25747-261124-0001")
TAKEN = Dossier(A_DOSSIER, NEW.code, Taken("national-portal", "DVCQG-1", "f" * 64, NOW))
ERASED = Dossier(
    A_DOSSIER,
    NEW.code,
    Taken("national-portal", "DVCQG-1", None, NOW),
    Erased(NOW, "operator"),
)
PARTICULARS = ParticularsRef(version=1, sha256="c" * 64)
SUBMIT = Submit(NATIONAL, Submission.model_validate(a_birth()), "f" * 64, PARTICULARS)
A_PAPER = AttachmentRef(
    kind="kinship_proof",
    uri="https://files.example.org/2",
    media_type="application/pdf",
    size_bytes=2000,
    sha256="b" * 64,
)
SUPPLEMENT = Supplement.model_validate(
    {
        "portal_reference": "DVCQG-1",
        "resubmitted_at": NOW,
        "attachments": [A_PAPER.model_dump() | {"name": "cam-doan.pdf"}],
    }
)
RESUBMIT = Resubmit(SUPPLEMENT, "e" * 64, PARTICULARS)
RESUBMITTED = replace(TAKEN, added=(Added("e" * 64, NOW),))
WITHDRAW = Withdraw(Withdrawal(portal_reference="DVCQG-1", requested_at=NOW))
WITHDRAWN = replace(TAKEN, withdrawal_received_at=NOW)


def test_given_a_new_dossier_when_submitted_then_it_is_taken_and_said_without_a_name():
    decision = decide_submission(SUBMIT, NEW, CONTEXT)

    submitted = Submitted(
        channel="national-portal",
        portal="national-portal",
        portal_reference="DVCQG-1",
        procedure_code="1.001193",
        province_code="79",
        unit_code=THU_DAU_MOT,
        residence_unit_code=THU_DAU_MOT,
        submitted_at=NOW,
        particulars=PARTICULARS,
        attachments=(
            AttachmentRef(
                kind="birth_notification",
                uri="https://files.example.org/1",
                media_type="image/jpeg",
                size_bytes=1000,
                sha256="a" * 64,
            ),
        ),
    )
    assert decision == Decision(TAKEN, (submitted,))


def test_given_a_taken_dossier_when_submitted_then_nothing_is_said_again():
    assert decide_submission(SUBMIT, TAKEN, CONTEXT) == Refused((), "taken_already")


def test_given_an_imported_dossier_with_flags_when_submitted_then_both_are_said():
    imported = Imported(batch="b1", stage="waiting")
    command = replace(SUBMIT, flags=("late_registration",), imported=imported)

    decision = decide_submission(command, NEW, CONTEXT)

    (submitted,) = decision.events
    assert (submitted.flags, submitted.imported) == (("late_registration",), imported)


def test_given_a_taken_dossier_when_resubmitted_then_it_is_in_its_next_round():
    first = decide_resubmission(RESUBMIT, TAKEN, CONTEXT)
    second = decide_resubmission(replace(RESUBMIT, fingerprint="d" * 64), RESUBMITTED, CONTEXT)

    said = Resubmitted(
        round=2,
        particulars=PARTICULARS,
        attachments=(A_PAPER,),
        resubmitted_at=NOW,
        received_at=NOW,
    )
    assert first == Decision(RESUBMITTED, (said,))
    assert [event.round for event in second.events] == [3]


def test_given_a_portal_that_tells_another_time_then_the_event_says_when_it_was_taken():
    later = Context(NOW + timedelta(days=3), CONTEXT.reference)

    (said,) = decide_resubmission(RESUBMIT, TAKEN, later).events

    assert (said.resubmitted_at, said.received_at) == (NOW, later.now)


def test_given_a_supplement_that_came_before_then_nothing_is_said_again():
    later = Context(NOW + timedelta(days=1), CONTEXT.reference)

    assert decide_resubmission(RESUBMIT, RESUBMITTED, later) == Decision(RESUBMITTED)


@pytest.mark.parametrize("rounds", [LAST_ROUND - 1, LAST_ROUND])
def test_given_the_last_round_then_nothing_can_be_added_and_before_it_something_can(rounds):
    added = tuple(Added(f"{n:064d}", NOW) for n in range(rounds - 1))

    decision = decide_resubmission(RESUBMIT, replace(TAKEN, added=added), CONTEXT)

    assert (decision == Refused((), "too_many_supplements")) == (rounds == LAST_ROUND)


def test_given_a_taken_dossier_when_withdrawn_then_it_is_said_once_and_the_first_time_counts():
    later = Context(NOW + timedelta(days=1), CONTEXT.reference)

    said = WithdrawalRequested(requested_at=NOW)
    assert decide_withdrawal(WITHDRAW, TAKEN, CONTEXT) == Decision(WITHDRAWN, (said,))
    assert decide_withdrawal(WITHDRAW, WITHDRAWN, later) == Decision(WITHDRAWN)


@pytest.mark.parametrize(
    ("state", "reason"), [(NEW, "not_submitted"), (ERASED, "personal_data_erased")]
)
def test_given_no_or_an_erased_dossier_then_nothing_follows(state, reason):
    assert decide_resubmission(RESUBMIT, state, CONTEXT) == Refused((), reason)
    assert decide_withdrawal(WITHDRAW, state, CONTEXT) == Refused((), reason)


def test_given_a_dossier_with_supplements_when_erased_then_their_fingerprints_go_too():
    decision = decide_erasure(Erase("operator"), RESUBMITTED, CONTEXT)

    assert decision == Decision(replace(ERASED, added=(Added(None, NOW),)))


def test_given_a_taken_dossier_when_erased_then_its_fingerprint_goes_too():
    assert decide_erasure(Erase("operator"), TAKEN, CONTEXT) == Decision(ERASED)


def test_given_an_erased_dossier_when_erased_by_another_then_the_first_stays():
    assert decide_erasure(Erase("somebody"), ERASED, CONTEXT) == Decision(ERASED)


def test_given_a_dossier_never_submitted_when_erased_then_it_is_refused():
    assert decide_erasure(Erase("operator"), NEW, CONTEXT) == Refused((), "not_submitted")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (1, "H29.26734-261124-0001"),
        (7, "H29.26734-261124-0007"),
        (9_999, "H29.26734-261124-9999"),
        (10_000, "H29.26734-261124-10000"),
        (9_999_999, "H29.26734-261124-9999999"),
    ],
)
def test_given_a_number_then_the_code_has_four_digits_and_grows(number, code):
    made = dossier_code("H29", "26734", date(2026, 11, 24), number)

    assert TypeAdapter(DossierCode).validate_python(made) == code


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 11, 24, 16, 59, 59, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 17, 0, 0, tzinfo=UTC), date(2026, 11, 25)),
    ],
)
def test_given_an_instant_then_midnight_in_vietnam_begins_the_day(instant, day):
    assert local_day(instant) == day


def test_given_portal_and_reference_then_the_id_is_always_the_same_and_only_theirs():
    assert dossier_id_of("national-portal", "DVCQG-1") == UUID(
        "e384ef4c-1ba7-5bfd-bfb7-3387506f438b"
    )
    assert dossier_id_of("moj-direct", "DVCQG-1") != dossier_id_of("national-portal", "DVCQG-1")
