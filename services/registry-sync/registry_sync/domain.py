"""What follows from an accepted dossier and from what the register says of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from contracts.decision import (
    Answered,
    Context,
    Decision,
    Effect,
    InDoubt,
    ParticularsArrived,
    ParticularsErased,
)
from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    Registered,
    RegisterReturned,
    RegistrationInDoubt,
    Returned,
    Routed,
)
from contracts.model import VIETNAM
from contracts.particulars import Particulars

Status = Literal["unseen", "accepted", "pushing", "pushed", "registered", "returned"]
Outcome = Literal["registered", "supplement", "refused"]

PUSH = "push"
REGISTER_LANE = "register"
#: The reason of a push that was not made, for there is nobody left to tell of.
NOT_TOLD = "erased"
_REASON = {"supplement": "register_needs_supplement", "refused": "register_refused"}


@dataclass(frozen=True)
class Registration:
    """What is known of a dossier's way through the register.

    `particulars` is personal: kept until the register has decided, then dropped.
    `personal_number` is personal too; it never enters an event.
    """

    dossier_id: UUID
    code: str
    status: Status = "unseen"
    unit_code: str = ""
    province_code: str = ""
    procedure_code: str = ""
    accepted_at: datetime | None = None
    particulars: Particulars | None = None
    erased: bool = False
    personal_number: str | None = None


@dataclass(frozen=True)
class RegisterEntry:
    """The entry in the register's book."""

    number: str
    book: str
    page: str | None
    registered_on: date
    personal_number: str | None


@dataclass(frozen=True)
class RegisterSaid:
    """A final word of the register about a dossier, fetched by polling."""

    outcome: Outcome
    entry: RegisterEntry | None = None


def on_accepted(message: Envelope, case: Registration, context: Context) -> Decision[Registration]:
    """Tell the register, as soon as the personal data is here too."""
    data = message.data
    assert isinstance(data, Accepted)
    on = message.time.astimezone(VIETNAM).date()
    unit = context.reference.unit(data.unit_code, on)
    case = replace(
        case,
        code=message.subject,
        status="accepted",
        unit_code=data.unit_code,
        province_code=unit.province_code if unit is not None else "",
        procedure_code=data.procedure_code,
        accepted_at=message.time,
    )
    if case.erased:
        return _return(case, "refused", "particulars_erased")
    if case.particulars is None:
        return Decision(case)
    return _push(case)


def on_particulars(
    message: ParticularsArrived, case: Registration, context: Context
) -> Decision[Registration]:
    """Keep the personal data while the register may need it."""
    if case.status in ("registered", "returned"):
        return Decision(case)
    case = replace(case, particulars=message.particulars)
    if case.status == "accepted":
        return _push(case)
    return Decision(case)


def on_erased(
    message: ParticularsErased, case: Registration, context: Context
) -> Decision[Registration]:
    """Forget the personal data; what was not told to the register never will be.

    A dossier the register has stays there: it keeps its own record for ever. Whether it has
    one that is being pushed, the answer to the push will tell.

    Source: TT 04/2020/TT-BTP, Điều 37; Luật 91/2025/QH15, Điều 14.
    """
    case = replace(case, particulars=None, personal_number=None, erased=True)
    if case.status == "accepted":
        return _return(case, "refused", "particulars_erased")
    return Decision(case)


def _push(case: Registration) -> Decision[Registration]:
    assert case.particulars is not None
    assert case.accepted_at is not None
    request = {
        "dossier_code": case.code,
        "unit_code": case.unit_code,
        "province_code": case.province_code,
        "procedure_code": case.procedure_code,
        "accepted_at": case.accepted_at.isoformat(),
        "particulars": case.particulars.model_dump(mode="json"),
    }
    body = json.dumps(request, ensure_ascii=False, sort_keys=True).encode()
    return Decision(replace(case, status="pushing"), (), (Effect(PUSH, REGISTER_LANE, body),))


def on_answered(message: Answered, case: Registration, context: Context) -> Decision[Registration]:
    """Note that the register took the dossier, that it will not, or that it was not told."""
    if case.status != "pushing":
        return Decision(case)
    if message.outcome == "done":
        return Decision(replace(case, status="pushed"))
    not_told = message.reason == NOT_TOLD
    return _return(case, "refused", "particulars_erased" if not_told else "register_refused")


def on_in_doubt(message: InDoubt, case: Registration, context: Context) -> Decision[Registration]:
    """Say that neither yes nor no is known; the register is asked before it is told again."""
    doubt = RegistrationInDoubt(attempt=message.attempt, since=message.since)
    return Decision(case, (doubt,))


def on_said(message: RegisterSaid, case: Registration, context: Context) -> Decision[Registration]:
    """Publish the register's final word, once; the same word again changes nothing."""
    if case.status != "pushed":
        return Decision(case)
    if message.outcome != "registered":
        return _return(case, message.outcome, _REASON[message.outcome])
    entry = message.entry
    assert entry is not None
    registered = Registered(
        unit_code=case.unit_code,
        number=entry.number,
        book=entry.book,
        page=entry.page,
        registered_on=entry.registered_on,
        personal_id_assigned=entry.personal_number is not None,
    )
    kept = None if case.erased else entry.personal_number
    case = replace(case, status="registered", particulars=None, personal_number=kept)
    return Decision(case, (registered,))


def _return(
    case: Registration, kind: Literal["supplement", "refused"], reason: str
) -> Decision[Registration]:
    returned = RegisterReturned(kind=kind, reasons=(reason,))
    return Decision(replace(case, status="returned", particulars=None), (returned,))


def unchanged(message: Envelope, case: Registration, context: Context) -> Decision[Registration]:
    """Take note of an event that changes nothing here."""
    return Decision(case)


RULES: dict[type, Callable[[Any, Any, Any], Decision[Registration]]] = {
    Routed: unchanged,
    Returned: unchanged,
    Accepted: on_accepted,
    ParticularsArrived: on_particulars,
    ParticularsErased: on_erased,
    Answered: on_answered,
    InDoubt: on_in_doubt,
    RegisterSaid: on_said,
}
