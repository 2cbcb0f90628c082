"""Which version and which authority the register is told, and which of its words count."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.decision import Decision, ParticularsErased
from contracts.events import Registered, RegisterReturned
from registry_sync.domain import on_accepted, on_erased, on_particulars, on_said
from registry_sync.registration import LEEWAY, RegisterSaid, Registration
from tests.unit.builders import A_DOSSIER, A_UNIT, NOW, some_particulars
from tests.unit.registry_sync_kit import (
    ASKED,
    ASKED_AND_ANSWERED,
    CONTEXT,
    CORRECTED,
    ENDS,
    ENTRY,
    NEW,
    PUSHED,
    PUSHED_2,
    SECOND,
    WAITING,
    accepted,
    arrived,
    decided,
    forwarded,
    holding,
    note_of,
)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_given_newer_data_before_the_acceptance_then_exactly_the_accepted_version_is_told(
    version: int,
):
    decision = on_accepted(accepted(particulars_version=version), holding(1, 2, 3), CONTEXT)

    assert note_of(decision) == f"v{version}"
    assert [held for held, _ in decision.state.held] == list(range(version, 4))


def test_given_the_accepted_version_can_never_come_then_the_next_newer_one_is_told():
    compacted = on_accepted(accepted(particulars_version=2), holding(1, 3, 4), CONTEXT)
    waiting = on_accepted(accepted(), NEW, CONTEXT).state
    later = on_particulars(arrived(4, some_particulars("v4")), waiting, CONTEXT)

    assert (note_of(compacted), note_of(later)) == ("v3", "v4")


def test_given_many_versions_then_the_oldest_go_and_a_word_of_the_end_forgets_all():
    case = holding(*range(1, 41))

    pushed = replace(case, status="pushed", told_unit=A_UNIT)

    assert [version for version, _ in case.held] == list(range(20, 41))
    erased = on_erased(ParticularsErased(A_DOSSIER), case, CONTEXT).state
    entered = on_said(RegisterSaid("registered", ENTRY), pushed, CONTEXT)
    assert (erased.held, entered.state.held) == ((), ())
    assert decided(ENDS[0], case).state.held == ()


def test_given_a_version_told_when_asked_back_and_accepted_again_then_that_one_may_be_told():
    told = replace(ASKED, particulars=some_particulars("v1"))
    case = on_particulars(arrived(2, CORRECTED), told, CONTEXT).state

    again = on_accepted(accepted(round=2, particulars_version=1), case, CONTEXT)

    assert note_of(again) == "v1"


def test_given_a_supplement_still_asked_for_as_before_the_second_push_then_it_is_no_new_one():
    def asked(at: datetime | None) -> Decision[Registration]:
        return on_said(RegisterSaid("supplement", round=2, at=at), PUSHED_2, CONTEXT)

    old = (NOW - LEEWAY - timedelta(seconds=1), NOW - timedelta(days=1), None)
    new = (NOW - LEEWAY, NOW, NOW + timedelta(days=1))

    assert [asked(at) for at in old] == [Decision(PUSHED_2)] * len(old)
    assert all(asked(at).events for at in new)


def test_given_the_first_round_or_a_push_of_before_times_were_kept_then_any_request_counts():
    untimed = replace(PUSHED_2, pushed_at=None)

    assert on_said(RegisterSaid("supplement", at=None), PUSHED, CONTEXT).events
    assert on_said(RegisterSaid("supplement", round=2), untimed, CONTEXT).events


def test_the_push_keeps_when_it_was_decided_and_whom_it_names():
    decision = on_accepted(accepted(province_code="48"), holding(1), CONTEXT)
    (push,) = decision.effects

    state, request = decision.state, json.loads(push.request)
    assert (state.pushed_at, state.told_unit, state.told_province) == (NOW, A_UNIT, "48")
    assert request["pushed_at"] == NOW.isoformat()
    assert (request["province_code"], request["told_province"]) == ("48", "48")


def test_given_another_province_since_the_first_push_then_the_second_knows_both():
    moved = decided(forwarded("20194"), ASKED_AND_ANSWERED).state

    (push,) = on_accepted(
        accepted(round=2, particulars_version=2, unit_code="20194", province_code="48"),
        moved,
        CONTEXT,
    ).effects

    request = json.loads(push.request)
    assert (request["province_code"], request["told_province"]) == ("48", "79")


def test_given_a_province_with_the_event_then_the_map_of_the_day_is_not_asked():
    named = forwarded("20194").model_copy(update={"province_code": "49"})

    assert decided(named, WAITING).state.province_code == "49"
    assert on_accepted(accepted(province_code="49"), NEW, CONTEXT).state.province_code == "49"


def test_given_the_register_names_who_entered_it_then_that_unit_is_published():
    entry = replace(ENTRY, unit_code="20194")

    (named,) = on_said(RegisterSaid("registered", entry), PUSHED, CONTEXT).events

    assert isinstance(named, Registered)
    assert named.unit_code == "20194"


def test_given_a_dossier_asked_back_when_the_register_enters_it_all_the_same_then_published():
    decision = on_said(RegisterSaid("registered", ENTRY), ASKED_AND_ANSWERED, CONTEXT)

    assert [type(event) for event in decision.events] == [Registered]
    assert (decision.state.status, decision.state.held) == ("registered", ())


def test_given_a_dossier_asked_back_when_asked_for_the_same_again_then_nothing_changes():
    assert on_said(RegisterSaid("supplement", at=NOW), ASKED, CONTEXT) == Decision(ASKED)


def test_given_a_dossier_asked_back_when_refused_then_said_once_and_a_supplement_is_told_still():
    refused = on_said(RegisterSaid("refused"), ASKED, CONTEXT)
    again = on_said(RegisterSaid("refused"), refused.state, CONTEXT)
    completed = on_particulars(arrived(2, CORRECTED), refused.state, CONTEXT).state

    assert refused.events == (RegisterReturned(kind="refused", reasons=("register_refused",)),)
    assert again == Decision(refused.state)
    assert on_accepted(accepted(**SECOND), completed, CONTEXT).effects
    assert decided(ENDS[1], completed).state.held == ()


@pytest.mark.parametrize("outcome", ["registered", "refused", "supplement"])
def test_given_an_ended_dossier_that_was_asked_back_then_no_word_counts(outcome: Any):
    ended = replace(ASKED, closed=True)

    assert on_said(RegisterSaid(outcome, ENTRY), ended, CONTEXT) == Decision(ended)
