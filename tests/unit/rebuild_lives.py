"""A dossier living by a service's own rules, its calls answered by chance, on a log that grows."""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

from contracts.decision import (
    Answered,
    Decision,
    InDoubt,
    ParticularsArrived,
    ParticularsErased,
    Refused,
)
from contracts.envelope import Cause
from contracts.events import EventData
from contracts.particulars import Particulars
from plumbing.answers import cause_of
from plumbing.rebuilding.planning import KnownAnswer, Plan
from plumbing.rebuilding.proving import Told
from plumbing.rebuilding.telling import tell
from tests.unit.builders import A_CODE, A_DOSSIER, NOW
from tests.unit.rebuild_kit import DossierLog


@dataclass
class ServiceLife:
    """What a service made of a dossier: its state, its calls and their answers, and the log."""

    plan: Plan[Any]
    now: datetime = NOW
    log: DossierLog = field(default_factory=lambda: DossierLog(A_DOSSIER, A_CODE))
    state: Any = None
    calls: dict[str, KnownAnswer] = field(default_factory=dict)
    versions: int = 0
    erased: bool = False
    begun: bool = False

    def __post_init__(self) -> None:
        self.state = self.plan.part.store.new(A_DOSSIER, "")

    def hear(self, data: EventData) -> None:
        """Hear what another service says."""
        self.now += timedelta(seconds=1)
        event, cause = self.log.say(data, Cause("test", "0" * 64), self.now)
        self.now += timedelta(milliseconds=20)
        self.decide(event, cause)

    def get(self, particulars: Particulars | None) -> None:
        """Get a version of the personal data; none erases them."""
        self.now += timedelta(seconds=1)
        if self.erased:
            return
        self.versions += 1
        self.log.seal(particulars, self.versions, self.now)
        if particulars is None:
            self.erased = True
            cause = Cause(f"particulars:{2**31 - 1}", "0" * 64)
            self.decide(ParticularsErased(A_DOSSIER), cause)
        else:
            cause = Cause(f"particulars:{self.versions}", "0" * 64)
            arrived = ParticularsArrived(A_DOSSIER, self.versions, "0" * 64, particulars)
            self.decide(arrived, cause)

    @property
    def open_calls(self) -> list[str]:
        """Return the calls that wait for an answer."""
        ended = ("DONE", "REJECTED", "MANUAL")
        return [kind for kind, one in self.calls.items() if one.state not in ended]

    def answer(self, kind: str, outcome: str, reason: str = "") -> None:
        """Answer a call: done, no, unknown or stuck."""
        self.now += timedelta(seconds=1)
        cause = cause_of(uuid5(A_DOSSIER, kind), kind, outcome, reason)
        states = {"done": "DONE", "no": "REJECTED", "stuck": "MANUAL", "unknown": "IN_DOUBT"}
        message: Any = (
            InDoubt(kind, 1, self.now, outcome == "stuck")
            if outcome in ("stuck", "unknown")
            else Answered(kind, outcome, reason, {})  # type: ignore[arg-type]
        )
        ended = None if outcome == "unknown" else self.now
        self.calls[kind] = KnownAnswer(states[outcome], reason, 1, ended)
        self.decide(message, cause)

    def decide(self, message: Any, cause: Cause) -> None:
        """Decide a message, and put on the log what is said."""
        context = self.plan.part.context(self.now)
        if not self.begun:
            # The first message names the code, unless it is personal data.
            self.begun = True
            subject = getattr(message, "subject", "")
            self.state = self.plan.part.store.new(A_DOSSIER, subject)
        decision = self.plan.part.decide(message, self.state, context)
        if isinstance(decision, Refused):
            return
        assert isinstance(decision, Decision)
        self.state = decision.state
        for data in decision.events:
            self.log.say(data, cause, self.now)
        for effect in decision.effects:
            assert effect.kind not in self.calls
            self.calls[effect.kind] = KnownAnswer("PENDING", "", 0, None)

    def told(self, *, known: bool = True, but: Any = ()) -> Told[Any]:
        """Return the rebuild; without `known` no call is known to the live table."""
        story = self.log.story(self.plan.service, but=but)
        return tell(self.plan, story, self.calls if known else {})


def differing(one: Any, other: Any, *but: str) -> list[str]:
    """Return the fields in which two states differ; of personal data only whether they are there.

    `but` are fields the log does not know.
    """
    states = []
    for state in (one, other):
        for name in ("particulars", "contact"):
            if getattr(state, name, None) is not None:
                state = replace(state, **{name: True})
        states.append(state)
    return [
        each.name
        for each in fields(one)
        if each.compare
        and each.name not in but
        and getattr(states[0], each.name) != getattr(states[1], each.name)
    ]
