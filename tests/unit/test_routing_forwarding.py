"""Sending on: by an officer, and when the unit that holds a dossier is no more."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.decision import Refused
from routing.domain import AUTOMATIC, OPEN, Accept, Forward, Merge, allowed_acts, calendar_for
from routing.domain.acts import NOT_IN_THIS_STATUS
from routing.domain.forwarding import (
    HAD_IT,
    NO_REASON,
    NO_SUCH_UNIT,
    NOT_COMPETENT,
    OUT_OF_REACH,
    UNIT_STANDS,
    may_merge,
)
from tests.unit.builders import A_UNIT, COPY
from tests.unit.deadline_kit import changed_reference
from tests.unit.routing_kit import (
    ACTS,
    ASK,
    ELSEWHERE,
    KNOWN,
    NEXT_UNIT,
    OFFICER,
    PAPER,
    STATES,
    STOP,
    THURSDAY,
    a_dossier,
    accepted,
    after,
    at,
    by_machine,
    by_officer,
    done,
    more_papers,
    names,
    on_desk,
    refused,
    registered,
)

LAST_DAY, NEXT_DAY = "2025-06-30 09:00", "2025-07-02 09:00"
#: Phường Tân Định until 2025-06-30; all of it is in 26737, which is a new unit from then on.
OLD = {"unit_code": "26734", "residence_unit_code": "26734"}
OLD_WARD = "25753"
#: Phường Nguyễn Thái Bình, split between 26740 and 26743.
SPLIT = {"unit_code": "26746", "residence_unit_code": "26746"}


def test_given_an_officers_reason_when_sent_on_then_on_the_other_desk_and_its_time_stays():
    later = "2026-10-15 14:00"

    decision = done(ELSEWHERE, on_desk(), by_officer(later))

    (event,) = decision.events
    case = decision.state
    assert (event.from_unit_code, event.to_unit_code, event.reason, event.actor) == (
        A_UNIT,
        NEXT_UNIT,
        "applicant_moved",
        OFFICER,
    )
    assert event.source == KNOWN.act_reason("forward", "applicant_moved").source
    assert event.province_code == "79"
    assert event.reception_due == case.reception_due == on_desk().reception_due
    assert case.reception_due is not None
    assert (case.status, case.unit_code, case.unit_on) == (
        "received",
        NEXT_UNIT,
        at(later).date(),
    )


def test_given_a_unit_without_officers_when_sent_there_then_no_machine_decides_what_they_held():
    decision = done(ELSEWHERE, on_desk(), by_machine())

    assert names(decision) == ["forwarded"]
    assert (decision.state.status, decision.state.by_officer) == ("received", True)


def test_given_a_unit_that_sent_it_on_when_sent_back_then_refused_and_the_time_never_moves():
    case = on_desk()
    first = case.reception_due
    for number, unit in enumerate((NEXT_UNIT, "26743", "26758")):
        now = by_officer(at(THURSDAY) + timedelta(days=number))
        case = after(case, (replace(ELSEWHERE, to_unit_code=unit), now))
        assert case.reception_due == first

    for unit in (A_UNIT, NEXT_UNIT, "26743"):
        back = replace(ELSEWHERE, to_unit_code=unit)
        assert refused(back, case, by_officer("2026-10-20 09:00")).reason == HAD_IT


def test_given_a_unit_the_machine_sent_it_on_from_when_sent_back_then_refused():
    case = on_desk(unit_code=NEXT_UNIT)
    assert case.unit_code == A_UNIT

    assert refused(ELSEWHERE, case, by_officer()).reason == HAD_IT


def test_given_a_merger_when_sent_on_then_the_units_of_the_old_map_are_forgotten():
    case = on_desk(LAST_DAY, **SPLIT)
    sent = Forward(OFFICER, "26743", "merger")
    case = after(case, (sent, by_officer(LAST_DAY)))
    assert case.units_before == ("26746",)

    later = by_officer(NEXT_DAY)
    case = after(case, (Forward(OFFICER, "26740", "merger"), later))

    # 26743 was another ward on the day it had the dossier.
    assert case.units_before == ()
    assert done(Forward(OFFICER, "26743", "merger"), case, later).state.unit_code == "26743"


@pytest.mark.parametrize("reason", ["not_competent", "applicant_moved", "merger"])
def test_given_a_unit_of_another_province_when_sent_on_then_refused_as_out_of_reach(reason):
    act = Forward(OFFICER, "00691", reason)

    assert refused(act, on_desk(), by_officer()).reason == OUT_OF_REACH


def test_given_the_law_before_july_2025_when_sent_on_after_a_merger_then_within_the_province():
    case, now = on_desk(LAST_DAY, **SPLIT), by_officer(LAST_DAY)

    assert refused(Forward(OFFICER, "00691", "merger"), case, now).reason == OUT_OF_REACH
    assert names(done(Forward(OFFICER, "26743", "merger"), case, now)) == ["forwarded"]


def test_given_a_law_that_reaches_the_nation_when_sent_to_another_province_then_it_goes(
    tmp_path: Path,
):
    change = ("redirections.csv", "forward,province,2025-07-01", "forward,nation,2025-07-01")
    known = changed_reference(tmp_path, [change])
    act = Forward(OFFICER, "00691", "applicant_moved")

    (event,) = done(act, on_desk(), by_officer(THURSDAY, known)).events

    assert event.province_code == "08"


def test_given_no_competence_as_the_reason_when_sent_on_then_only_to_a_competent_unit():
    act = replace(ELSEWHERE, reason="not_competent")
    copy = on_desk(procedure_code=COPY, attachments=())

    assert refused(act, on_desk(), by_officer()).reason == NOT_COMPETENT
    assert names(done(act, copy, by_officer())) == ["forwarded"]


@pytest.mark.parametrize("unit", [A_UNIT, "99999", "760", "26734", ""])
def test_given_no_such_other_unit_today_when_sent_on_then_refused(unit: str):
    act = replace(ELSEWHERE, to_unit_code=unit)

    assert refused(act, on_desk(), by_officer()).reason == NO_SUCH_UNIT


@pytest.mark.parametrize("reason", ["not_competent", "applicant_moved", "because"])
def test_given_the_law_before_july_2025_when_sent_on_for_a_newer_reason_then_refused(reason):
    act = Forward(OFFICER, NEXT_UNIT, reason)

    assert refused(act, on_desk("2021-11-15 09:00"), by_officer("2021-11-15 09:30")).reason == (
        NO_REASON
    )


@pytest.mark.parametrize("status", [*sorted(OPEN), "registered"])
def test_given_a_unit_that_is_no_more_when_merged_then_its_only_successor_has_it(status: str):
    before = by_officer(LAST_DAY)
    case = (
        accepted(LAST_DAY, **OLD)
        if status in ("accepted", "registered")
        else (on_desk(LAST_DAY, **OLD))
    )
    steps = {"supplement": (ASK,), "stopped": (STOP,), "registered": (registered(),)}
    case = after(case, *((step, before) for step in steps.get(status, ())))
    assert case.status == status

    decision = done(Merge(), case, by_officer(NEXT_DAY))

    (event,) = decision.events
    assert (event.from_unit_code, event.to_unit_code, event.certain) == ("26734", "26737", True)
    assert (event.reason, event.actor) == ("merger", AUTOMATIC)
    assert event.source
    assert (event.reception_due is not None) is (status == "received")
    assert event.province_code == "79"
    moved = {"unit_code": "26737", "unit_on": at(NEXT_DAY).date()}
    assert decision.state == replace(case, trail=decision.state.trail, **moved)


def test_given_a_merged_dossier_when_merged_again_then_refused_since_the_unit_stands():
    case = after(accepted(LAST_DAY, **OLD), (Merge(), by_officer(NEXT_DAY)))

    assert refused(Merge(), case, by_officer(NEXT_DAY)) == Refused(
        allowed_acts(case, by_officer(NEXT_DAY)), UNIT_STANDS
    )
    assert not may_merge(case, by_officer(NEXT_DAY))


def test_given_a_split_unit_when_merged_then_the_first_successor_and_not_certain():
    decision = done(Merge(), accepted(LAST_DAY, **SPLIT), by_officer(NEXT_DAY))

    (event,) = decision.events
    assert (event.to_unit_code, event.certain) == ("26740", False)
    assert decision.state.trail[-1].note == "merger uncertain"


def test_given_a_district_when_merged_then_the_successor_of_the_residence_has_it():
    case = on_desk(
        LAST_DAY,
        unit_code="760",
        residence_unit_code="26734",
        procedure_code="2.000528",
        attachments=(),
    )

    (event,) = done(Merge(), case, by_officer(NEXT_DAY)).events

    assert (event.from_unit_code, event.to_unit_code) == ("760", "26737")


def test_given_a_unit_of_the_same_code_when_merged_then_refused_there_is_nothing_to_move():
    case = accepted(LAST_DAY, unit_code="26740", residence_unit_code="26740")

    assert refused(Merge(), case, by_officer(NEXT_DAY)).reason == UNIT_STANDS


@pytest.mark.parametrize("now", [LAST_DAY, "2025-06-30 23:59"])
def test_given_the_unit_still_stands_when_merged_then_refused(now: str):
    case = accepted(LAST_DAY, **OLD)

    assert refused(Merge(), case, by_officer(now)).reason == UNIT_STANDS
    assert not may_merge(case, by_officer(now))
    assert may_merge(case, by_officer("2025-07-01 00:00"))


@pytest.mark.parametrize(
    "status", sorted(STATES.keys() - OPEN - {"registered"}, key=list(STATES).index)
)
def test_given_a_dossier_where_all_is_decided_when_merged_then_refused(status: str):
    assert refused(Merge(), STATES[status](), by_officer()) == Refused((), NOT_IN_THIS_STATUS)


@pytest.mark.parametrize("remembered", [True, False], ids=["now", "earlier release"])
def test_given_a_successor_without_officers_when_merged_then_no_machine_decides(remembered):
    case = replace(on_desk(LAST_DAY, **OLD), by_officer=remembered)

    decision = done(Merge(), case, by_machine(NEXT_DAY))

    assert names(decision) == ["forwarded"]
    assert (decision.state.status, decision.state.unit_code) == ("received", "26737")
    assert decision.state.by_officer


def test_given_what_a_machine_held_when_merged_then_the_successors_machine_goes_on():
    case = after(None, (a_dossier(LAST_DAY, attachments=(), **OLD), by_machine(LAST_DAY)))
    merged = after(case, (Merge(), by_machine(NEXT_DAY)))

    back = done(more_papers("2025-07-02 10:00", PAPER), merged, by_machine("2025-07-02 10:00"))

    assert names(back) == ["routed", "accepted"]
    assert back.events[1].unit_code == "26737"


def test_given_papers_asked_for_by_an_officer_when_merged_and_completed_then_on_the_desk():
    case = after(
        on_desk(LAST_DAY, attachments=(), **OLD),
        (ASK, by_officer(LAST_DAY)),
        (Merge(), by_machine(NEXT_DAY)),
    )

    back = done(more_papers("2025-07-02 10:00", PAPER), case, by_machine("2025-07-02 10:00"))

    assert names(back) == ["routed"]


def test_given_papers_that_come_before_the_sweeper_then_the_successor_receives():
    case = after(None, (a_dossier(LAST_DAY, attachments=(), **OLD), by_machine(LAST_DAY)))

    back = done(more_papers("2025-07-01 00:01", PAPER), case, by_machine("2025-07-01 00:01"))

    assert names(back) == ["routed", "forwarded", "accepted"]
    assert back.state.unit_code == "26737"


def test_given_a_merged_dossier_when_the_life_goes_on_then_it_can_be_handed_over():
    case = after(
        on_desk(LAST_DAY, attachments=(), **OLD),
        (ASK, by_officer(LAST_DAY)),
        (Merge(), by_officer(NEXT_DAY)),
        (more_papers("2025-07-02 10:00", PAPER), by_officer("2025-07-02 10:00")),
        (Accept(OFFICER), by_officer("2025-07-02 11:00")),
        (registered(), by_officer("2025-07-02 15:00")),
        (ACTS["hand_over"], by_officer("2025-07-03 09:00")),
    )

    assert (case.status, case.unit_code) == ("handed_over", "26737")
    assert case.appointment is not None
    assert case.appointment.due_at == at("2025-07-02 17:00")


def test_given_a_merger_into_another_province_then_the_calendar_is_that_of_the_new_one(
    tmp_path: Path,
):
    hours = "*,1 2 3 4 5,07:00-11:30 13:30-17:00,2016-01-01,,"
    own = hours.replace("*,", "79,").replace("07:00", "08:00") + "a decision,medium\n"
    known = changed_reference(tmp_path, [("working_hours.csv", hours, own + hours)])
    # A ward of Bình Dương; its successor, in TP Hồ Chí Minh, has a code Bình Dương used too.
    case = accepted(LAST_DAY, unit_code=OLD_WARD, residence_unit_code=OLD_WARD)
    before, after_it = by_officer(LAST_DAY, known), by_officer(NEXT_DAY, known)

    merged = after(case, (Merge(), after_it))

    assert merged.unit_code == "25747"
    assert calendar_for(case, before) is known.calendar("74")
    assert calendar_for(merged, after_it) is known.calendar("79")
    assert known.calendar("79") is not known.calendar("74")


def test_the_day_of_the_kit_is_a_thursday():
    assert at(THURSDAY).isoweekday() == 4
