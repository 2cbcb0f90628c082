"""Where a dossier stood at a moment: folded from its events, as the one-stop's rules leave it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, get_args
from uuid import UUID

from audit.questions.ordering import as_heard, causal
from audit.questions.records import Said
from contracts.events import (
    Accepted,
    Due,
    EventData,
    Forwarded,
    HandedOver,
    Registered,
    RegistrationCorrected,
    Rescheduled,
    Resumed,
    Returned,
    Routed,
    Stopped,
    Submitted,
    Withdrawn,
)
from contracts.model import local_day

#: In the order in which tables show them.
Status = Literal[
    "received",
    "supplement",
    "accepted",
    "stopped",
    "registered",
    "handed_over",
    "refused",
    "wrong_authority",
    "withdrawn",
    "closed",
    "unseen",
]
STATUSES: tuple[Status, ...] = get_args(Status)
#: Ended by a decision the citizen was told: an entry of the register does not undo it.
_ENDED = frozenset({"refused", "wrong_authority", "withdrawn"})
_OPEN = frozenset({"received", "supplement", "accepted", "stopped"})
IMPORTED = "imported"


@dataclass(frozen=True)
class Entry:
    """Where the register has it; `unit_code` is the book's unit."""

    unit_code: str
    number: str
    book: str
    page: str | None
    registered_on: date


@dataclass(frozen=True)
class Standing:
    """What a dossier is at a moment; the words are those of the one-stop.

    `unseen`: the one-stop has said nothing of it yet, nor has the intake. `unit_on` is the day
    whose map `unit_code` is of. `first_appointment` is the first one promised.
    """

    dossier_id: UUID
    code: str
    status: Status = "unseen"
    unit_code: str = ""
    unit_on: date | None = None
    province_code: str = ""
    procedure_code: str = ""
    road: str = ""
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    reception_due: Due | None = None
    appointment: Due | None = None
    first_appointment: Due | None = None
    supplement_due: Due | None = None
    resumes_to: Status = "unseen"
    entry: Entry | None = None
    apologies: int = 0
    changed_at: datetime | None = None

    @property
    def due(self) -> Due | None:
        """Return what runs: to receive it, to complete it, or the appointment; else None."""
        running = {
            "received": self.reception_due,
            "supplement": self.supplement_due,
            "accepted": self.appointment,
        }
        return running.get(self.status)

    def late_at(self, at: datetime) -> bool:
        """Return whether reception or appointment is over then, as the board counts it."""
        due = self.due
        return self.status in ("received", "accepted") and due is not None and due.due_at < at


def standing(events: Iterable[Said], until: datetime | None = None) -> Standing | None:
    """Return where a dossier stood after its events up to that moment, inclusive; all if None.

    None if nothing of it had happened. Events after the moment are as if they were not there.
    """
    heard = as_heard(causal(one for one in events if until is None or one.event.time <= until))
    if not heard:
        return None
    now = Standing(heard[0].event.dossierid, heard[0].event.subject)
    for one in heard:
        step = _STEPS.get(type(one.event.data))
        if step is not None:
            after = step(now, one.event.data, one.event.time)
            changed = one.event.time if after.status != now.status else now.changed_at
            now = replace(after, changed_at=changed)
    return now


def _submitted(now: Standing, data: Submitted, at: datetime) -> Standing:
    return replace(
        now,
        status="received" if now.status == "unseen" else now.status,
        unit_code=data.unit_code,
        unit_on=local_day(data.submitted_at),
        procedure_code=data.procedure_code,
        road=data.channel if data.imported is None else IMPORTED,
        submitted_at=data.submitted_at,
    )


def _routed(now: Standing, data: Routed, at: datetime) -> Standing:
    unit = now.unit_code or data.unit_code
    due = data.reception_due
    return replace(now, status="received", unit_code=unit, reception_due=due, supplement_due=None)


def _forwarded(now: Standing, data: Forwarded, at: datetime) -> Standing:
    return replace(
        now,
        unit_code=data.to_unit_code,
        unit_on=local_day(at),
        province_code=data.province_code or "",
        reception_due=data.reception_due or now.reception_due,
    )


def _accepted(now: Standing, data: Accepted, at: datetime) -> Standing:
    return replace(
        now,
        status="accepted",
        unit_code=data.unit_code,
        province_code=data.province_code or now.province_code,
        accepted_at=now.accepted_at or at,
        appointment=data.due,
        first_appointment=now.first_appointment or data.due,
    )


def _returned(now: Standing, data: Returned, at: datetime) -> Standing:
    due = data.supplement_due if data.kind == "supplement" else now.supplement_due
    return replace(now, status=data.kind, resumes_to="unseen", supplement_due=due)


def _rescheduled(now: Standing, data: Rescheduled, at: datetime) -> Standing:
    apologies = now.apologies + (data.kind == "apology")
    return replace(now, appointment=data.due, apologies=apologies)


def _withdrawn(now: Standing, data: Withdrawn, at: datetime) -> Standing:
    return replace(now, status="withdrawn", resumes_to="unseen")


def _stopped(now: Standing, data: Stopped, at: datetime) -> Standing:
    if data.final:
        return replace(now, status="closed", resumes_to="unseen")
    return replace(now, status="stopped", resumes_to=now.status)


def _resumed(now: Standing, data: Resumed, at: datetime) -> Standing:
    due = data.due or now.appointment
    return replace(now, status=now.resumes_to, resumes_to="unseen", appointment=due)


def _registered(now: Standing, data: Registered, at: datetime) -> Standing:
    entry = _entry(data)
    if now.status in _ENDED:
        return replace(now, entry=entry)
    if now.status not in _OPEN and now.status not in ("closed", "unseen"):
        return now
    return replace(now, status="registered", resumes_to="unseen", entry=entry)


def _corrected(now: Standing, data: RegistrationCorrected, at: datetime) -> Standing:
    return replace(now, entry=_entry(data))


def _entry(data: Registered | RegistrationCorrected) -> Entry:
    return Entry(data.unit_code, data.number, data.book, data.page, data.registered_on)


def _handed_over(now: Standing, data: HandedOver, at: datetime) -> Standing:
    return replace(now, status="handed_over")


_STEPS: Mapping[type[EventData], Callable[[Standing, Any, datetime], Standing]] = {
    Submitted: _submitted,
    Routed: _routed,
    Forwarded: _forwarded,
    Accepted: _accepted,
    Returned: _returned,
    Rescheduled: _rescheduled,
    Withdrawn: _withdrawn,
    Stopped: _stopped,
    Resumed: _resumed,
    Registered: _registered,
    RegistrationCorrected: _corrected,
    HandedOver: _handed_over,
}
