"""Registrations at every point of their way, and the messages that move them."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import reference
from contracts.decision import Context, Decision, ParticularsArrived
from contracts.events import Accepted, EventData, Forwarded, Returned, Stopped, Withdrawn
from contracts.particulars import Particulars
from registry_sync.domain import RULES, on_particulars
from registry_sync.registration import RegisterEntry, Registration
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
CORRECTED = some_particulars("đã bổ sung")
NEW = Registration(A_DOSSIER, "")
WAITING = Registration(A_DOSSIER, A_CODE, "accepted", A_UNIT, "79", BIRTH, NOW)
AT_REGISTER = replace(WAITING, status="pushed", told_unit=A_UNIT, told_province="79")
FIRST = some_particulars()
PUSHED = replace(AT_REGISTER, particulars=FIRST, held_version=1, pushed_at=NOW)
ASKED = replace(PUSHED, status="returned")
ASKED_AND_ANSWERED = replace(ASKED, particulars=CORRECTED, held_version=2, earlier=((1, FIRST),))
PUSHING_2 = replace(
    ASKED_AND_ANSWERED, status="pushing", round=2, particulars_version=2, earlier=()
)
PUSHED_2 = replace(PUSHING_2, status="pushed")
ENTRY = RegisterEntry("15", "01/2026", "15", date(2026, 11, 23), None)
SECOND = {"round": 2, "particulars_version": 2}
ENDS: list[EventData] = [
    Withdrawn(actor="officer-1", on_request=True),
    Returned(kind="refused", reasons=("conditions_not_met",), actor="officer-1"),
    Returned(kind="wrong_authority", reasons=("not_competent",), actor="officer-1"),
    Stopped(reason="legal_obstacle", final=True, actor="officer-1"),
]
NO_ENDS: list[EventData] = [
    Returned(kind="supplement", reasons=("missing_paper",), actor="officer-1"),
    Stopped(reason="legal_obstacle", final=False, actor="officer-1"),
]


def accepted(**changes: Any) -> Any:
    """Return the acceptance; `changes` replace fields."""
    fields = {
        "unit_code": A_UNIT,
        "procedure_code": BIRTH,
        "actor": "automatic",
        "reference_version": "v",
    }
    return an_event(Accepted(**(fields | changes)))


def arrived(version: int, particulars: Particulars) -> ParticularsArrived:
    """Return that a version of the personal data came."""
    return ParticularsArrived(A_DOSSIER, version, SOME_HASH, particulars)


def decided(data: EventData, case: Registration) -> Decision[Registration]:
    """Return what the rule makes of the event."""
    return RULES[type(data)](an_event(data), case, CONTEXT)


def forwarded(to_unit_code: str) -> Forwarded:
    """Return that the dossier went to that unit."""
    return Forwarded(
        from_unit_code=A_UNIT,
        to_unit_code=to_unit_code,
        reason="merger",
        source="NĐ 120/2025/NĐ-CP",
        actor="automatic",
        reference_version="v",
    )


def note_of(decision: Decision[Registration]) -> str:
    """Return the note in the form of the one push decided on."""
    (push,) = decision.effects
    return str(json.loads(push.request)["particulars"]["form"]["note"])


def holding(*versions: int) -> Registration:
    """Return a dossier not accepted yet, with those versions of its data here."""
    case = NEW
    for version in versions:
        message = arrived(version, some_particulars(f"v{version}"))
        case = on_particulars(message, case, CONTEXT).state
    return case
