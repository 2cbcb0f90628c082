"""What the one-stop decides: competent authority, reception, return (NĐ 61/2018, NĐ 118/2025)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from contracts.decision import Context, Decision, Refused
from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    Registered,
    RegisterReturned,
    RegistrationInDoubt,
    Returned,
    Routed,
    Submitted,
)
from contracts.model import VIETNAM, ReturnKind

Status = Literal["unseen", "received", "accepted", "returned", "registered"]

AUTOMATIC = "automatic"
REGISTER = "register"


@dataclass(frozen=True)
class Case:
    """What the one-stop remembers of a dossier; nothing personal.

    `received` means: on the desk of `unit_code`, waiting for an officer.
    """

    dossier_id: UUID
    code: str
    status: Status = "unseen"
    unit_code: str = ""
    procedure_code: str = ""
    papers: tuple[str, ...] = ()
    submitted_at: datetime | None = None


@dataclass(frozen=True)
class RoutingContext(Context):
    """The instant, the reference data, and which units receive by hand."""

    by_officer: Callable[[str], bool]


@dataclass(frozen=True)
class Accept:
    """An officer receives the dossier (tiếp nhận)."""

    actor: str


@dataclass(frozen=True)
class GiveBack:
    """An officer returns the dossier, with reasons from the closed list and what papers to add."""

    actor: str
    kind: ReturnKind
    reasons: tuple[str, ...]
    papers: tuple[str, ...] = ()


_ACTS: Mapping[Status, tuple[str, ...]] = {"received": ("accept", "return")}


def allowed_acts(case: Case) -> tuple[str, ...]:
    """Return what an officer may do with the case now."""
    return _ACTS.get(case.status, ())


def on_submitted(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Find the competent authority; put the dossier on its desk or receive it at once.

    The authority is the one competent on the day of submission for the applicant's residence.

    Source: Luật Hộ tịch 2014, Điều 7, 35, 63; NĐ 120/2025/NĐ-CP, Điều 4.
    """
    data = message.data
    assert isinstance(data, Submitted)
    case = Case(
        dossier_id=message.dossierid,
        code=message.subject,
        status="received",
        unit_code=data.unit_code,
        procedure_code=data.procedure_code,
        papers=tuple(sorted({one.kind for one in data.attachments})),
        submitted_at=data.submitted_at,
    )
    if not _is_competent(data, context):
        return _give_back(case, GiveBack(AUTOMATIC, "wrong_authority", ("not_competent",)))
    routed = Routed(unit_code=case.unit_code, reference_version=context.reference.version)
    if context.by_officer(case.unit_code):
        return Decision(case, (routed,))
    received = receive(case, AUTOMATIC, context)
    return replace(received, events=(routed, *received.events))


def _is_competent(data: Submitted, context: RoutingContext) -> bool:
    on = data.submitted_at.astimezone(VIETNAM).date()
    procedure = context.reference.procedure(data.procedure_code, on)
    if procedure is None:
        return False
    return data.unit_code in context.reference.competent_units(
        procedure, data.residence_unit_code, on
    )


def missing_papers(case: Case, context: RoutingContext) -> tuple[str, ...]:
    """Return the kinds of paper the procedure asks for and the dossier lacks.

    Source: the procedure's row in the reference data.
    """
    on = (case.submitted_at or context.now).astimezone(VIETNAM).date()
    procedure = context.reference.procedure(case.procedure_code, on)
    if procedure is None:
        return ()
    return tuple(kind for kind in procedure.attachments if kind not in case.papers)


def receive(case: Case, actor: str, context: RoutingContext) -> Decision[Case]:
    """Accept a complete dossier; ask for what is missing otherwise.

    Source: NĐ 87/2020/NĐ-CP, Điều 12 (checked on the day, supplement asked, or accepted at once).
    """
    missing = missing_papers(case, context)
    if missing:
        return _give_back(case, GiveBack(actor, "supplement", ("missing_paper",), missing))
    accepted = Accepted(
        unit_code=case.unit_code,
        procedure_code=case.procedure_code,
        actor=actor,
        reference_version=context.reference.version,
    )
    return Decision(replace(case, status="accepted"), (accepted,))


def _give_back(case: Case, act: GiveBack) -> Decision[Case]:
    returned = Returned(kind=act.kind, reasons=act.reasons, papers=act.papers, actor=act.actor)
    return Decision(replace(case, status="returned"), (returned,))


def accept(act: Accept, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Accept by an officer's hand; refused for a dossier that is not on the desk or incomplete."""
    if case.status != "received":
        return Refused(allowed_acts(case), f"the dossier is {case.status}")
    missing = missing_papers(case, context)
    if missing:
        return Refused(("return",), f"required papers are missing: {', '.join(missing)}")
    return receive(case, act.actor, context)


def give_back(act: GiveBack, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Return by an officer's hand, with reasons of that kind from the closed list."""
    if case.status != "received":
        return Refused(allowed_acts(case), f"the dossier is {case.status}")
    for code in act.reasons:
        reason = context.reference.return_reason(code)
        if reason is None or reason.kind != act.kind:
            return Refused(allowed_acts(case), f"{code} is no reason for {act.kind}")
    return _give_back(case, act)


def on_registered(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Remember that the register has it; the result goes back the same way."""
    return Decision(replace(case, status="registered"))


def on_register_returned(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Return to the citizen what the register sent back: the one-stop owns that relation."""
    data = message.data
    assert isinstance(data, RegisterReturned)
    return _give_back(case, GiveBack(REGISTER, data.kind, data.reasons))


def unchanged(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Take note of an event that changes nothing here."""
    return Decision(case)


RULES: dict[type, Callable[[Any, Any, Any], Decision[Case] | Refused]] = {
    Submitted: on_submitted,
    Registered: on_registered,
    RegisterReturned: on_register_returned,
    RegistrationInDoubt: unchanged,
    Accept: accept,
    GiveBack: give_back,
}
