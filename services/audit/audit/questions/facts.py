"""What of a dossier's way is counted: the facts of the provinces' board, from the events alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

from audit.questions.ordering import as_heard, causal
from audit.questions.records import Said
from audit.questions.standing import IMPORTED
from contracts.events import (
    Accepted,
    CitizenNotified,
    EventData,
    Forwarded,
    HandedOver,
    NotificationAbandoned,
    Registered,
    Rescheduled,
    Resumed,
    Returned,
    Routed,
    Stopped,
    Submitted,
    Withdrawn,
)
from contracts.model import local_day

OnTheBoard = Literal[
    "submitted",
    "accepted",
    "reception",
    "returned",
    "return_reason",
    "rescheduled",
    "stopped",
    "closed",
    "withdrawn",
    "appointment",
    "registered",
    "handed_over",
]
What = Literal[OnTheBoard, "told", "not_told"]
#: Those the board has too, with the same meaning.
ON_THE_BOARD: frozenset[What] = frozenset(get_args(OnTheBoard))
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Fact:
    """Something that happened on a day in Vietnam to a dossier of a road, at a unit.

    `unit_on` is the day whose map `unit_code` is of. `reason` is a kind, or a kind and a code, of
    `told` the channel, of `not_told` why. `late_minutes` is by how much a reception or an
    appointment was missed, begun minutes whole, 0 is on time; `late_by_first` the same by the
    appointment promised first, None where none was. `since` and `at` are, of a registration, the
    submission and the register's word.
    """

    unit_code: str
    unit_on: date
    day: date
    road: str
    what: What
    reason: str = ""
    late_minutes: int = 0
    procedure_code: str = ""
    late_by_first: int | None = None
    apologised: bool = False
    since: datetime | None = None
    at: datetime | None = None


def facts_of(events: Iterable[Said]) -> list[Fact]:
    """Return the facts of a dossier; none of one whose submission is not among its events."""
    heard = as_heard(causal(events))
    first = next((one.event.data for one in heard if isinstance(one.event.data, Submitted)), None)
    if first is None:
        return []
    walk = _Walk(first)
    return [fact for one in heard for fact in walk.take(one.event.data, one.event.time)]


class _Walk:
    """A dossier's way from its beginning: whose it is, and what is due."""

    def __init__(self, first: Submitted) -> None:
        self.submitted_at = first.submitted_at
        self.road = first.channel if first.imported is None else IMPORTED
        self.procedure_code = first.procedure_code
        self.unit_code, self.unit_on = "", date.min
        self.reception_due: datetime | None = None
        self.appointment_due: datetime | None = None
        self.first_due: datetime | None = None
        self.stands_since: datetime | None = None
        self.apologised = self.ended = self.is_registered = False

    def take(self, data: EventData, at: datetime) -> Iterator[Fact]:
        """Yield the facts of the next event."""
        step = _STEPS.get(type(data))
        return iter(()) if step is None else step(self, data, at)

    def _fact(self, at: datetime, what: What, reason: str = "", /, **more: Any) -> Fact:
        day = local_day(self.submitted_at if what == "submitted" else at)
        return Fact(
            unit_code=self.unit_code,
            unit_on=self.unit_on,
            day=day,
            road=self.road,
            what=what,
            reason=reason,
            procedure_code=self.procedure_code,
            **more,
        )

    def _over(self, at: datetime, due: datetime) -> int:
        """Return by how many begun minutes it is late; while a dossier stands no time passes."""
        return max(0, -(-((self.stands_since or at) - due) // _MINUTE))

    def _reception(self, at: datetime) -> Iterator[Fact]:
        if self.reception_due is not None:
            yield self._fact(at, "reception", late_minutes=self._over(at, self.reception_due))
        self.reception_due = None

    def _appointment(self, at: datetime) -> Iterator[Fact]:
        if self.appointment_due is not None:
            first = self.first_due or self.appointment_due
            yield self._fact(
                at,
                "appointment",
                late_minutes=self._over(at, self.appointment_due),
                late_by_first=self._over(at, first),
                apologised=self.apologised,
            )
        self.appointment_due = None

    def submitted(self, data: Submitted, at: datetime) -> Iterator[Fact]:
        self.unit_code, self.unit_on = data.unit_code, local_day(data.submitted_at)
        yield self._fact(at, "submitted")

    def routed(self, data: Routed, at: datetime) -> Iterator[Fact]:
        self.reception_due = None if data.reception_due is None else data.reception_due.due_at
        self.stands_since, self.ended = None, False
        yield from ()

    def forwarded(self, data: Forwarded, at: datetime) -> Iterator[Fact]:
        self.unit_code, self.unit_on = data.to_unit_code, local_day(at)
        if data.reception_due is not None:
            self.reception_due = data.reception_due.due_at
        yield from ()

    def accepted(self, data: Accepted, at: datetime) -> Iterator[Fact]:
        yield self._fact(at, "accepted")
        # What the register had on the old road was received there, not here.
        if not data.at_register:
            yield from self._reception(at)
        self.reception_due, self.stands_since = None, None
        self.appointment_due = None if data.due is None else data.due.due_at
        self.first_due = self.first_due or self.appointment_due

    def returned(self, data: Returned, at: datetime) -> Iterator[Fact]:
        yield self._fact(at, "returned", data.kind)
        for reason in data.reasons:
            yield self._fact(at, "return_reason", f"{data.kind} {reason}")
        yield from self._reception(at)
        if data.kind == "supplement":
            self.stands_since = at
        else:
            yield from self._appointment(at)
            self.ended = True

    def rescheduled(self, data: Rescheduled, at: datetime) -> Iterator[Fact]:
        self.appointment_due = data.due.due_at
        self.apologised = self.apologised or data.kind == "apology"
        yield self._fact(at, "rescheduled", data.kind)

    def stopped(self, data: Stopped, at: datetime) -> Iterator[Fact]:
        yield self._fact(at, "closed" if data.final else "stopped", data.reason)
        self.stands_since = self.stands_since or at

    def resumed(self, data: Resumed, at: datetime) -> Iterator[Fact]:
        self.stands_since = None
        if data.due is not None:
            self.appointment_due = data.due.due_at
        yield from ()

    def withdrawn(self, data: Withdrawn, at: datetime) -> Iterator[Fact]:
        self.reception_due = self.appointment_due = None
        self.ended = True
        yield self._fact(at, "withdrawn")

    def registered(self, data: Registered, at: datetime) -> Iterator[Fact]:
        if self.is_registered or self.ended:
            return
        self.is_registered = True
        yield self._fact(at, "registered", since=self.submitted_at, at=at)
        yield from self._appointment(at)

    def handed_over(self, data: HandedOver, at: datetime) -> Iterator[Fact]:
        yield self._fact(at, "handed_over")

    def told(self, data: CitizenNotified, at: datetime) -> Iterator[Fact]:
        yield self._fact(at, "told", data.channel)

    def not_told(self, data: NotificationAbandoned, at: datetime) -> Iterator[Fact]:
        yield self._fact(at, "not_told", data.reason)


_STEPS: Mapping[type[EventData], Callable[[_Walk, Any, datetime], Iterator[Fact]]] = {
    Submitted: _Walk.submitted,
    Routed: _Walk.routed,
    Forwarded: _Walk.forwarded,
    Accepted: _Walk.accepted,
    Returned: _Walk.returned,
    Rescheduled: _Walk.rescheduled,
    Stopped: _Walk.stopped,
    Resumed: _Walk.resumed,
    Withdrawn: _Walk.withdrawn,
    Registered: _Walk.registered,
    HandedOver: _Walk.handed_over,
    CitizenNotified: _Walk.told,
    NotificationAbandoned: _Walk.not_told,
}
