"""How a dossier differs from what the register says of it, and what each difference leads to."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from contracts.decision import Answered, Decision
from contracts.events import RegisterReturned
from contracts.model import VIETNAM
from contracts.particulars import Particulars
from plumbing.comparing import day_of_run
from registry_sync.reconciling_rules import (
    DATA_COME,
    SETTLES,
    TELL_AGAIN,
    Differs,
    TellAgain,
    is_under_way,
    on_answered_here,
    on_tell_again,
    what_differs,
)
from registry_sync.registration import BookEntry, RegisterSaid
from tests.unit.builders import A_UNIT, NOW, some_particulars
from tests.unit.registry_sync_kit import (
    ASKED,
    AT_REGISTER,
    CONTEXT,
    ENTRY,
    PUSHED,
    PUSHED_2,
    PUSHING_2,
    WAITING,
)

PUSHING = replace(PUSHED, status="pushing")
REGISTERED_THERE = RegisterSaid("registered", ENTRY)
REFUSED_THERE = RegisterSaid("refused")
SUPPLEMENT_THERE = RegisterSaid("supplement")
BOOK = BookEntry(A_UNIT, ENTRY.number, ENTRY.book, ENTRY.page, ENTRY.registered_on)
REGISTERED = replace(PUSHED.forgetting(), status="registered", entry=BOOK)
NUMBERED = replace(REGISTERED, personal_number="000000000001")
WITH_NUMBER = RegisterSaid("registered", replace(ENTRY, personal_number="000000000001"))
CLOSED = {"closed": True}
IN_BOOK = f"15, 01/2026, 15, 2026-11-23, {A_UNIT}"


def taken(ours: str, outcome: Any, round_: int = 1, entry: Any = None) -> Differs:
    word = RegisterSaid(outcome, entry, round=round_)
    return Differs("different_status", ours, outcome, "taken_from_the_register", word)


AGREE: dict[str, tuple[Any, Any]] = {
    "not told and not known": (WAITING, "unknown"),
    "not told and unreadable there": (WAITING, "unreadable"),
    "accepted a day ago, ended, and no data here": (
        replace(WAITING, closed=True, accepted_at=NOW - 2 * DATA_COME),
        "unknown",
    ),
    "told and at work": (PUSHED, "processing"),
    "registered alike": (REGISTERED, REGISTERED_THERE),
    "registered alike with the number": (NUMBERED, WITH_NUMBER),
    "asked back by both": (ASKED, SUPPLEMENT_THERE),
    "asked back, and papers came by hand": (ASKED, "processing"),
    "withdrawn, and the register has let go": (replace(PUSHED, **CLOSED), "unknown"),
    "refused by both": (replace(ASKED, **CLOSED), REFUSED_THERE),
    "refused, and forgotten there": (replace(ASKED, **CLOSED), "unknown"),
    "a later round known from the one before": (PUSHING_2, "processing"),
    "its entry was not kept here and it is erased": (
        replace(NUMBERED, personal_number=None, erased=True),
        WITH_NUMBER,
    ),
}


@pytest.mark.parametrize(("case", "there"), AGREE.values(), ids=AGREE)
def test_given_both_say_the_same_then_nothing_differs(case: Any, there: Any) -> None:
    assert what_differs(case, there, seen=False, now=NOW) is None


DIFFER: dict[str, tuple[Any, Any, Differs]] = {
    "registered there": (PUSHED, REGISTERED_THERE, taken("pushed", "registered", entry=ENTRY)),
    "refused there": (PUSHED, REFUSED_THERE, taken("pushed", "refused")),
    "asked back there": (PUSHED, SUPPLEMENT_THERE, taken("pushed", "supplement")),
    "asked back there for what was told": (
        PUSHED_2,
        SUPPLEMENT_THERE,
        Differs("different_status", "pushed", "supplement"),
    ),
    "discarded and not there": (
        replace(PUSHED, discarded=True),
        "unknown",
        Differs("missing_there", "pushed", "unknown"),
    ),
    "registered there, and no answer to the push": (
        PUSHING,
        REGISTERED_THERE,
        Differs("missing_here", "awaiting_answer", "registered"),
    ),
    "refused by the register and registered there": (
        replace(ASKED, closed=True, refused=True),
        REGISTERED_THERE,
        Differs("different_status", "refused_there", "registered"),
    ),
    "an entry that was never kept": (
        replace(REGISTERED, entry=None),
        REGISTERED_THERE,
        Differs(
            "different_number",
            "no_entry",
            IN_BOOK,
            "taken_from_the_register",
            REGISTERED_THERE,
        ),
    ),
    "accepted a day ago and no data here": (
        replace(WAITING, accepted_at=NOW - DATA_COME - timedelta(seconds=1)),
        "unknown",
        Differs("missing_there", "accepted", "unknown"),
    ),
    "registered while asked back": (
        ASKED,
        REGISTERED_THERE,
        taken("returned", "registered", entry=ENTRY),
    ),
    "lost there": (
        PUSHED,
        "unknown",
        Differs("missing_there", "pushed", "unknown", "told_again", TELL_AGAIN),
    ),
    "lost there with no form here": (
        AT_REGISTER,
        "unknown",
        Differs("missing_there", "pushed", "unknown"),
    ),
    "lost there and erased here": (
        replace(PUSHED, erased=True),
        "unknown",
        Differs("missing_there", "pushed", "unknown"),
    ),
    "lost there while asked back": (
        ASKED,
        "unknown",
        Differs("missing_there", "returned", "unknown"),
    ),
    "unreadable": (PUSHED, "unreadable", Differs("different_status", "pushed", "unreadable")),
    "registered and lost there": (
        REGISTERED,
        "unknown",
        Differs("missing_there", "registered", "unknown"),
    ),
    "registered and refused there": (
        REGISTERED,
        REFUSED_THERE,
        Differs("different_status", "registered", "refused"),
    ),
    "registered and at work there": (
        REGISTERED,
        "processing",
        Differs("different_status", "registered", "processing"),
    ),
    "ended here and registered there": (
        replace(ASKED, **CLOSED),
        REGISTERED_THERE,
        Differs("different_status", "ended", "registered"),
    ),
    "known there and not told": (
        WAITING,
        "processing",
        Differs("missing_here", "accepted", "processing"),
    ),
    "another entry": (
        REGISTERED,
        RegisterSaid("registered", replace(ENTRY, number="16")),
        Differs(
            "different_number",
            IN_BOOK,
            IN_BOOK.replace("15,", "16,", 1),
            "corrected",
            RegisterSaid("registered", replace(ENTRY, number="16"), revision=0),
        ),
    ),
    "a number that was awaited": (
        replace(REGISTERED, awaits_number=True),
        WITH_NUMBER,
        Differs(
            "different_number",
            "no_personal_number",
            "personal_number",
            "taken_from_the_register",
            replace(WITH_NUMBER, revision=0),
        ),
    ),
    "another personal number": (
        replace(NUMBERED, personal_number="000000000002"),
        WITH_NUMBER,
        Differs("different_number", "personal_number", "other_personal_number"),
    ),
    "a personal number that is gone": (
        NUMBERED,
        REGISTERED_THERE,
        Differs("different_number", "personal_number", "no_personal_number"),
    ),
}


@pytest.mark.parametrize(("case", "there", "differs"), DIFFER.values(), ids=DIFFER)
def test_given_a_difference_then_its_kind_and_what_repairs_it(
    case: Any, there: Any, differs: Differs
) -> None:
    assert what_differs(case, there, seen=False, now=NOW) == differs


@pytest.mark.parametrize(("case", "there"), [(PUSHED, "unknown"), (WAITING, "processing")])
def test_given_it_was_told_or_taken_just_now_then_it_may_be_under_way(
    case: Any, there: Any
) -> None:
    assert is_under_way(case, there, NOW + SETTLES)
    assert not is_under_way(case, there, NOW + SETTLES + timedelta(microseconds=1))


def test_given_a_supplement_asked_for_as_before_the_second_push_then_it_may_be_under_way():
    old = replace(SUPPLEMENT_THERE, at=NOW - timedelta(days=3))

    assert is_under_way(PUSHED_2, old, NOW + SETTLES)
    assert not is_under_way(PUSHED_2, replace(old, at=NOW), NOW + SETTLES)
    assert not is_under_way(PUSHED_2, old, NOW + SETTLES + timedelta(microseconds=1))


@pytest.mark.parametrize(("kind", "case"), [("push", PUSHING), ("tell_again:1:1", PUSHED)])
def test_given_two_people_discarded_it_then_it_is_never_told_again_by_itself(
    kind: str, case: Any
) -> None:
    discarded = on_answered_here(Answered(kind, "no", "discarded", {}), case, CONTEXT)

    assert discarded == Decision(replace(PUSHED, discarded=True))
    lost = what_differs(discarded.state, "unknown", seen=False, now=NOW)
    assert lost == Differs("missing_there", "pushed", "unknown")
    assert on_tell_again(TellAgain(1, 1), discarded.state, CONTEXT) == Decision(discarded.state)


def test_given_the_register_had_it_once_when_lost_there_then_a_person_must_look() -> None:
    # It may have registered it before it lost it.
    lost = Differs("missing_there", "pushed", "unknown")

    assert what_differs(PUSHED, "unknown", seen=True, now=NOW) == lost


def test_given_it_is_lost_there_when_told_again_then_an_effect_of_its_own_tells_the_same() -> None:
    decision = on_tell_again(TellAgain(1, 2), PUSHED, CONTEXT)

    (effect,) = decision.effects
    assert (effect.kind, effect.lane, effect.turn) == ("tell_again:1:2", "register", "79")
    assert decision == Decision(PUSHED, (), (effect,))


@pytest.mark.parametrize(
    "case",
    [
        replace(PUSHED, **CLOSED),
        replace(PUSHED, erased=True),
        replace(PUSHED, round=2),
        AT_REGISTER,
        REGISTERED,
        ASKED,
    ],
)
def test_given_it_moved_meanwhile_when_told_again_then_nothing_is_told(case: Any) -> None:
    assert on_tell_again(TellAgain(1, 1), case, CONTEXT) == Decision(case)


def test_given_the_form_of_the_old_road_when_lost_there_then_a_person_must_look() -> None:
    legacy = some_particulars().model_dump(mode="json")
    legacy["form"] = {"kind": "legacy", "register_holds_form": True}
    case = replace(PUSHED, particulars=Particulars.model_validate(legacy))

    assert what_differs(case, "unknown", seen=False, now=NOW) == Differs(
        "missing_there", "pushed", "unknown"
    )


def test_given_a_no_to_what_was_told_again_then_it_is_the_registers_word() -> None:
    said_no = Answered("tell_again:1:1", "no", "register_said_no", {})

    refused = RegisterReturned(kind="refused", reasons=("register_refused",))
    assert on_answered_here(said_no, PUSHED, CONTEXT).events == (refused,)
    assert on_answered_here(said_no, PUSHED_2, CONTEXT) == Decision(PUSHED_2)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("done", "taken"), ("no", "closed"), ("no", "erased")],
)
def test_given_another_answer_to_what_was_told_again_then_nothing_changes(
    outcome: Any, reason: str
) -> None:
    answered = Answered("tell_again:1:1", outcome, reason, {})

    assert on_answered_here(answered, PUSHED, CONTEXT) == Decision(PUSHED)


def test_given_two_in_the_morning_then_the_run_of_the_day_is_due_from_that_minute() -> None:
    at = datetime(2026, 11, 24, 2, 0, tzinfo=VIETNAM)

    assert day_of_run(at, time(2)) == date(2026, 11, 24)
    assert day_of_run(at - timedelta(microseconds=1), time(2)) == date(2026, 11, 23)
