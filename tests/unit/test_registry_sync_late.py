"""What the register says of a registered dossier: late numbers, corrections, and neither."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from contracts.decision import Decision, ParticularsErased
from contracts.events import PersonalIdAssigned, Registered, RegistrationCorrected
from registry_sync.domain import on_erased, on_said
from registry_sync.entries import are_too_many
from registry_sync.registration import (
    UNKNOWN,
    BookEntry,
    RegisterEntry,
    RegisterSaid,
    Registration,
)
from tests.unit.builders import A_DOSSIER, A_UNIT
from tests.unit.registry_sync_kit import CONTEXT, ENTRY, PUSHED, PUSHED_2, accepted, decided

A_NUMBER = "000226000001"
NUMBERED = replace(ENTRY, personal_number=A_NUMBER)
DEATH = "1.000656"


def said(entry: RegisterEntry, case: Registration) -> Decision[Registration]:
    """Return what follows when the register, asked now, says that it has that entry."""
    word = RegisterSaid("registered", entry, case.round, revision=case.known_revision)
    return on_said(word, case, CONTEXT)


REGISTERED = said(ENTRY, PUSHED).state
CORRECTED = RegistrationCorrected(
    unit_code=A_UNIT,
    number="16",
    book="01/2026",
    page="15",
    registered_on=date(2026, 11, 23),
    revision=1,
)


def test_given_a_birth_without_a_number_when_registered_then_it_is_awaited_and_others_not():
    death = said(ENTRY, replace(PUSHED, procedure_code=DEATH))
    with_number = said(NUMBERED, PUSHED)

    assert REGISTERED.awaits_number
    assert (death.state.awaits_number, with_number.state.awaits_number) == (False, False)
    assert REGISTERED.entry == BookEntry(A_UNIT, "15", "01/2026", "15", date(2026, 11, 23))


def test_given_the_number_days_later_then_said_once_and_kept_and_nothing_registered_again():
    first = said(NUMBERED, REGISTERED)
    again = said(NUMBERED, first.state)

    assert first == Decision(
        replace(REGISTERED, awaits_number=False, personal_number=A_NUMBER),
        (PersonalIdAssigned(round=1),),
    )
    assert again == Decision(first.state)


def test_given_no_number_yet_when_asked_then_nothing_changes():
    assert said(ENTRY, REGISTERED) == Decision(REGISTERED)


def test_given_erased_data_when_the_number_comes_then_said_and_not_kept():
    erased = on_erased(ParticularsErased(A_DOSSIER), REGISTERED, CONTEXT).state

    decision = said(NUMBERED, erased)

    assert decision.events == (PersonalIdAssigned(round=1),)
    assert (decision.state.personal_number, decision.state.awaits_number) == (None, False)


@pytest.mark.parametrize("number", [None, "000226000002"])
def test_given_another_number_or_none_after_there_was_one_then_a_person_looks_and_nothing_is_said(
    number: str | None,
):
    case = said(NUMBERED, PUSHED).state

    assert said(replace(ENTRY, personal_number=number), case) == Decision(case)


@pytest.mark.parametrize(
    ("field", "value", "said_field"),
    [
        ("number", "16", "number"),
        ("book", "02/2026", "book"),
        ("page", "16", "page"),
        ("registered_on", date(2026, 11, 24), "registered_on"),
        ("unit_code", "20194", "unit_code"),
    ],
)
def test_given_any_part_of_the_entry_changed_then_the_whole_entry_is_published_as_it_now_is(
    field: str, value: Any, said_field: str
):
    case = said(replace(ENTRY, unit_code=A_UNIT), PUSHED).state
    decision = said(replace(ENTRY, **{field: value}), case)

    (event,) = decision.events
    assert isinstance(event, RegistrationCorrected)
    assert getattr(event, said_field) == value
    assert event.revision == 1
    whole = {name: getattr(event, name) for name in BookEntry.__dataclass_fields__}
    assert decision.state.entry == BookEntry(**whole)


def test_given_the_same_correction_again_then_nothing_and_another_one_counts_on():
    first = said(replace(ENTRY, number="16"), REGISTERED)
    again = said(replace(ENTRY, number="16"), first.state)
    second = said(ENTRY, first.state)

    assert first.events == (CORRECTED,)
    assert again == Decision(first.state)
    assert second.events == (CORRECTED.model_copy(update={"number": "15", "revision": 2}),)


def test_given_an_answer_that_was_overtaken_by_a_correction_then_it_does_not_undo_it():
    corrected = said(replace(ENTRY, number="16"), REGISTERED).state
    overtaken = RegisterSaid("registered", ENTRY, revision=0)

    assert on_said(overtaken, corrected, CONTEXT) == Decision(corrected)


@pytest.mark.parametrize("kept", [REGISTERED.entry, None])
def test_given_an_answer_asked_for_before_there_was_an_entry_then_it_corrects_nothing(kept: Any):
    # Two replicas asked; the clerk changed the page between their questions, and the answer to
    # the later one came first.
    slow = RegisterSaid("registered", replace(ENTRY, page="14"), 1, revision=UNKNOWN)
    before = PUSHED if kept else replace(REGISTERED, entry=None)

    case = said(ENTRY, before).state

    assert case.entry == REGISTERED.entry
    assert on_said(slow, case, CONTEXT) == Decision(case)


@pytest.mark.parametrize("entry", [replace(ENTRY, number=" 15 "), replace(ENTRY, page="1  5")])
def test_given_other_spaces_in_an_entry_then_it_is_no_correction(entry: RegisterEntry):
    case = said(replace(ENTRY, page="1 5"), PUSHED).state if entry.page != "15" else REGISTERED

    assert said(entry, case) == Decision(case)


@pytest.mark.parametrize(
    ("first", "now"), [(None, "20194"), ("26734", "760"), ("760", "26734"), ("26734", "26737")]
)
def test_given_a_unit_told_late_or_one_that_goes_on_with_it_then_it_is_taken_in_silence(
    first: str | None, now: str
):
    old = replace(ENTRY, registered_on=date(2025, 6, 2), unit_code=first)
    case = said(old, PUSHED).state

    taken = said(replace(old, unit_code=now), case)

    assert taken.events == ()
    assert taken.state.entry.unit_code == now  # type: ignore[union-attr]
    assert said(replace(old, unit_code="20194"), taken.state).events or now == "20194"


def test_given_too_many_corrections_at_once_then_none_is_said_and_a_number_is():
    word = RegisterSaid("registered", replace(NUMBERED, number="16"), revision=0, may_correct=False)

    decision = on_said(word, REGISTERED, CONTEXT)

    assert decision.events == (PersonalIdAssigned(round=1),)
    assert decision.state.entry == REGISTERED.entry


def test_given_few_or_many_corrections_then_a_page_bears_twenty_and_a_run_one_in_a_hundred():
    assert [are_too_many(n) for n in (0, 20, 21)] == [False, False, True]
    assert [are_too_many(5, before, 2_000) for before in (0, 15, 16)] == [False, False, True]
    assert not are_too_many(20, 480, 50_000)
    assert are_too_many(21, 0, 50_000)
    assert not are_too_many(0, 100, 200)


@pytest.mark.parametrize("procedure", ["1.004884", "1.004772", "2.000522", "1.000893"])
def test_given_a_birth_of_one_who_may_be_grown_up_then_no_number_is_awaited(procedure: str):
    case = replace(PUSHED, procedure_code=procedure)

    assert not said(ENTRY, case).state.awaits_number


def test_given_a_birth_from_before_without_a_number_then_it_is_said_or_awaited_unless_erased():
    before = replace(REGISTERED, entry=None, awaits_number=False)

    assert said(NUMBERED, before).events == (PersonalIdAssigned(round=1),)
    assert said(ENTRY, before).state.awaits_number
    for known in (replace(before, erased=True), replace(before, personal_number=A_NUMBER)):
        decision = said(NUMBERED, known)
        assert (decision.events, decision.state.awaits_number) == ((), False)
    assert said(NUMBERED, replace(before, procedure_code=DEATH)).events == ()


def test_given_a_part_the_register_does_not_tell_any_more_then_it_is_no_correction():
    case = said(replace(ENTRY, unit_code="26740"), PUSHED).state

    assert said(replace(ENTRY, unit_code=None, page=None), case) == Decision(case)


def test_given_a_correction_and_the_number_at_once_then_both_are_said():
    decision = said(replace(NUMBERED, number="16"), REGISTERED)

    assert decision.events == (CORRECTED, PersonalIdAssigned(round=1))


@pytest.mark.parametrize("outcome", ["refused", "supplement"])
def test_given_a_registered_dossier_refused_now_then_nothing_is_said(outcome: Any):
    for entry in (None, replace(NUMBERED, number="16")):
        word = RegisterSaid(outcome, entry)

        assert on_said(word, REGISTERED, CONTEXT) == Decision(REGISTERED)


def test_given_an_entry_from_before_entries_were_kept_then_the_first_word_is_taken_for_it():
    before = replace(REGISTERED, entry=None)

    decision = said(ENTRY, before)

    assert decision == Decision(REGISTERED)
    assert said(replace(ENTRY, number="16"), decision.state).events == (CORRECTED,)


def test_given_a_second_round_then_what_follows_carries_it():
    case = said(ENTRY, PUSHED_2).state

    decision = said(replace(NUMBERED, number="16"), case)

    assert [event.round for event in decision.events] == [2, 2]  # type: ignore[attr-defined]
    assert on_said(RegisterSaid("registered", NUMBERED, 1), case, CONTEXT) == Decision(case)


def test_given_an_acceptance_after_the_entry_then_it_is_never_told_again():
    numbered = said(NUMBERED, REGISTERED).state

    later = decided(accepted(round=2).data, numbered)

    assert later == Decision(numbered)
    assert not any(isinstance(event, Registered) for event in said(NUMBERED, numbered).events)
