"""A case as its events tell it, where today's rules would decide otherwise: the log wins."""

from datetime import datetime
from typing import Any

from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    EventData,
    Forwarded,
    HandedOver,
    Rescheduled,
    Resumed,
    Returned,
    Routed,
    Stopped,
    Submitted,
    Withdrawn,
)
from contracts.model import local_day
from plumbing.rebuilding.stories import Group
from routing.domain import AUTOMATIC, Case, Issued, Pause, clock, slip_key
from routing.domain.register import NOT_NEEDED
from routing.domain.trail import entry_of

#: What a decision changes; what else a message brings (papers, codes) the rules take as it comes.
_DECIDED = (
    *("status", "unit_code", "unit_on", "units_before", "received_at", "reception_due"),
    *("appointment", "supplement_due", "pauses", "rounds", "supplements", "apologies"),
    *("verifications", "resumes_to"),
)


def as_said(
    before: Case, decided: Case | None, message: Any, group: Group, *, is_same: bool
) -> Case:
    """Return the case after the events of a decision, on its trail as they were published."""
    case = before if decided is None else decided
    if not is_same:
        case = case.but(**{name: getattr(before, name) for name in _DECIDED})
        if isinstance(message, Envelope) and isinstance(message.data, Submitted):
            data = message.data
            case = case.but(unit_code=data.unit_code, unit_on=local_day(data.submitted_at))
    at = group.time
    for data in group.data:
        case = _told(case, data) if is_same else _moved(_told(case, data), data, at)
    case = _seen(before, case, message, group)
    return case.but(particulars=None) if case.status in NOT_NEEDED else case


def noted(case: Case, message: Envelope) -> Case:
    """Return the case with an event on its trail that changed nothing else."""
    return case.but(trail=(*case.trail, entry_of(message.data, message.time)))


def _seen(before: Case, case: Case, message: Any, group: Group) -> Case:
    at = group.time
    heard = (entry_of(message.data, message.time),) if isinstance(message, Envelope) else ()
    said = tuple(entry_of(data, at) for data in group.data)
    slips = tuple(
        Issued(key, at, data, case.papers) for data in group.data if (key := slip_key(data))
    )
    return case.but(trail=(*before.trail, *heard, *said), issued=(*before.issued, *slips))


def _told(case: Case, data: EventData) -> Case:
    """Return the case with the values an event names, whatever led to them."""
    told: dict[str, Any] = {}
    match data:
        case Routed():
            told = {"unit_code": data.unit_code, "reception_due": data.reception_due}
        case Forwarded():
            due = data.reception_due or case.reception_due
            told = {"unit_code": data.to_unit_code, "reception_due": due}
        case Accepted():
            received_at = data.received_at or case.received_at
            told = {"unit_code": data.unit_code, "rounds": data.round}
            told |= {"received_at": received_at, "appointment": data.due}
        case Returned(kind="supplement"):
            told = {"supplement_due": data.supplement_due}
        case Rescheduled() | Resumed():
            told = {"appointment": data.due}
    return case.but(**told)


def _moved(case: Case, data: EventData, at: datetime) -> Case:
    """Return the case moved on by an event that no rule of today would say."""
    over = clock.resumed(case, at)
    told: dict[str, Any] = {}
    match data:
        case Routed():
            by_officer = case.by_officer or data.resubmission is None
            told = {"status": "received", "pauses": over, "supplement_due": None}
            told |= {"by_officer": by_officer}
        case Forwarded():
            held = case.by_officer or data.actor != AUTOMATIC
            left = (*case.units_before, data.from_unit_code)
            told = {"unit_on": local_day(at), "units_before": left, "by_officer": held}
        case Accepted():
            told = {"status": "accepted", "received_at": case.received_at or at}
            told |= {"resumes_to": "unseen"}
        case Returned(kind="supplement"):
            asked = (*over, Pause(at, None, clock.SUPPLEMENT_ASKED))
            told = {"status": "supplement", "pauses": asked, "resumes_to": "unseen"}
            told |= {"supplements": case.supplements + 1}
        case Returned():
            told = {"status": data.kind, "pauses": over, "resumes_to": "unseen"}
        case Rescheduled(kind="apology"):
            told = {"apologies": case.apologies + 1}
        case Rescheduled():
            told = {"verifications": case.verifications + 1}
        case Stopped(final=True):
            told = {"status": "closed", "pauses": over}
        case Stopped():
            stood = (*over, Pause(at, None, clock.STOPPED))
            told = {"status": "stopped", "resumes_to": case.status, "pauses": stood}
        case Resumed():
            told = {"status": case.resumes_to, "resumes_to": "unseen", "pauses": over}
        case Withdrawn():
            told = {"status": "withdrawn", "pauses": over}
        case HandedOver():
            told = {"status": "handed_over"}
    return case.but(**told)
