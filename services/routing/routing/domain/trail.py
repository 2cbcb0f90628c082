"""One line of a dossier's way: what happened, who did it, until when the next thing is due."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.events import (
    Accepted,
    Due,
    EventData,
    Forwarded,
    HandedOver,
    PersonalIdAssigned,
    Registered,
    RegisterReturned,
    RegistrationCorrected,
    RegistrationInDoubt,
    Rescheduled,
    Resubmitted,
    Resumed,
    Returned,
    Routed,
    Stopped,
    Submitted,
    WithdrawalRequested,
    Withdrawn,
)
from routing.domain.book_notes import NotedEntry

#: What a note says of an appointment that cannot be computed: no limit is known.
NO_DUE = "no_due"
#: What the note of a submission says of a dossier taken over from the old road.
IMPORTED = "imported"


@dataclass(frozen=True)
class TrailEntry:
    """One event of the dossier as the control sheet shows it; nothing personal.

    `event` is the last part of the event's type, `actor` is empty for events nobody signed;
    `note` is codes separated by blanks, of a registration and its corrections the entry.
    """

    at: datetime
    service: str
    event: str
    actor: str = ""
    unit_code: str = ""
    due_at: datetime | None = None
    note: str = ""


#: What an entry says of an event beside its name: actor, unit, due moment, note.
_Said = tuple[str, str, datetime | None, str]


def entry_of(data: EventData, at: datetime) -> TrailEntry:
    """Return the entry of an event that happened then; KeyError for one without a place here."""
    return TrailEntry(at, data.service, data.name, *_SAID[type(data)](data))


def _until(due: Due | None) -> datetime | None:
    return None if due is None else due.due_at


def _submitted(data: Submitted) -> _Said:
    imported = () if data.imported is None else (IMPORTED,)
    return "", data.unit_code, None, " ".join((data.channel, *imported, *data.flags))


def _nothing(_: EventData) -> _Said:
    return "", "", None, ""


def _routed(data: Routed) -> _Said:
    return "", data.unit_code, _until(data.reception_due), ""


def _forwarded(data: Forwarded) -> _Said:
    note = data.reason if data.certain else f"{data.reason} uncertain"
    return data.actor, data.to_unit_code, _until(data.reception_due), note


def _accepted(data: Accepted) -> _Said:
    at_register = ("at_register",) if data.at_register else ()
    note = " ".join((*at_register, *(() if data.due else (NO_DUE,))))
    return data.actor, data.unit_code, _until(data.due), note


def _returned(data: Returned) -> _Said:
    note = " ".join((data.kind, *data.reasons, *data.papers))
    return data.actor, "", _until(data.supplement_due), note


def _rescheduled(data: Rescheduled) -> _Said:
    return data.actor, "", data.due.due_at, f"{data.kind} {data.reason}"


def _withdrawn(data: Withdrawn) -> _Said:
    return data.actor, "", None, "on_request" if data.on_request else ""


def _stopped(data: Stopped) -> _Said:
    return data.actor, "", None, f"{data.reason} final" if data.final else data.reason


def _resumed(data: Resumed) -> _Said:
    return data.actor, "", _until(data.due), "" if data.due else NO_DUE


def _handed_over(data: HandedOver) -> _Said:
    return data.actor, "", None, data.method


def _registered(data: Registered | RegistrationCorrected) -> _Said:
    entry = NotedEntry(data.number, data.book, data.page, data.registered_on)
    return "", data.unit_code, None, str(entry)


def _register_returned(data: RegisterReturned) -> _Said:
    return "", "", None, " ".join((data.kind, *data.reasons))


_SAID: Mapping[type[EventData], Callable[[Any], _Said]] = {
    Submitted: _submitted,
    Resubmitted: _nothing,
    WithdrawalRequested: _nothing,
    Routed: _routed,
    Forwarded: _forwarded,
    Accepted: _accepted,
    Returned: _returned,
    Rescheduled: _rescheduled,
    Withdrawn: _withdrawn,
    Stopped: _stopped,
    Resumed: _resumed,
    HandedOver: _handed_over,
    Registered: _registered,
    RegisterReturned: _register_returned,
    RegistrationInDoubt: _nothing,
    PersonalIdAssigned: _nothing,
    RegistrationCorrected: _registered,
}

#: The events that leave an entry: those of intake, routing and registry-sync.
ON_THE_TRAIL = frozenset(_SAID)
