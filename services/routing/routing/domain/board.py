"""What of a dossier's way the board of its province counts: facts, each once, nothing personal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from contracts.events import Returned
from contracts.model import local_day
from routing.domain.case import Case
from routing.domain.trail import IMPORTED, TrailEntry

What = Literal[
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
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Fact:
    """Something that happened on a day in Vietnam to a dossier of a road, at a unit.

    `unit_on` is the day whose map `unit_code` is of. `reason` is a kind or a kind and a code.
    `late_minutes` is by how much a reception or an appointment was missed, begun minutes whole;
    0 is on time.
    """

    unit_code: str
    unit_on: date
    day: date
    road: str
    what: What
    reason: str = ""
    late_minutes: int = 0


def road_of(case: Case) -> str:
    """Return the channel a dossier came by, `imported` for one taken over; "" if not known."""
    for entry in case.trail:
        if entry.event == "submitted":
            channel, *flags = entry.note.split() or [""]
            return IMPORTED if IMPORTED in flags else channel
    return ""


def facts_of(case: Case, after: int = 0) -> list[Fact]:
    """Return the facts of the trail's entries from that number on, counted from 0.

    They depend on the entries before alone, so all facts are those of the parts.
    """
    if case.submitted_at is None or after >= len(case.trail):
        return []
    walk = _Walk(case, local_day(case.submitted_at))
    found = [walk.take(entry) for entry in case.trail]
    return [fact for facts in found[after:] for fact in facts]


@dataclass
class _Walk:
    """A dossier's way from its beginning: whose it is, and what is due."""

    case: Case
    submitted_on: date
    unit_code: str = ""
    unit_on: date = date.min
    reception_due: datetime | None = None
    appointment_due: datetime | None = None
    stands_since: datetime | None = None
    ended: bool = False
    registered: bool = False
    road: str = ""
    returns: Iterator[Returned] = field(init=False)

    def __post_init__(self) -> None:
        self.road = road_of(self.case)
        self.returns = iter([o.data for o in self.case.issued if isinstance(o.data, Returned)])

    def take(self, entry: TrailEntry) -> list[Fact]:
        """Return the facts of the next entry."""
        step = _STEPS.get(entry.event)
        return [] if step is None else list(step(self, entry))

    def _fact(self, entry: TrailEntry, what: What, reason: str = "", late: int = 0) -> Fact:
        day = self.submitted_on if what == "submitted" else local_day(entry.at)
        return Fact(self.unit_code, self.unit_on, day, self.road, what, reason, late)

    def _judged(self, entry: TrailEntry, what: What, due: datetime | None) -> Iterator[Fact]:
        """Yield how punctual it was; while a dossier stands still no time passes."""
        if due is not None:
            over = (self.stands_since or entry.at) - due
            yield self._fact(entry, what, late=max(0, -(-over // _MINUTE)))

    def _reception(self, entry: TrailEntry) -> Iterator[Fact]:
        yield from self._judged(entry, "reception", self.reception_due)
        self.reception_due = None

    def _appointment(self, entry: TrailEntry) -> Iterator[Fact]:
        yield from self._judged(entry, "appointment", self.appointment_due)
        self.appointment_due = None

    def submitted(self, entry: TrailEntry) -> Iterator[Fact]:
        self.unit_code, self.unit_on = entry.unit_code, self.submitted_on
        yield self._fact(entry, "submitted")

    def routed(self, entry: TrailEntry) -> Iterator[Fact]:
        self.reception_due, self.stands_since, self.ended = entry.due_at, None, False
        yield from ()

    def forwarded(self, entry: TrailEntry) -> Iterator[Fact]:
        self.unit_code, self.unit_on = entry.unit_code, local_day(entry.at)
        self.reception_due = entry.due_at or self.reception_due
        yield from ()

    def accepted(self, entry: TrailEntry) -> Iterator[Fact]:
        yield self._fact(entry, "accepted")
        # What the register had on the old road was received there, not here.
        if "at_register" not in entry.note.split():
            yield from self._reception(entry)
        self.reception_due, self.stands_since = None, None
        self.appointment_due = entry.due_at

    def returned(self, entry: TrailEntry) -> Iterator[Fact]:
        kind = entry.note.partition(" ")[0]
        yield self._fact(entry, "returned", kind)
        data = next(self.returns, None)
        for reason in data.reasons if data is not None and data.kind == kind else ():
            yield self._fact(entry, "return_reason", f"{kind} {reason}")
        yield from self._reception(entry)
        if kind == "supplement":
            self.stands_since = entry.at
        else:
            yield from self._appointment(entry)
            self.ended = True

    def rescheduled(self, entry: TrailEntry) -> Iterator[Fact]:
        self.appointment_due = entry.due_at
        yield self._fact(entry, "rescheduled", entry.note.partition(" ")[0])

    def stopped(self, entry: TrailEntry) -> Iterator[Fact]:
        reason, *final = entry.note.split() or [""]
        yield self._fact(entry, "closed" if "final" in final else "stopped", reason)
        self.stands_since = self.stands_since or entry.at

    def resumed(self, entry: TrailEntry) -> Iterator[Fact]:
        self.stands_since = None
        self.appointment_due = entry.due_at or self.appointment_due
        yield from ()

    def withdrawn(self, entry: TrailEntry) -> Iterator[Fact]:
        self.reception_due = self.appointment_due = None
        self.ended = True
        yield self._fact(entry, "withdrawn")

    def entered(self, entry: TrailEntry) -> Iterator[Fact]:
        if self.registered or self.ended:
            return
        self.registered = True
        yield self._fact(entry, "registered")
        yield from self._appointment(entry)

    def handed_over(self, entry: TrailEntry) -> Iterator[Fact]:
        yield self._fact(entry, "handed_over")


_STEPS: Mapping[str, Callable[[_Walk, TrailEntry], Iterator[Fact]]] = {
    "submitted": _Walk.submitted,
    "routed": _Walk.routed,
    "forwarded": _Walk.forwarded,
    "accepted": _Walk.accepted,
    "returned": _Walk.returned,
    "rescheduled": _Walk.rescheduled,
    "stopped": _Walk.stopped,
    "resumed": _Walk.resumed,
    "withdrawn": _Walk.withdrawn,
    "registered": _Walk.entered,
    "handed_over": _Walk.handed_over,
}


def counted_of(case: Case) -> int:
    """Return how many entries of the trail are counted once the facts of the case are written."""
    return 0 if case.submitted_at is None else len(case.trail)


def all_facts(cases: Sequence[Case]) -> list[Fact]:
    """Return the facts of the cases that were not counted before."""
    return [fact for case in cases for fact in facts_of(case, case.counted)]
