"""What follows from an accepted dossier and from the register's answers."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

import reference
from contracts.decision import (
    Answered,
    Context,
    Decision,
    InDoubt,
    ParticularsArrived,
    ParticularsErased,
)
from contracts.events import (
    Accepted,
    Registered,
    RegisterReturned,
    RegistrationInDoubt,
)
from registry_sync.domain import (
    DISCARDED,
    on_accepted,
    on_answered,
    on_erased,
    on_in_doubt,
    on_particulars,
    on_said,
)
from registry_sync.pushing import push_body
from registry_sync.registration import (
    PUSH,
    BookEntry,
    RegisterEntry,
    RegisterSaid,
    Registration,
)
from tests.unit.builders import (
    A_CODE,
    A_DOSSIER,
    A_UNIT,
    BIRTH,
    NOW,
    SOME_HASH,
    an_event,
    some_particulars,
)

CONTEXT = Context(NOW, reference.load())
NEW = Registration(A_DOSSIER, "")
ACCEPTED = Registration(A_DOSSIER, A_CODE, "accepted", A_UNIT, "79", BIRTH, NOW)
PUSHING = replace(
    ACCEPTED,
    status="pushing",
    particulars=some_particulars(),
    held_version=1,
    pushed_at=NOW,
    told_unit=A_UNIT,
    told_province="79",
)
REFUSED = replace(PUSHING, status="returned", particulars=None, closed=True)
PUSHED = replace(PUSHING, status="pushed")
ENTRY = RegisterEntry("15", "01/2026", "15", date(2026, 11, 23), "000226000001")
THE_EVENT = an_event(
    Accepted(unit_code=A_UNIT, procedure_code=BIRTH, actor="automatic", reference_version="v")
)
THE_DATA = ParticularsArrived(A_DOSSIER, 1, SOME_HASH, some_particulars())
ERASED = RegisterReturned(kind="refused", reasons=("particulars_erased",))


def test_given_no_personal_data_yet_when_accepted_then_it_waits():
    assert on_accepted(THE_EVENT, NEW, CONTEXT) == Decision(ACCEPTED)


def test_whichever_of_event_and_personal_data_comes_last_the_register_is_told_the_same():
    data_last = on_particulars(THE_DATA, ACCEPTED, CONTEXT)
    event_last = on_accepted(THE_EVENT, on_particulars(THE_DATA, NEW, CONTEXT).state, CONTEXT)

    assert data_last == event_last
    assert data_last.state == PUSHING
    (push,) = data_last.effects
    assert (push.kind, push.lane, push.turn) == (PUSH, "register", "79")


def test_given_a_later_version_of_the_data_when_pushing_then_the_register_is_not_told_again():
    newer = replace(THE_DATA, version=2)

    assert on_particulars(newer, PUSHING, CONTEXT).effects == ()


def test_given_the_register_took_it_when_answered_then_it_is_asked_about_from_now_on():
    assert on_answered(Answered(PUSH, "done", "taken", {}), PUSHING, CONTEXT) == Decision(PUSHED)


def test_given_the_register_refuses_to_take_it_when_answered_then_it_goes_back():
    decision = on_answered(Answered(PUSH, "no", "register_said_no", {}), PUSHING, CONTEXT)

    assert decision == Decision(
        replace(REFUSED, refused=True),
        (RegisterReturned(kind="refused", reasons=("register_refused",)),),
    )


def test_given_a_discarded_push_when_answered_then_it_stays_with_the_register_and_no_no_is_told():
    discarded = Answered(PUSH, "no", DISCARDED, {})

    decision = on_answered(discarded, PUSHING, CONTEXT)

    assert decision == Decision(replace(PUSHED, discarded=True))
    assert on_said(RegisterSaid("registered", ENTRY), decision.state, CONTEXT).events


def test_given_no_answer_then_the_doubt_is_said_and_the_state_stays():
    decision = on_in_doubt(InDoubt(PUSH, 1, NOW), PUSHING, CONTEXT)

    assert decision == Decision(PUSHING, (RegistrationInDoubt(attempt=1, since=NOW),))


def test_given_the_entry_when_the_register_says_registered_then_published_without_the_number():
    decision = on_said(RegisterSaid("registered", ENTRY), PUSHED, CONTEXT)

    assert decision == Decision(
        replace(
            PUSHED,
            status="registered",
            particulars=None,
            personal_number=ENTRY.personal_number,
            entry=BookEntry(A_UNIT, "15", "01/2026", "15", date(2026, 11, 23)),
        ),
        (
            Registered(
                unit_code=A_UNIT,
                number="15",
                book="01/2026",
                page="15",
                registered_on=date(2026, 11, 23),
                personal_id_assigned=True,
            ),
        ),
    )


@pytest.mark.parametrize("status", ["unseen", "accepted", "pushing", "refused_meanwhile"])
def test_the_registers_word_counts_only_for_a_dossier_it_was_told_of(status: Any):
    case = replace(PUSHED, status=status)

    assert on_said(RegisterSaid("registered", ENTRY), case, CONTEXT) == Decision(case)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("supplement", "register_needs_supplement"), ("refused", "register_refused")],
)
def test_given_the_register_sends_it_back_then_said_with_a_reason_of_the_list(
    outcome: Any, reason: str
):
    decision = on_said(RegisterSaid(outcome), PUSHED, CONTEXT)

    assert decision.events == (RegisterReturned(kind=outcome, reasons=(reason,)),)
    assert CONTEXT.reference.return_reason(reason).kind == outcome


def test_given_erasure_before_the_register_was_told_then_it_never_is():
    forgotten = on_erased(ParticularsErased(A_DOSSIER), NEW, CONTEXT).state

    assert forgotten.erased
    assert on_accepted(THE_EVENT, forgotten, CONTEXT).events == (ERASED,)
    assert on_erased(ParticularsErased(A_DOSSIER), ACCEPTED, CONTEXT).events == (ERASED,)


def test_given_erasure_on_the_way_then_the_data_go_and_the_dossier_stays():
    decision = on_erased(ParticularsErased(A_DOSSIER), PUSHED, CONTEXT)

    assert decision == Decision(replace(PUSHED, particulars=None, erased=True))


def test_given_erasure_and_a_push_that_was_not_made_when_answered_then_the_erasure_is_the_reason():
    forgotten = on_erased(ParticularsErased(A_DOSSIER), PUSHING, CONTEXT).state

    decision = on_answered(Answered(PUSH, "no", "erased", {}), forgotten, CONTEXT)

    assert decision == Decision(replace(REFUSED, erased=True), (ERASED,))
    assert CONTEXT.reference.return_reason("particulars_erased").kind == "refused"


def test_given_erasure_during_a_push_when_the_register_answers_then_its_word_counts():
    forgotten = on_erased(ParticularsErased(A_DOSSIER), PUSHING, CONTEXT).state
    refused = RegisterReturned(kind="refused", reasons=("register_refused",))

    taken = on_answered(Answered(PUSH, "done", "taken", {}), forgotten, CONTEXT)
    not_taken = on_answered(Answered(PUSH, "no", "register_said_no", {}), forgotten, CONTEXT)

    assert taken == Decision(replace(forgotten, status="pushed"))
    assert not_taken == Decision(replace(REFUSED, erased=True, refused=True), (refused,))


def test_the_push_is_the_same_bytes_every_time_and_in_the_registers_names():
    request = json.loads(on_particulars(THE_DATA, ACCEPTED, CONTEXT).effects[0].request)

    body = push_body(request)

    assert body == push_body(request)
    assert {key: body[key] for key in ("maDonVi", "module", "maHoSoMCDT", "ngayTiepNhan")} == {
        "maDonVi": A_UNIT,
        "module": "LTKS",
        "maHoSoMCDT": A_CODE,
        "ngayTiepNhan": "23/11/2026 09:00:00",
    }
    form = json.loads(body["data"])
    assert (form["nksHoTen"], form["nksNgaySinh"], form["nksGioiTinh"]) == (
        "Nguyễn Văn Bé",
        "01.11.2026",
        "1",
    )
