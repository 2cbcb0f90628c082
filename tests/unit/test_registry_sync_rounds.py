"""What a second acceptance, a forwarding and an end mean for what the register is told."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from contracts.asyncapi import READS
from contracts.decision import Answered, Decision, ParticularsArrived, ParticularsErased
from contracts.events import EVENTS, EventData, Registered, RegisterReturned, Stopped
from contracts.particulars import Particulars
from contracts.topics import LIFECYCLE, PARTICULARS
from registry_sync.domain import RULES, on_accepted, on_erased, on_particulars, on_said
from registry_sync.domain import on_answered as answered
from registry_sync.registration import PUSH, RegisterSaid, Registration, push_kind, round_of
from tests.unit.builders import A_DOSSIER, A_UNIT, NOW, some_particulars
from tests.unit.registry_sync_kit import (
    ASKED,
    ASKED_AND_ANSWERED,
    AT_REGISTER,
    CONTEXT,
    CORRECTED,
    ENDS,
    ENTRY,
    NEW,
    NO_ENDS,
    PUSHED,
    PUSHED_2,
    PUSHING_2,
    WAITING,
    accepted,
    arrived,
    decided,
    forwarded,
)


def test_every_event_of_the_topics_it_reads_has_a_rule():
    writers = {service for service, topic in LIFECYCLE.items() if topic in READS["registry-sync"]}
    heard = {data for data in EVENTS if data.service in writers}

    assert PARTICULARS in READS["registry-sync"]
    assert heard
    assert heard | {ParticularsArrived, ParticularsErased} <= RULES.keys()


def test_given_a_supplement_asked_for_then_the_personal_data_stay_and_a_newer_version_replaces():
    asked = on_said(RegisterSaid("supplement"), PUSHED, CONTEXT).state

    assert asked == ASKED
    assert on_particulars(arrived(2, CORRECTED), asked, CONTEXT) == Decision(ASKED_AND_ANSWERED)


@pytest.mark.parametrize("outcome", ["registered", "refused"])
def test_given_the_final_word_then_the_personal_data_go_and_no_newer_version_is_kept(outcome: Any):
    over = on_said(RegisterSaid(outcome, ENTRY), PUSHED, CONTEXT).state

    assert over.particulars is None
    assert on_particulars(arrived(2, CORRECTED), over, CONTEXT) == Decision(over)


def test_whichever_of_acceptance_and_new_data_comes_last_the_register_is_told_again_the_same():
    second = accepted(round=2, particulars_version=2)

    event_last = on_accepted(second, ASKED_AND_ANSWERED, CONTEXT)
    waiting = on_accepted(second, ASKED, CONTEXT)
    data_last = on_particulars(arrived(2, CORRECTED), waiting.state, CONTEXT)

    assert (waiting.state.status, waiting.effects) == ("accepted", ())
    assert event_last == data_last
    assert event_last.state == PUSHING_2
    assert [effect.kind for effect in event_last.effects] == ["push:2"]
    assert "đã bổ sung".encode() in event_last.effects[0].request


def test_given_a_first_acceptance_of_a_completed_dossier_then_the_push_waits_for_that_version():
    waiting = on_accepted(accepted(particulars_version=2), NEW, CONTEXT).state
    early = on_particulars(arrived(1, some_particulars()), waiting, CONTEXT)

    assert (early.state.status, early.effects) == ("accepted", ())
    assert [
        effect.kind
        for effect in on_particulars(arrived(3, CORRECTED), early.state, CONTEXT).effects
    ] == [PUSH]


@pytest.mark.parametrize("round_", [1, 2, 3, 12])
def test_the_kind_of_a_push_names_its_caller_and_its_round(round_: int):
    kind = push_kind(round_)

    assert (kind.partition(":")[0], round_of(kind)) == (PUSH, round_)


@pytest.mark.parametrize("status", ["accepted", "pushing", "pushed", "returned", "registered"])
def test_given_an_acceptance_known_before_when_it_comes_again_then_nothing_changes(status: Any):
    case = replace(PUSHED_2, status=status)

    assert on_accepted(accepted(), case, CONTEXT) == Decision(case)
    assert on_accepted(accepted(round=2), case, CONTEXT) == Decision(case)


def test_given_an_entry_when_accepted_again_then_the_register_is_not_told():
    entered = on_said(RegisterSaid("registered", ENTRY), PUSHED, CONTEXT).state

    assert on_accepted(accepted(round=2), entered, CONTEXT) == Decision(entered)


def test_given_the_first_pushs_answer_when_the_second_is_under_way_then_it_changes_nothing():
    late = Answered(PUSH, "done", "taken", {})
    own = Answered("push:2", "done", "taken", {})

    assert answered(late, PUSHING_2, CONTEXT) == Decision(PUSHING_2)
    assert answered(own, PUSHING_2, CONTEXT) == Decision(PUSHED_2)


def test_given_a_word_asked_for_in_another_round_then_it_changes_nothing():
    assert on_said(RegisterSaid("supplement"), PUSHED_2, CONTEXT) == Decision(PUSHED_2)
    assert on_said(RegisterSaid("supplement", round=2), PUSHED, CONTEXT) == Decision(PUSHED)


def test_the_registers_word_is_published_with_the_round_it_answers():
    entered = on_said(RegisterSaid("registered", ENTRY, round=2), PUSHED_2, CONTEXT).events
    asked = on_said(RegisterSaid("supplement", round=2, at=NOW), PUSHED_2, CONTEXT).events
    refused = answered(Answered("push:2", "no", "x", {}), PUSHING_2, CONTEXT).events

    assert [event.round for event in (*entered, *asked, *refused)] == [2, 2, 2]  # type: ignore[attr-defined]
    assert [type(event) for event in (*entered, *asked)] == [Registered, RegisterReturned]


def test_given_the_register_has_it_when_accepted_then_it_is_asked_about_and_never_told():
    decision = on_accepted(accepted(at_register=True), NEW, CONTEXT)
    with_data = on_particulars(arrived(1, some_particulars()), decision.state, CONTEXT)

    assert decision == Decision(AT_REGISTER)
    assert (with_data.state.status, with_data.effects) == ("pushed", ())


def test_given_the_register_has_it_when_the_data_are_erased_then_it_is_asked_about_all_the_same():
    erased = on_erased(ParticularsErased(A_DOSSIER), NEW, CONTEXT).state

    before = on_accepted(accepted(at_register=True), erased, CONTEXT)
    after = on_erased(ParticularsErased(A_DOSSIER), replace(AT_REGISTER, erased=False), CONTEXT)

    assert before == after == Decision(replace(AT_REGISTER, erased=True))


def test_given_the_register_had_it_when_accepted_with_a_supplement_then_the_register_is_told():
    decision = on_accepted(
        accepted(round=2, particulars_version=2, at_register=True), ASKED_AND_ANSWERED, CONTEXT
    )

    assert [effect.kind for effect in decision.effects] == ["push:2"]


def test_given_no_form_of_ours_when_it_would_be_told_then_nothing_is_asked_of_the_citizen():
    legacy = some_particulars().model_dump(mode="json")
    legacy["form"] = {"kind": "legacy", "register_holds_form": True}
    record = arrived(1, Particulars.model_validate(legacy))

    decision = on_particulars(record, WAITING, CONTEXT)

    assert [effect.kind for effect in decision.effects] == [PUSH]
    assert decision.events == ()
    assert decision.state.status == "pushing"


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"{end.name}-{getattr(end, 'kind', '')}")
def test_given_the_one_stop_ended_it_before_the_push_then_the_register_is_never_told(
    end: EventData,
):
    ended = decided(end, WAITING)

    assert ended == Decision(replace(WAITING, closed=True))
    assert on_particulars(arrived(1, some_particulars()), ended.state, CONTEXT) == ended
    assert on_erased(ParticularsErased(A_DOSSIER), ended.state, CONTEXT).events == ()


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"{end.name}-{getattr(end, 'kind', '')}")
def test_given_the_one_stop_ended_it_after_the_push_then_the_registers_word_is_published(
    end: EventData,
):
    ended = decided(end, PUSHED)

    assert ended == Decision(replace(PUSHED, particulars=None, closed=True))
    assert on_said(RegisterSaid("registered", ENTRY), ended.state, CONTEXT).events


def test_given_the_one_stop_ended_it_when_a_push_was_not_made_then_there_is_nothing_to_say():
    pushing = replace(PUSHED, status="pushing", particulars=None, closed=True)

    decision = answered(Answered(PUSH, "no", "closed", {}), pushing, CONTEXT)

    assert decision == Decision(replace(pushing, status="returned"))


@pytest.mark.parametrize("event", NO_ENDS, ids=lambda event: event.name)
def test_given_no_end_for_good_then_the_push_is_made_when_the_data_come(event: EventData):
    case = decided(event, WAITING).state

    assert case == WAITING
    assert on_particulars(arrived(1, some_particulars()), case, CONTEXT).effects


@pytest.mark.parametrize("case", [WAITING, PUSHED, ASKED], ids=lambda case: case.status)
def test_given_an_open_dossier_when_forwarded_then_unit_and_province_follow(case: Registration):
    decision = decided(forwarded("20194"), case)

    assert decision == Decision(replace(case, unit_code="20194", province_code="48"))


def test_given_a_push_under_way_when_forwarded_then_the_answer_names_the_unit_that_was_told():
    case = decided(forwarded("20194"), replace(PUSHED, status="pushing")).state
    pushed = answered(Answered(PUSH, "done", "taken", {}), case, CONTEXT).state
    (registered,) = on_said(RegisterSaid("registered", ENTRY), pushed, CONTEXT).events

    assert isinstance(registered, Registered)
    assert registered.unit_code == A_UNIT
    assert (pushed.told_province, pushed.province_code) == ("79", "48")


def test_given_an_ended_dossier_when_forwarded_then_nothing_changes():
    ended = replace(WAITING, closed=True)

    assert decided(forwarded("20194"), ended) == Decision(ended)


def test_given_the_moment_of_reception_then_that_is_told_and_not_that_of_the_event():
    received_at = datetime.fromisoformat("2026-11-20T09:00:00+07:00")

    case = on_accepted(accepted(received_at=received_at), NEW, CONTEXT).state

    assert case.accepted_at == received_at


EXPIRED = Stopped(reason="supplement_not_received", final=True, actor="automatic")


@pytest.mark.parametrize("late", [False, True])
def test_given_an_end_for_want_of_papers_when_they_came_in_time_then_the_register_is_told(late):
    more = arrived(2, CORRECTED)
    case = on_particulars(more, ASKED, CONTEXT).state if not late else ASKED
    case = decided(EXPIRED, case).state
    case = on_particulars(more, case, CONTEXT).state if late else case

    again = on_accepted(accepted(round=2, particulars_version=2), case, CONTEXT)

    assert [effect.kind for effect in again.effects] == [push_kind(2)]
