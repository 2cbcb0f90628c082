"""Reception: what portals hand in finds its authority and its desk, and officers accept it."""

from datetime import datetime

from contracts.decision import Decision, Refused
from contracts.envelope import Envelope
from contracts.events import Imported, Resubmitted, Routed, Submitted
from routing.domain import clock
from routing.domain.acts import refusal, why_not
from routing.domain.case import AUTOMATIC, IMPORT, Accept, Case, RoutingContext
from routing.domain.desk import accepted, on_the_desk, receive, routed
from routing.domain.forwarding import redirected
from routing.domain.law import competent_units, local_day
from routing.domain.returning import given_back


def on_submitted(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Find the competent authority; put the dossier on its desk or receive it at once.

    The authority is the one competent on the day of submission for the applicant's residence,
    whatever became of it since. What the register had on the old road is taken over as it is.

    Source: Luật Hộ tịch 2014, Điều 7, 35, 63; NĐ 120/2025/NĐ-CP, Điều 4; letter of 12 October 2021.
    """
    data = message.data
    assert isinstance(data, Submitted)
    if case.status != "unseen":
        return Decision(case)
    case = _handed_in(case, message.subject, data)
    if data.imported is not None and data.imported.stage == "at_register":
        return _taken_over(case, data.imported, data.submitted_at, context)
    competent = competent_units(case, context)
    if case.unit_code in competent:
        return routed(case, data.submitted_at, context)
    sent_on = redirected(case, competent, data.submitted_at, context)
    if sent_on is None:
        return given_back(case, "wrong_authority", ("not_competent",), (), AUTOMATIC, context)
    return on_the_desk(sent_on.state, sent_on.events, context)


def _handed_in(case: Case, code: str, data: Submitted) -> Case:
    return case.but(
        code=code,
        status="received",
        unit_code=data.unit_code,
        unit_on=local_day(data.submitted_at),
        residence_unit_code=data.residence_unit_code,
        procedure_code=data.procedure_code,
        papers=tuple(sorted({one.kind for one in data.attachments})),
        flags=data.flags,
        submitted_at=data.submitted_at,
        particulars_version=data.particulars.version,
    )


def _taken_over(
    case: Case, imported: Imported, submitted_at: datetime, context: RoutingContext
) -> Decision[Case]:
    """Take over what the register has already: received when it was, never told again."""
    event = Routed(
        unit_code=case.unit_code,
        reference_version=context.reference.version,
        reception_due=clock.reception_due(case, submitted_at, context),
    )
    case = case.but(at_register=True, reception_due=event.reception_due)
    received = accepted(case, IMPORT, imported.received_at or submitted_at, context)
    return Decision(received.state, (event, *received.events))


def on_resubmitted(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Add the papers; a dossier that was given back for a supplement is on the desk again.

    Its reception counts anew from the resubmission and its appointment has been standing still
    until then. A dossier no longer waiting for papers stays as it is.

    Source: NĐ 87/2020/NĐ-CP, Điều 12.
    """
    data = message.data
    assert isinstance(data, Resubmitted)
    waits = "received" if case.status == "stopped" and case.resumes_to == "received" else None
    if case.status not in ("supplement", "received") and waits is None:
        return Decision(case)
    added = case.but(
        papers=tuple(sorted({*case.papers, *(one.kind for one in data.attachments)})),
        submissions=max(case.submissions, data.round),
        particulars_version=max(case.particulars_version, data.particulars.version),
    )
    if case.status != "supplement":
        return Decision(added)
    back = added.but(supplement_due=None, pauses=clock.resumed(case, data.resubmitted_at))
    return routed(back, data.resubmitted_at, context)


def accept(act: Accept, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Accept by an officer's hand; refused for a dossier that is not on the desk or incomplete."""
    if reason := why_not("accept", case, context):
        return refusal(case, context, reason)
    return receive(case, act.actor, context)
