"""One sample dossier on its way: what its events say, and who has heard of each."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    CitizenNotified,
    EventData,
    Forwarded,
    HandedOver,
    NotificationAbandoned,
    PersonalIdAssigned,
    PortalInformed,
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
from sandbox.samples import FollowUp, Sample

#: The events people and portals hear of. The result in hand is news to the portal alone.
TOLD = (
    Submitted,
    Forwarded,
    Accepted,
    Returned,
    Rescheduled,
    Stopped,
    Resumed,
    Withdrawn,
    Registered,
    PersonalIdAssigned,
    RegistrationCorrected,
    HandedOver,
)
#: What the register says after the end, in a while or never: nobody waits for it to be said, and
#: once it is, it is told as any other step.
LATE = frozenset({PersonalIdAssigned.name, RegistrationCorrected.name})
_FINAL = ("registered", "withdrawn", "handed_over")


def _step_of(data: EventData) -> str:
    """Return the step people hear of, "" for none; that a supplement was taken, routing says."""
    if isinstance(data, Routed):
        return "resubmitted" if data.resubmission else ""
    return data.name if isinstance(data, TOLD) else ""


@dataclass(frozen=True)
class Heard:
    """A step there is to hear of; `key` is its name in references, `accepted-2` for a second."""

    step: str
    key: str


@dataclass
class Track:
    """One sample on its way; `steps` are what its citizen and portal must hear of, by event id.

    `asked` is the state after the portal sent what the one-stop asked for, until it decides again.
    """

    sample: Sample
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: str = "sent"
    dossier_id: UUID | None = None
    code: str = ""
    unit_code: str = ""
    due_at: datetime | None = None
    steps: dict[UUID, Heard] = field(default_factory=dict)
    told: dict[UUID, str] = field(default_factory=dict)
    informed: set[UUID] = field(default_factory=set)
    refusal: str = ""
    returned: str = ""
    reasons: tuple[str, ...] = ()
    number: str = ""
    book: str = ""
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    then: deque[FollowUp] = field(default_factory=deque)

    def __post_init__(self) -> None:
        """Take over what the sample's portal will send later."""
        self.then.extend(self.sample.then)

    @property
    def follow_up(self) -> FollowUp | None:
        """Return what the portal has to send now: the next one, once a supplement is asked."""
        wanted = self.state == "returned" and self.returned == "supplement"
        return self.then[0] if wanted and self.then else None

    def follow(self) -> None:
        """Note that the portal sends the next thing now."""
        self.then.popleft()
        self.state = "asked"

    @property
    def decided(self) -> bool:
        """Return whether nothing more is decided about the dossier."""
        returned = self.state == "returned" and self.follow_up is None
        return returned or self.state in (*_FINAL, "refused")

    @property
    def ended(self) -> bool:
        """Return whether it is decided and everyone has heard of every step said so far.

        A late step, said after that, opens it again until it is told.
        """
        if self.state == "refused":
            return True
        return (
            self.decided and self.for_citizen == set(self.told) and self.informed >= set(self.steps)
        )

    @property
    def for_citizen(self) -> set[UUID]:
        """Return the steps the citizen must hear of."""
        return {event for event, heard in self.steps.items() if heard.step != "handed_over"}

    @property
    def keys(self) -> list[str]:
        """Return the keys of all steps, in the order they were seen."""
        return [heard.key for heard in self.steps.values()]

    @property
    def outcome(self) -> str:
        """Return what became of it, in the words of `Sample.expect`."""
        if self.state == "refused":
            return "rejected"
        return f"returned:{self.returned}" if self.state == "returned" else self.state

    def see(self, event: Envelope) -> None:
        """Move along by one of its events; topics come in any order, each in its own."""
        self._note_step(event)
        self._note_word(event.data)
        data = event.data
        match data:
            case Submitted():
                self.dossier_id, self.code = event.dossierid, event.subject
                self.unit_code, self.submitted_at = data.unit_code, event.time
                if self.state == "sent":
                    self._become("submitted")
            case Accepted():
                self.due_at = data.due.due_at if data.due else None
                self._become("accepted")
            case Forwarded():
                self.unit_code = data.to_unit_code
            case Returned():
                self.returned, self.reasons = data.kind, data.reasons
                self._become("returned", at=event.time)
            case Stopped():
                self._become("stopped", at=event.time)
            case Resumed():
                self._become("accepted")
            case Withdrawn():
                self._become("withdrawn", at=event.time)
            case Registered():
                self.number, self.book = data.number, data.book
                self._become("registered", at=event.time)
            case RegistrationCorrected():
                self.number, self.book = data.number, data.book

    def _note_word(self, data: EventData) -> None:
        match data:
            case CitizenNotified():
                self.told[data.about] = data.channel
            case NotificationAbandoned():
                self.told[data.about] = data.reason
            case PortalInformed():
                self.informed.add(data.about)

    def _note_step(self, event: Envelope) -> None:
        # Kafka may bring an event twice; it is one step all the same.
        step = _step_of(event.data)
        if step and event.id not in self.steps:
            before = Counter(heard.step for heard in self.steps.values())[step]
            self.steps[event.id] = Heard(step, f"{step}-{before + 1}" if before else step)

    def _become(self, state: str, at: datetime | None = None) -> None:
        if self.state not in _FINAL:
            self.state, self.ended_at = state, at
