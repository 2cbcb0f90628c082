"""Dossiers of the intake made once more from what it said."""

from datetime import timedelta

from contracts.envelope import Cause
from contracts.events import ParticularsRef, Resubmitted, WithdrawalRequested
from intake.domain import Added, Taken
from intake.rebuild import plan
from intake.rebuild_kept import submission_of
from plumbing.rebuilding.telling import tell
from tests.unit.builders import A_CODE, A_DOSSIER, NOW, SOME_HASH, a_submission, some_particulars
from tests.unit.rebuild_kit import DossierLog

PLAN = plan(None)
LED_TO = Cause("submission:national-portal:DVCQG-1", SOME_HASH)


def a_log() -> DossierLog:
    """Return the log of a dossier that was added to, asked back and erased."""
    log = DossierLog(A_DOSSIER, A_CODE)
    log.seal(some_particulars(), 1, NOW)
    log.say(a_submission(), LED_TO, NOW)
    for round_ in (2, 3):
        at = NOW + timedelta(days=round_)
        again = Resubmitted(
            round=round_,
            particulars=ParticularsRef(version=round_, sha256=SOME_HASH),
            attachments=a_submission().attachments,
            resubmitted_at=at,
            received_at=at,
        )
        log.say(again, Cause(f"supplement:{round_}", SOME_HASH), at)
    asked = WithdrawalRequested(requested_at=NOW)
    log.say(asked, Cause("withdrawal:1", SOME_HASH), NOW + timedelta(days=5))
    log.seal(None, 0, NOW + timedelta(days=6))
    return log


def test_all_a_dossier_was_handed_comes_out_of_its_log_byte_for_byte():
    told = tell(PLAN, a_log().story("intake", None), {})

    assert (told.notes, told.proved, told.unheard) == ((), 4, ())
    state = told.state
    assert state is not None
    assert state.code == A_CODE
    assert state.taken == Taken("national-portal", "DVCQG-1", None, NOW)
    assert state.added == tuple(Added(None, NOW + timedelta(days=day)) for day in (2, 3))
    assert state.withdrawal_received_at == NOW + timedelta(days=5)
    assert state.erased is not None
    assert state.erased.by == "unknown"


def test_what_todays_rules_would_not_say_is_taken_from_the_log_and_named():
    log = a_log()
    late = Resubmitted(
        round=9,
        particulars=ParticularsRef(version=9, sha256=SOME_HASH),
        resubmitted_at=NOW,
    )
    log.say(late, Cause("supplement:9", SOME_HASH), NOW + timedelta(days=7))

    told = tell(PLAN, log.story("intake", None), {})

    assert [(note.sequence, note.event, note.why) for note in told.notes] == [
        (5, "resubmitted", "rules_differ")
    ]
    assert told.state is not None
    assert len(told.state.added) == 3
    assert told.head.hash == log.heads["intake"].hash


def test_the_submission_as_it_stands_is_made_of_its_event_and_the_latest_personal_data():
    log = DossierLog(A_DOSSIER, A_CODE)
    for version, note in ((1, None), (2, "bổ sung")):
        log.seal(some_particulars(note), version, NOW)
    log.say(a_submission(), LED_TO, NOW)

    told = tell(PLAN, log.story("intake"), {})
    kept = submission_of(log.story("intake"))

    assert (told.notes, told.proved, told.unheard) == ((), 1, ())
    assert told.state is not None
    assert told.state.code == A_CODE
    assert kept is not None
    assert kept.version == 2
    assert dict(kept.submission) == dict(kept.submission) | dict(some_particulars("bổ sung"))
    assert kept.submission.submitted_at == a_submission().submitted_at
    assert submission_of(a_log().story("intake")) is None
