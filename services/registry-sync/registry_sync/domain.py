"""What follows from an accepted dossier and from what the register says of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts.decision import (
    DISCARDED,
    Answered,
    Context,
    Decision,
    InDoubt,
    ParticularsArrived,
    ParticularsErased,
)
from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    Forwarded,
    HandedOver,
    RegistrationInDoubt,
    Rescheduled,
    Resumed,
    Returned,
    Routed,
    Stopped,
    Withdrawn,
)
from contracts.model import local_day
from registry_sync.pushing import push_if_ready
from registry_sync.registration import RegisterSaid, Registration, push_kind
from registry_sync.saying import on_said, send_back

#: Why a push was not made: nobody is left to tell of, or the one-stop has ended the dossier.
ERASED, CLOSED = "erased", "closed"


def on_accepted(message: Envelope, case: Registration, context: Context) -> Decision[Registration]:
    """Tell the register, once the personal data are here in the version that was accepted.

    A dossier taken over with its form at the register is asked about at once and not told; a
    later acceptance is the answer to what the register asked for, so that is told. An acceptance
    known before, or of what the register has entered, changes nothing.
    """
    data = message.data
    assert isinstance(data, Accepted)
    is_known = case.status != "unseen" and data.round <= case.round
    if is_known or case.status == "registered":
        return Decision(case)
    province_code = data.province_code or _province_of(data.unit_code, message.time, context)
    case = replace(
        case,
        code=message.subject,
        status="accepted",
        unit_code=data.unit_code,
        province_code=province_code,
        procedure_code=data.procedure_code,
        accepted_at=data.received_at or message.time,
        round=data.round,
        particulars_version=data.particulars_version,
        closed=False,
    )
    if data.at_register and data.round == 1:
        case = replace(case, told_unit=case.unit_code, told_province=province_code)
        return Decision(replace(case, status="pushed"))
    if case.erased:
        return send_back(case, "refused", "particulars_erased")
    return push_if_ready(case, context)


def on_particulars(
    message: ParticularsArrived, case: Registration, context: Context
) -> Decision[Registration]:
    """Keep every version of the personal data that may be accepted yet."""
    if case.is_over:
        return Decision(case)
    return push_if_ready(case.keeping(message.version, message.particulars), context)


def on_erased(
    message: ParticularsErased, case: Registration, context: Context
) -> Decision[Registration]:
    """Forget the personal data; what was not told to the register never will be.

    A dossier the register has stays there: it keeps its own record for ever. Whether it has
    one that is being pushed, the answer to the push will tell.

    Source: TT 04/2020/TT-BTP, Điều 37; Luật 91/2025/QH15, Điều 14.
    """
    case = replace(case.forgetting(), personal_number=None, erased=True)
    if case.status == "accepted" and not case.closed:
        return send_back(case, "refused", "particulars_erased")
    return Decision(case)


def on_ended(message: Envelope, case: Registration, context: Context) -> Decision[Registration]:
    """Tell the register nothing more of a dossier the one-stop has ended for good.

    What the register was told before, it decides all the same, and its word is published. A
    supplement that did not come is no such end: one that was in time may still be heard of.
    """
    data = message.data
    is_asked_back = isinstance(data, Returned) and data.kind == "supplement"
    is_expired = isinstance(data, Stopped) and data.reason == "supplement_not_received"
    is_for_a_time = isinstance(data, Stopped) and not data.final
    if is_asked_back or is_expired or is_for_a_time:
        return Decision(case)
    return Decision(replace(case.forgetting(), closed=True))


def on_forwarded(message: Envelope, case: Registration, context: Context) -> Decision[Registration]:
    """Tell by the authority that goes on; what the register was told before stays as it is."""
    data = message.data
    assert isinstance(data, Forwarded)
    if case.is_over:
        return Decision(case)
    province_code = data.province_code or _province_of(data.to_unit_code, message.time, context)
    return Decision(replace(case, unit_code=data.to_unit_code, province_code=province_code))


def _province_of(unit_code: str, at: datetime, context: Context) -> str:
    unit = context.reference.unit(unit_code, local_day(at))
    return unit.province_code if unit is not None else ""


def on_answered(message: Answered, case: Registration, context: Context) -> Decision[Registration]:
    """Note that the register took the dossier, that it will not, or that it was not told.

    A discarded push is no word of the register: people see to the dossier there, the register is
    asked for its word as of any other, and the citizen is told no no. It is never told again.
    """
    if message.reason == DISCARDED:
        case = replace(case, discarded=True)
    if case.status != "pushing" or message.kind != push_kind(case.round):
        return Decision(case)
    if message.outcome == "done" or message.reason == DISCARDED:
        return Decision(replace(case, status="pushed"))
    if message.reason == CLOSED:
        return Decision(replace(case, status="returned"))
    is_erased = message.reason == ERASED
    return send_back(case, "refused", "particulars_erased" if is_erased else "register_refused")


def on_in_doubt(message: InDoubt, case: Registration, context: Context) -> Decision[Registration]:
    """Say that neither yes nor no is known; the register is asked before it is told again."""
    doubt = RegistrationInDoubt(attempt=message.attempt, since=message.since)
    return Decision(case, (doubt,))


def unchanged(message: Envelope, case: Registration, context: Context) -> Decision[Registration]:
    """Take note of an event that changes nothing here."""
    return Decision(case)


RULES: dict[type, Callable[[Any, Any, Any], Decision[Registration]]] = {
    Routed: unchanged,
    Forwarded: on_forwarded,
    Accepted: on_accepted,
    Returned: on_ended,
    Withdrawn: on_ended,
    Stopped: on_ended,
    Resumed: unchanged,
    Rescheduled: unchanged,
    HandedOver: unchanged,
    ParticularsArrived: on_particulars,
    ParticularsErased: on_erased,
    Answered: on_answered,
    InDoubt: on_in_doubt,
    RegisterSaid: on_said,
}
