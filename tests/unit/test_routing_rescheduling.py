"""Moving an appointment: the apology, the check with another authority, the prepared one."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from contracts.decision import Refused
from contracts.events import Rescheduled
from reference.steps import VIETNAM
from routing.domain import (
    AUTOMATIC,
    Accept,
    Apologise,
    Resume,
    Verify,
    allowed_acts,
    prepared_apology,
)
from routing.domain.acts import (
    APOLOGY_TOO_LATE,
    MISSED,
    NO_APPOINTMENT,
    NO_VERIFICATION,
    ONE_APOLOGY,
    ONE_VERIFICATION,
)
from routing.domain.rescheduling import NO_REASON, NOT_AFTER, TOO_FAR
from tests.unit.builders import MARRIAGE, a_paper
from tests.unit.deadline_kit import changed_reference
from tests.unit.routing_kit import (
    LINKED,
    OFFICER,
    PARENT,
    STOP,
    THURSDAY,
    accepted,
    after,
    at,
    by_officer,
    certificate,
    done,
    more_papers,
    refused,
    register_wants,
)

FRIDAY, MONDAY, TUESDAY = "2026-10-16 09:00", "2026-10-19 16:59", "2026-10-20 08:00"
SORRY = Apologise(OFFICER, "staff_shortage", date(2026, 10, 23))
CHECK = Verify(OFFICER, "verify_information")
#: Three working days, five more for a check on top.
KINSHIP = {"procedure_code": PARENT, "attachments": (a_paper("kinship_proof"),)}


def due_of(case):
    assert case.appointment is not None
    return case.appointment


def test_given_a_day_before_the_appointment_when_apologised_then_a_new_one_with_its_reason():
    old = due_of(certificate())

    decision = done(SORRY, certificate(), by_officer(MONDAY))

    case = decision.state
    new = due_of(case)
    assert decision.events == (
        Rescheduled(
            kind="apology",
            reason="staff_shortage",
            old_due_on=date(2026, 10, 20),
            due=new,
            actor=OFFICER,
        ),
    )
    assert (case.apologies, new.due_at, new.due_on) == (
        1,
        at("2026-10-23 17:00"),
        date(2026, 10, 23),
    )
    assert new.steps[:-1] == old.steps
    step = new.steps[-1]
    assert (step.kind, step.source) == ("apology", "NĐ 61/2018/NĐ-CP, Điều 19")
    assert (step.from_at, step.to_at) == (old.due_at, new.due_at)
    for part in ("20/10/2026", "23/10/2026", "không bố trí kịp người"):
        assert part in step.note_vi
    assert new.statutory_due_on == old.statutory_due_on


@pytest.mark.parametrize("now", [TUESDAY, "2026-10-20 00:00", "2026-10-25 09:00"])
def test_given_the_day_itself_or_later_when_apologised_then_too_late(now: str):
    no = refused(SORRY, certificate(), by_officer(now))

    assert no.reason == APOLOGY_TOO_LATE
    assert "apologise" not in no.allowed


def test_given_an_apology_when_apologised_again_then_refused_by_the_rule_of_once():
    case = after(certificate(), (SORRY, by_officer(FRIDAY)))

    no = refused(Apologise(OFFICER, "system_outage", date(2026, 10, 30)), case, by_officer(FRIDAY))

    assert no == Refused(("stop", "verify"), ONE_APOLOGY)


@pytest.mark.parametrize(
    "day", [date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 20), date(2026, 10, 19)]
)
def test_given_a_day_off_or_one_not_after_the_old_when_apologised_then_refused(day: date):
    no = refused(Apologise(OFFICER, "staff_shortage", day), certificate(), by_officer(FRIDAY))

    assert no == Refused(("stop", "apologise", "verify"), NOT_AFTER)


@pytest.mark.parametrize(
    "day", [date(2026, 11, 20), date(2027, 10, 15), date(2028, 1, 5), date(2099, 1, 5)]
)
def test_given_a_day_too_far_off_when_apologised_then_refused(day: date):
    """The old day is Tuesday 20 October; 30 days after it is Thursday 19 November."""
    no = refused(Apologise(OFFICER, "staff_shortage", day), certificate(), by_officer(FRIDAY))

    assert no == Refused(("stop", "apologise", "verify"), TOO_FAR)
    last = Apologise(OFFICER, "staff_shortage", date(2026, 11, 19))
    assert due_of(done(last, certificate(), by_officer(FRIDAY)).state).due_on == last.new_due_on


def test_given_a_year_the_calendar_does_not_know_when_apologised_then_refused_and_none_is_ready():
    case = certificate("2027-12-28 09:00")
    assert due_of(case).due_on == date(2027, 12, 31)
    now = by_officer("2027-12-30 09:00")

    for day in (date(2028, 1, 3), date(2028, 1, 28)):
        assert refused(Apologise(OFFICER, "staff_shortage", day), case, now).reason == TOO_FAR
    assert prepared_apology(case, now) is None


def test_given_another_bound_in_the_data_then_it_holds_and_the_prepared_apology_keeps_it(
    tmp_path: Path,
):
    known = changed_reference(tmp_path, [("time_limits.csv", "apology,*,30", "apology,*,2")])
    now = by_officer(MONDAY, known)

    no = refused(SORRY, certificate(), now)
    ready = prepared_apology(certificate(), now)

    assert no.reason == TOO_FAR
    assert ready == Apologise(AUTOMATIC, "other_authority_late", date(2026, 10, 22))
    done(ready, certificate(), now)


def test_given_data_without_a_bound_when_apologised_then_only_the_known_years_bound_it(
    tmp_path: Path,
):
    known = changed_reference(tmp_path, [("time_limits.csv", "apology,*,", "apology,1.001193,")])
    far = Apologise(OFFICER, "staff_shortage", date(2027, 10, 15))

    assert due_of(done(far, certificate(), by_officer(FRIDAY, known)).state).due_on == (
        far.new_due_on
    )


def test_given_a_working_saturday_when_apologised_for_it_then_that_day():
    case = certificate("2026-08-17 09:00")
    act = Apologise(OFFICER, "staff_shortage", date(2026, 8, 22))

    assert due_of(done(act, case, by_officer("2026-08-18 09:00")).state).due_at == (
        at("2026-08-22 17:00")
    )


def test_given_no_appointment_when_apologised_or_checked_then_refused():
    case = accepted(procedure_code=LINKED)

    assert refused(SORRY, case, by_officer()).reason == NO_APPOINTMENT
    assert refused(CHECK, case, by_officer()).reason == NO_APPOINTMENT
    assert allowed_acts(case, by_officer()) == ("stop",)


def test_given_time_on_top_when_checked_then_counted_from_the_old_appointment():
    decision = done(CHECK, accepted(**KINSHIP), by_officer(FRIDAY))

    case = decision.state
    assert decision.events == (
        Rescheduled(
            kind="verification",
            reason="verify_information",
            old_due_on=date(2026, 10, 20),
            due=due_of(case),
            actor=OFFICER,
        ),
    )
    assert (case.verifications, due_of(case).due_at) == (1, at("2026-10-27 17:00"))
    assert due_of(case).steps[-1].kind == "verification"


def test_given_a_longest_time_in_all_when_checked_then_counted_from_the_reception():
    case = accepted("2026-10-15 15:30", procedure_code=MARRIAGE, attachments=())
    assert due_of(case).due_at == at("2026-10-16 17:00")

    assert due_of(done(CHECK, case, by_officer(FRIDAY)).state).due_at == at("2026-10-22 17:00")


def test_given_a_time_no_longer_than_the_limit_when_checked_then_it_comes_on_top():
    assert due_of(done(CHECK, certificate(), by_officer(FRIDAY)).state).due_at == (
        at("2026-10-23 17:00")
    )


def test_given_a_check_when_checked_again_then_refused_by_the_rule_of_once():
    case = after(accepted(**KINSHIP), (CHECK, by_officer(FRIDAY)))

    assert refused(CHECK, case, by_officer(FRIDAY)) == Refused(
        ("stop", "apologise"), ONE_VERIFICATION
    )


def test_given_a_missed_appointment_when_checked_then_refused_it_is_not_moved():
    no = refused(CHECK, accepted(**KINSHIP), by_officer("2026-10-20 17:01"))

    assert no == Refused(("stop",), MISSED)


def test_given_a_procedure_without_time_for_a_check_then_refused():
    case = accepted(procedure_code="1.004746", attachments=(a_paper("earlier_papers"),))

    assert refused(CHECK, case, by_officer()).reason == NO_VERIFICATION


def test_given_an_apology_beyond_the_longest_time_when_checked_then_refused():
    case = accepted("2026-10-15 15:30", procedure_code=MARRIAGE, attachments=())
    case = after(
        case,
        (
            Apologise(OFFICER, "system_outage", date(2026, 10, 30)),
            by_officer("2026-10-15 16:00"),
        ),
    )

    assert refused(CHECK, case, by_officer(FRIDAY)).reason == NO_VERIFICATION


@pytest.mark.parametrize("act", [SORRY, CHECK])
def test_given_a_reason_of_another_list_then_refused(act):
    wrong = replace(act, reason="legal_obstacle")

    assert refused(wrong, accepted(**KINSHIP), by_officer(FRIDAY)).reason == NO_REASON


def test_given_an_apology_when_stopped_and_resumed_then_the_promise_moves_by_the_pause_only():
    case = after(
        certificate(),
        (SORRY, by_officer(FRIDAY)),  # Friday 23 October
        (STOP, by_officer("2026-10-20 09:00")),
        (Resume(OFFICER), by_officer("2026-10-22 09:00")),
    )

    due = due_of(case)
    assert due.due_at == at("2026-10-27 17:00")
    assert [step.kind for step in due.steps].count("apology") == 1
    assert [step.kind for step in due.steps].count("paused") == 1

    twice = after(
        case,
        (STOP, by_officer("2026-10-26 09:00")),
        (Resume(OFFICER), by_officer("2026-10-26 10:00")),
    )
    assert due_of(twice).due_at == at("2026-10-28 17:00")
    assert [step.kind for step in due_of(twice).steps].count("paused") == 2


def test_given_an_apology_when_stopped_on_its_day_and_resumed_then_the_rest_of_the_day_counts_on():
    case = after(
        certificate(),
        (SORRY, by_officer(FRIDAY)),
        (STOP, by_officer("2026-10-23 16:00")),
        (Resume(OFFICER), by_officer("2026-10-26 08:00")),
    )

    assert due_of(case).due_at == at("2026-10-26 17:00")


def test_given_an_apology_when_missed_then_a_stop_moves_nothing():
    case = after(certificate(), (SORRY, by_officer(FRIDAY)))

    later = after(
        case,
        (STOP, by_officer("2026-10-26 09:00")),
        (Resume(OFFICER), by_officer("2026-10-28 09:00")),
    )

    assert later.appointment == case.appointment


def test_given_a_check_and_a_supplement_for_the_register_when_accepted_again_then_pushed_on_once():
    case = after(
        accepted(**KINSHIP),
        (CHECK, by_officer(FRIDAY)),  # Tuesday 27 October
        (register_wants(), by_officer("2026-10-19 08:00")),
        (more_papers("2026-10-21 08:00"), by_officer("2026-10-21 08:00")),
        (Accept(OFFICER), by_officer("2026-10-21 09:00")),
    )

    due = due_of(case)
    assert (case.rounds, due.due_at) == (2, at("2026-10-29 17:00"))
    again = after(
        case,
        (STOP, by_officer("2026-10-22 09:00")),
        (Resume(OFFICER), by_officer("2026-10-22 09:00")),
    )
    assert again.appointment == due


@pytest.mark.parametrize(("now", "is_ready"), [(FRIDAY, False), (MONDAY, True), (TUESDAY, False)])
def test_an_apology_is_made_ready_on_the_last_day_it_is_in_time(now: str, is_ready: bool):
    ready = prepared_apology(certificate(), by_officer(now))

    assert (ready is not None) is is_ready
    if ready is not None:
        assert ready == Apologise(AUTOMATIC, "other_authority_late", date(2026, 10, 23))
        done(ready, certificate(), by_officer(now))


def test_given_a_check_when_an_apology_is_made_ready_then_it_names_the_check():
    case = after(certificate(), (CHECK, by_officer(FRIDAY)))

    ready = prepared_apology(case, by_officer("2026-10-22 09:00"))

    assert ready == Apologise(AUTOMATIC, "verification_late", date(2026, 10, 28))


def test_given_24_hours_that_end_on_a_day_off_when_an_apology_is_made_ready_then_a_working_day():
    case = accepted("2027-03-04 10:00")  # a Thursday
    assert due_of(case).due_at == at("2027-03-05 10:00")

    ready = prepared_apology(case, by_officer("2027-03-04 11:00"))

    assert ready is not None
    assert ready.new_due_on == date(2027, 3, 8)
    done(ready, case, by_officer("2027-03-04 11:00"))


@pytest.mark.parametrize("steps", [(SORRY,), (STOP,)])
def test_given_an_apology_was_sent_or_the_clock_stands_then_none_is_made_ready(steps):
    case = after(certificate(), *((step, by_officer(FRIDAY)) for step in steps))

    assert prepared_apology(case, by_officer(MONDAY)) is None


def test_the_kit_counts_in_vietnamese_time():
    assert at(THURSDAY).tzinfo == VIETNAM
