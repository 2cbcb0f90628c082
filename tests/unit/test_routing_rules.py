"""Reception: the competent authority of each regime, the desk, the machine, the imported."""

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.events import Accepted, Imported, Returned, Routed
from routing.domain import AUTOMATIC, IMPORT, RULES, Accept, Case, missing_papers
from routing.domain.acts import PAPERS_MISSING
from tests.unit.builders import A_CODE, A_DOSSIER, A_UNIT, COPY, MARRIAGE, a_paper
from tests.unit.deadline_kit import changed_reference
from tests.unit.routing_kit import (
    ACTS,
    ASK,
    KNOWN,
    LINKED,
    MARRIAGE_FOREIGN,
    NEXT_UNIT,
    OFFICER,
    PAPER,
    THURSDAY,
    a_dossier,
    after,
    at,
    by_machine,
    by_officer,
    done,
    heard,
    more_papers,
    names,
    on_desk,
    refused,
    register_wants,
)

FOREIGN = {
    "procedure_code": MARRIAGE_FOREIGN,
    "attachments": tuple(
        map(a_paper, ("medical_certificate", "marital_status_paper", "passport_copy"))
    ),
}


def test_given_an_officers_unit_when_submitted_then_it_waits_on_the_desk_with_its_due_moment():
    decision = done(a_dossier(), None, by_officer())

    case = decision.state
    assert decision.events == (
        Routed(unit_code=A_UNIT, reference_version=KNOWN.version, reception_due=case.reception_due),
    )
    assert (case.code, case.status, case.unit_code, case.papers) == (
        A_CODE,
        "received",
        A_UNIT,
        (PAPER,),
    )
    assert case.reception_due is not None
    assert case.reception_due.due_at == at("2026-10-15 17:00")


def test_given_a_complete_birth_when_a_machine_receives_then_routed_and_accepted_at_once():
    decision = done(a_dossier(), None, by_machine())

    case = decision.state
    assert decision.events[1] == Accepted(
        unit_code=A_UNIT,
        procedure_code="1.001193",
        actor=AUTOMATIC,
        reference_version=KNOWN.version,
        due=case.appointment,
        received_at=at(THURSDAY),
        province_code="79",
    )
    assert (case.status, case.rounds, case.received_at) == ("accepted", 1, at(THURSDAY))
    assert case.appointment is not None
    assert case.appointment.statutory_due_on == at(THURSDAY).date()
    assert case.appointment.published_due_on is None


def test_given_a_missing_paper_when_a_machine_receives_then_a_supplement_naming_it_is_asked():
    decision = done(a_dossier(attachments=()), None, by_machine())

    case = decision.state
    assert decision.events[1] == Returned(
        kind="supplement",
        reasons=("missing_paper",),
        papers=(PAPER,),
        actor=AUTOMATIC,
        supplement_due=case.supplement_due,
    )
    assert (case.status, case.supplements) == ("supplement", 1)
    assert case.supplement_due is not None
    assert case.supplement_due.due_at == at("2026-10-26 17:00")


def test_given_an_officer_when_accepted_then_by_them_and_counted_from_then():
    decision = done(Accept(OFFICER), on_desk(), by_officer("2026-10-15 16:00"))

    (accepted,) = decision.events
    assert isinstance(accepted, Accepted)
    assert (accepted.actor, accepted.received_at, accepted.round) == (
        OFFICER,
        at("2026-10-15 16:00"),
        1,
    )
    assert accepted.due is not None
    assert accepted.due.due_at == at("2026-10-16 17:00")


@pytest.mark.parametrize(
    ("now", "unit", "changes", "said"),
    [
        # 2021: the district decides what has a foreign element, the commune the rest.
        ("2021-11-15 09:00", "760", FOREIGN, ["routed", "accepted"]),
        ("2021-11-15 09:00", A_UNIT, FOREIGN, ["returned"]),
        ("2021-11-15 09:00", A_UNIT, {}, ["routed", "accepted"]),
        ("2021-11-15 09:00", "760", {}, ["returned"]),
        ("2021-11-15 09:00", NEXT_UNIT, {}, ["returned"]),
        # The last and the first day of two regimes.
        ("2025-06-30 09:00", "760", FOREIGN, ["routed", "accepted"]),
        ("2025-07-01 09:00", A_UNIT, FOREIGN, ["routed", "accepted"]),
        ("2025-06-30 09:00", NEXT_UNIT, {}, ["returned"]),
        ("2025-07-01 09:00", NEXT_UNIT, {}, ["forwarded", "accepted"]),
        # The law of 2026.
        ("2027-03-01 09:00", A_UNIT, {}, ["routed", "accepted"]),
        ("2027-03-01 09:00", NEXT_UNIT, {}, ["forwarded", "accepted"]),
    ],
)
def test_given_a_day_when_submitted_then_the_authority_of_that_day_gets_it(
    now, unit, changes, said
):
    decision = done(a_dossier(now, unit_code=unit, **changes), None, by_machine(now))

    assert names(decision) == said


def test_given_another_commune_of_the_province_when_submitted_then_the_competent_one_has_it():
    decision = done(a_dossier(unit_code=NEXT_UNIT), None, by_officer())

    (forwarded,) = decision.events
    assert (forwarded.from_unit_code, forwarded.to_unit_code) == (NEXT_UNIT, A_UNIT)
    assert (forwarded.reason, forwarded.certain, forwarded.actor) == (
        "not_competent",
        True,
        AUTOMATIC,
    )
    assert forwarded.source == KNOWN.redirection(at(THURSDAY).date()).source
    assert forwarded.reception_due == decision.state.reception_due
    assert forwarded.reception_due is not None
    assert (decision.state.status, decision.state.unit_code) == ("received", A_UNIT)


@pytest.mark.parametrize(
    "changes",
    [
        {"residence_unit_code": "00691"},
        {"residence_unit_code": "99999"},
        {"procedure_code": "9.999999"},
        {"procedure_code": COPY, "residence_unit_code": "00691", "attachments": ()},
    ],
    ids=["another province", "no such commune", "no such procedure", "many are competent"],
)
def test_given_no_single_unit_of_the_province_when_submitted_then_wrong_authority(changes):
    decision = done(a_dossier(**changes), None, by_officer())

    assert decision.events == (
        Returned(kind="wrong_authority", reasons=("not_competent",), actor=AUTOMATIC),
    )
    assert decision.state.status == "wrong_authority"


def test_given_an_extract_copy_when_submitted_to_another_commune_then_accepted():
    decision = done(
        a_dossier(procedure_code=COPY, unit_code=NEXT_UNIT, attachments=()), None, by_machine()
    )

    assert names(decision) == ["routed", "accepted"]


def test_given_a_marriage_without_papers_when_submitted_then_accepted():
    decision = done(a_dossier(procedure_code=MARRIAGE, attachments=()), None, by_machine())

    assert names(decision) == ["routed", "accepted"]


def test_given_a_linked_procedure_when_accepted_then_no_appointment_and_the_trail_says_so():
    decision = done(a_dossier(procedure_code=LINKED), None, by_machine())

    accepted = decision.events[1]
    assert isinstance(accepted, Accepted)
    assert accepted.due is None
    assert decision.state.trail[-1].note == "no_due"


def test_given_2027_when_a_birth_is_accepted_then_24_hours_through_the_night():
    decision = done(a_dossier("2027-03-01 16:45"), None, by_machine("2027-03-01 16:45"))

    due = decision.state.appointment
    assert due is not None
    assert (due.due_at, due.unit, due.value) == (at("2027-03-02 16:45"), "hour", 24)


def test_given_a_submission_of_february_2027_when_accepted_in_march_then_the_old_law_counts():
    case = on_desk("2027-02-28 23:00")

    decision = done(Accept(OFFICER), case, by_officer("2027-03-01 16:45"))

    due = decision.state.appointment
    assert due is not None
    assert (due.due_at, due.unit) == (at("2027-03-02 17:00"), "same_day")


#: Phường Tân Định until 2025-06-30; all of it is in 26737 from then on.
OLD = {"unit_code": "26734", "residence_unit_code": "26734"}
AT_REGISTER = Imported(batch="2025", stage="at_register")


@pytest.mark.parametrize("imported", [None, AT_REGISTER])
def test_given_a_dossier_of_a_dissolved_unit_when_heard_later_then_it_goes_where_it_went(imported):
    submitted = a_dossier("2025-06-30 23:50", imported=imported, **OLD)

    decision = done(submitted, None, by_machine("2025-07-01 00:10"))

    assert names(decision) == ["routed", "forwarded", "accepted"]
    routed, forwarded, accepted = decision.events
    assert (routed.unit_code, routed.reception_due) == ("26734", forwarded.reception_due)
    assert (forwarded.from_unit_code, forwarded.to_unit_code) == ("26734", "26737")
    assert (forwarded.reason, forwarded.province_code) == ("merger", "79")
    assert (accepted.unit_code, accepted.province_code) == ("26737", "79")
    assert (decision.state.unit_code, decision.state.unit_on) == (
        "26737",
        at("2025-07-01 00:10").date(),
    )


def test_given_a_unit_that_is_no_more_when_officers_receive_then_on_the_successors_desk():
    submitted = a_dossier("2025-06-30 23:50", **OLD)

    decision = done(submitted, None, by_officer("2025-07-01 00:10"))

    assert names(decision) == ["routed", "forwarded"]
    assert (decision.state.status, decision.state.unit_code) == ("received", "26737")


def test_given_an_officer_who_is_faster_than_the_sweeper_when_accepted_then_at_the_successor():
    case = on_desk("2025-06-30 16:00", **OLD)

    decision = done(Accept(OFFICER), case, by_officer("2025-07-01 00:01"))

    assert names(decision) == ["forwarded", "accepted"]
    assert (decision.events[1].unit_code, decision.events[1].actor) == ("26737", OFFICER)


def test_given_a_code_used_again_by_the_successor_when_accepted_then_in_the_province_of_now():
    """Xã Cây Trường II of 74 is in Xã Trừ Văn Thố of 79, which has its code."""
    submitted = a_dossier("2025-06-30 23:50", unit_code="25819", residence_unit_code="25819")

    before = done(submitted, None, by_machine("2025-06-30 23:51"))
    after = done(submitted, None, by_machine("2025-07-01 00:10"))

    assert names(before) == names(after) == ["routed", "accepted"]
    assert (before.events[1].province_code, after.events[1].province_code) == ("74", "79")


def test_given_later_data_when_a_dossier_is_heard_again_under_its_date_then_the_same(
    tmp_path: Path,
):
    later = changed_reference(
        tmp_path,
        [
            ("time_limits.csv", "prompt,*,24,hour", "prompt,*,12,hour"),
            ("redirections.csv", "forward,province,2025-07-01", "forward,nation,2025-07-01"),
        ],
    )
    now = "2021-11-15 09:00"
    event = heard(a_dossier(now), at(now))

    first, again = (
        done(event, None, by_machine("2026-11-24 08:00", known)) for known in (KNOWN, later)
    )

    assert later.version != KNOWN.version
    assert names(again) == names(first) == ["routed", "accepted"]
    assert again.state == replace(first.state, issued=again.state.issued)
    assert [event.due for event in again.events[1:]] == [event.due for event in first.events[1:]]


@pytest.mark.parametrize(("received_at", "due_at"), [(None, "15"), ("2026-10-13 16:00", "14")])
def test_given_an_import_at_the_register_then_taken_over_as_received_then(received_at, due_at):
    when = at(received_at) if received_at else None
    imported = Imported(batch="2021-10-12", stage="at_register", received_at=when)
    submitted = a_dossier(THURSDAY, imported=imported, attachments=(), unit_code=NEXT_UNIT)

    decision = done(submitted, None, by_officer("2026-10-20 09:00"))

    assert names(decision) == ["routed", "accepted"]
    accepted = decision.events[1]
    assert isinstance(accepted, Accepted)
    assert (accepted.actor, accepted.at_register, accepted.received_at) == (
        IMPORT,
        True,
        when or at(THURSDAY),
    )
    assert accepted.due is not None
    assert accepted.due.due_at == at(f"2026-10-{due_at} 17:00")
    assert (decision.state.status, decision.state.at_register) == ("accepted", True)
    assert decision.state.trail[-1].note == "at_register"


@pytest.mark.parametrize("context", [by_machine, by_officer])
def test_given_an_import_at_the_register_when_completed_then_accepted_without_the_list(context):
    imported = Imported(batch="2021-10-12", stage="at_register")
    case = done(a_dossier(imported=imported, attachments=()), None, context()).state
    asked = done(register_wants(), case, context())
    assert asked.events[0].papers == ()

    back = done(more_papers(THURSDAY, "mother_id_card"), asked.state, context())

    accepted = back if context is by_machine else done(Accept(OFFICER), back.state, context())
    event = accepted.events[-1]
    assert isinstance(event, Accepted)
    assert (event.round, event.at_register) == (2, True)


def test_given_a_supplement_with_papers_when_not_all_come_then_the_next_round_wants_them():
    case = done(a_dossier(imported=AT_REGISTER, attachments=()), None, by_officer()).state
    case = after(case, (more_papers(THURSDAY), by_officer()), (register_wants(), by_officer()))
    assert (case.status, missing_papers(case, by_officer())) == ("received", ())
    asked = after(case, (ASK, by_officer()))

    back = after(asked, (more_papers(THURSDAY, "other_paper", round=3), by_officer()))

    assert missing_papers(back, by_officer()) == (PAPER,)
    assert refused(Accept(OFFICER), back, by_officer()).reason == PAPERS_MISSING
    full = after(asked, (more_papers(THURSDAY, PAPER, round=3), by_officer()))
    assert names(done(Accept(OFFICER), full, by_officer())) == ["accepted"]


def test_given_an_import_that_waits_then_it_is_on_the_desk_as_any_other():
    imported = Imported(batch="2021-10-12", stage="waiting")

    decision = done(a_dossier(imported=imported), None, by_officer())

    assert names(decision) == ["routed"]
    assert decision.state.status == "received"


def test_given_particulars_before_the_submission_then_they_are_kept():
    case = Case(A_DOSSIER, "", particulars="sealed")  # type: ignore[arg-type]

    assert done(a_dossier(), case, by_officer()).state.particulars == "sealed"


def test_given_a_known_dossier_when_submitted_again_then_only_noted():
    case = on_desk()

    decision = done(a_dossier(unit_code=NEXT_UNIT), case, by_officer())

    assert decision.events == ()
    assert decision.state == replace(case, trail=decision.state.trail)


def test_missing_papers_are_those_the_procedure_asks_for():
    assert missing_papers(on_desk(attachments=()), by_officer()) == (PAPER,)
    assert missing_papers(on_desk(), by_officer()) == ()
    assert missing_papers(Case(A_DOSSIER, ""), by_officer()) == ()


def test_every_act_has_a_rule():
    assert {type(act) for act in ACTS.values()} <= RULES.keys()
