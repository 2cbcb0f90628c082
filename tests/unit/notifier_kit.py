"""The notifier's rules run over messages, and names for the messages of a dossier's life."""

import json
from collections import Counter
from typing import Any

import reference
from contracts.decision import (
    Answered,
    Context,
    Effect,
    InDoubt,
    ParticularsArrived,
    ParticularsErased,
)
from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    CitizenNotified,
    EventData,
    NotificationAbandoned,
    PortalInformed,
    RegisterReturned,
    RegistrationInDoubt,
    Resubmitted,
    Returned,
    Routed,
    WithdrawalRequested,
)
from contracts.model import Language
from contracts.portal import StatusCallback, StatusUpdate
from notifier.correspondence import Correspondence
from notifier.domain import RULES
from notifier.messages import template_of
from tests.unit import lifecycle_kit as life
from tests.unit.builders import (
    A_DOSSIER,
    A_UNIT,
    BIRTH,
    NOW,
    SOME_HASH,
    an_event,
    some_particulars,
)


def heard(*said: EventData) -> list[Envelope]:
    """Return what was said as events, those of each service in the order given."""
    counts: Counter[str] = Counter()
    events = []
    for data in said:
        counts[data.service] += 1
        events.append(an_event(data, counts[data.service]))
    return events


CONTEXT = Context(NOW, reference.load())
SUBMITTED = an_event(life.SUBMITTED)
ROUTED = an_event(life.ROUTED)
ACCEPTED = an_event(
    Accepted(unit_code=A_UNIT, procedure_code=BIRTH, actor="automatic", reference_version="1"), 2
)
REGISTERED = an_event(life.registered())
IN_DOUBT = an_event(life.IN_DOUBT)
SENT_BACK = an_event(life.SENT_BACK)
ERASED = ParticularsErased(A_DOSSIER)
#: What nobody is told of.
SILENT = (WithdrawalRequested, RegisterReturned, RegistrationInDoubt)


def step_of(data: EventData) -> str | None:
    """Return the step that is told of an event, None if nobody is.

    What the intake took again is told only when it came after the end.
    """
    if isinstance(data, Routed):
        return "resubmitted" if data.resubmission else None
    return None if isinstance(data, (*SILENT, Resubmitted)) else data.name


def a_return(
    kind: str = "supplement", *reasons: str, papers: tuple[str, ...] = (), sequence: int = 3
) -> Envelope:
    """Return a return of that kind, routing's third event or another."""
    data = Returned(
        kind=kind, reasons=reasons or ("missing_paper",), papers=papers, actor="automatic"
    )
    return an_event(data, sequence)


def a_contact(version: int = 1, **contact: Any) -> ParticularsArrived:
    """Return personal data; `phone`, `email`, `language`, `notify_by` replace the usual."""
    particulars = some_particulars()
    applicant = {k: v for k, v in contact.items() if k in ("phone", "email", "language")}
    changed = particulars.model_copy(
        update={
            "applicant": particulars.applicant.model_copy(update=applicant),
            "notify_by": contact.get("notify_by", particulars.notify_by),
        }
    )
    return ParticularsArrived(A_DOSSIER, version, SOME_HASH, changed)


CONTACT = a_contact()


class Notifier:
    """The rules run over messages, with all they asked for and said."""

    def __init__(self, *messages: Any) -> None:
        self.state = Correspondence(A_DOSSIER)
        self.effects: list[Effect] = []
        self.events: list[EventData] = []
        self.open: list[str] = []
        self.hears(*messages)

    def hears(self, *messages: Any) -> "Notifier":
        """Apply the rules to the messages, one after the other."""
        for message in messages:
            kind = type(message.data) if hasattr(message, "data") else type(message)
            decision = RULES[kind](message, self.state, CONTEXT)
            self.state = decision.state
            self.effects += decision.effects
            self.events += decision.events
            self.open += [effect.kind for effect in decision.effects]
        return self

    def answers(self, kind: str, outcome: Any = "done", reason: str = "") -> "Notifier":
        """Give the final answer to a call that is out."""
        self.open.remove(kind)
        return self.hears(Answered(kind, outcome, reason, {}))

    def loses(self, kind: str, *, final: bool) -> "Notifier":
        """Give no answer to a call; `final` takes it from those that are out."""
        if final:
            self.open.remove(kind)
        return self.hears(InDoubt(kind, 1, NOW, final))

    def answers_all(self) -> "Notifier":
        """Answer `done` until no call is out."""
        while self.open:
            self.answers(self.open[0])
        return self

    def lane(self, lane: str) -> list[tuple[str, bytes]]:
        """Return the calls of one side, in order."""
        return [(one.kind, one.request) for one in self.effects if one.lane == lane]

    def kinds(self, lane: str) -> list[str]:
        """Return the kinds of the calls of one side, in order."""
        return [kind for kind, _ in self.lane(lane)]


def callbacks(notifier: Notifier) -> list[StatusUpdate]:
    """Return what the portal was told, in order."""
    bodies = [json.loads(request)["body"] for _, request in notifier.lane("portal")]
    return [StatusCallback.model_validate_json(body).data for body in bodies]


def texts(notifier: Notifier) -> list[str]:
    """Return what the citizen was told, in order."""
    return [json.loads(request)["text"] for _, request in notifier.lane("citizen")]


def notified(
    about: Envelope, step: str, channel: str = "sms", language: Language = "vi"
) -> CitizenNotified:
    """Return that the citizen was told, in the words of today."""
    template = template_of(language)
    return CitizenNotified(step=step, channel=channel, about=about.id, template=template)


def abandoned(about: Envelope, step: str, reason: str) -> NotificationAbandoned:
    """Return that the citizen was not told."""
    return NotificationAbandoned(step=step, reason=reason, about=about.id)


def informed(about: Envelope, step: str, status: int) -> PortalInformed:
    """Return that the portal was told."""
    return PortalInformed(step=step, portal="national-portal", status=status, about=about.id)
