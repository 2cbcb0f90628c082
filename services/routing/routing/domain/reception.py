"""Reception: what portals hand in finds its authority and its desk, and officers accept it."""

from datetime import datetime

from contracts.decision import Decision, Refused
from contracts.envelope import Envelope
from contracts.events import Imported, Resubmitted, Routed, Submitted
from contracts.model import local_day
from routing.domain import clock
from routing.domain.acts import refusal, why_not
from routing.domain.case import AUTOMATIC, IMPORT, Accept, Case, RoutingContext
from routing.domain.desk import accepted, on_the_desk, receive, routed
from routing.domain.forwarding import redirected
from routing.domain.law import competent_units
from routing.domain.merging import moved_on
from routing.domain.returning import given_back
from routing.domain.stopping import expired, is_late


def on_submitted(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Find the competent authority; put the dossier on its desk or receive it at once.

    The authority is the one competent on the day of submission for the applicant's residence,
    whatever became of it since; if it is no more, its successor receives. What the register had on
    the old road is taken over as it is.

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
        same_event_as=data.same_event_as,
        # Whether it is the same one only a person can tell, before it is entered twice.
        by_officer=bool(data.same_event_as),
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
    case, events = moved_on(case, (event,), context)
    received = accepted(case, IMPORT, imported.received_at or submitted_at, context)
    return Decision(received.state, (*events, *received.events))


def on_resubmitted(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Add the papers; a dossier that was given back for a supplement is on the desk again.

    In time is what the intake had by the last moment, however late we hear of it: then also a
    dossier closed meanwhile goes on. What comes late closes it, and is noted only. While the
    register has the dossier, what comes is kept for the day it asks. Else it is noted only.

    Source: NĐ 87/2020/NĐ-CP, Điều 12.
    """
    data = message.data
    assert isinstance(data, Resubmitted)
    late = is_late(case, data.received_at or message.time)
    match case.stands:
        case "supplement" if late:
            return expired(case, context)
        case "supplement":
            return _completed(message, data, case, context)
        case "closed" if not late and case.pauses:
            again = case.but(pauses=clock.reopened(case.pauses))
            return _completed(message, data, again, context)
        case "received":
            return Decision(_with_papers(case, data))
        case "accepted":
            unused = case.submissions_unused + 1
            return Decision(_with_papers(case, data).but(submissions_unused=unused))
    return Decision(case)


def _with_papers(case: Case, data: Resubmitted) -> Case:
    return case.but(
        papers=tuple(sorted({*case.papers, *(one.kind for one in data.attachments)})),
        submissions=max(case.submissions, data.round),
        particulars_version=max(case.particulars_version, data.particulars.version),
    )


def _completed(
    message: Envelope, data: Resubmitted, case: Case, context: RoutingContext
) -> Decision[Case]:
    """Return the case on the desk again, every clock counted from when the intake took the papers.

    Never from before they were asked for, nor from what a portal says: of a record that does not
    say when it was taken, the moment it was written down counts.
    """
    came_at = data.received_at or message.time
    pauses = clock.resumed(case, came_at)
    start = max([came_at, *(pause.from_at for pause in pauses[-1:])])
    completed = _with_papers(case, data).but(supplement_due=None, pauses=pauses)
    return routed(completed, start, context, data.round)


def accept(act: Accept, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
    """Accept by an officer's hand; refused for a dossier that is not on the desk or incomplete.

    It is accepted at the successor where the unit is no more and the sweeper has not been here.
    """
    if reason := why_not("accept", case, context):
        return refusal(case, context, reason)
    held = case if case.by_officer else case.but(by_officer=True)
    case, events = moved_on(held, (), context)
    received = receive(case, act.actor, context)
    return Decision(received.state, (*events, *received.events))
