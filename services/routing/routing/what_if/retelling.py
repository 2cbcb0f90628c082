"""Tells the rules what led to a decision once more, and goes on from what the log has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.decision import Decision, Refused
from contracts.envelope import GENESIS, Cause, Envelope, Head, decode, extend
from contracts.events import (
    Accepted,
    EventData,
    Forwarded,
    RegisterReturned,
    Rescheduled,
    Resumed,
    Returned,
    Routed,
    Stopped,
    Withdrawn,
)
from contracts.model import local_day
from contracts.what_if import Judged
from reference import Reference
from routing.domain import (
    AUTOMATIC,
    RULES,
    Accept,
    Apologise,
    Case,
    Expire,
    Forward,
    GiveBack,
    Merge,
    Resume,
    RoutingContext,
    Stop,
    Verify,
    Withdraw,
)
from routing.what_if.comparing import compare

#: What rules raise when they are told what no service could have said.
STRANGE = (
    *(AssertionError, AttributeError, KeyError, IndexError, TypeError, ValueError),
    OverflowError,  # a day after the last there is
)
NOT_JUDGED = (Judged("act", ("not_judged",)),)


@dataclass
class Story:
    """A dossier so far: the case as the log has it, and what is not judged yet.

    `waiting` are the intake's events no decision was seen of, `group` the one-stop's events of one
    cause, which were one decision; `before` of those waiting came before it.
    """

    case: Case
    waiting: list[Envelope] = field(default_factory=list)
    group: list[Envelope] = field(default_factory=list)
    before: int = 0
    agrees: bool = True


@dataclass(frozen=True)
class Retelling:
    """Judges stories: what the rules say with the data asked, of a case that is as the log says."""

    own: Reference
    asked: Reference

    def hear(self, story: Story, event: Envelope) -> tuple[Judged, ...]:
        """Take the next event; return what the decision before it comes to, if it is over."""
        if event.service == "intake":
            story.waiting.append(event)
            return ()
        same = story.group and _cause(story.group[0]) == _cause(event)
        judged = () if same else self.end(story)
        if not story.group:
            story.before = len(story.waiting)
        story.group.append(event)
        return judged

    def end(self, story: Story) -> tuple[Judged, ...]:
        """Return what the decision comes to whose events are all heard; () if there is none."""
        group, story.group = story.group, []
        if not group:
            return ()
        try:
            return self._judge(story, group)
        except STRANGE:
            story.agrees = False
            return NOT_JUDGED

    def _judge(self, story: Story, group: list[Envelope]) -> tuple[Judged, ...]:
        message = self._message(story, group)
        before = story.case
        own = self._decide(self.own, message, before, group)
        found = own if self.asked is self.own else self._decide(self.asked, message, before, group)
        agrees = own.events == tuple(e.data for e in group) if isinstance(own, Decision) else False
        story.agrees = story.agrees and agrees
        if isinstance(own, Decision) and agrees:
            story.case = own.state
        else:
            story.case = followed(own.state if isinstance(own, Decision) else before, group)
        return compare(message, group, found, before)

    def _decide(
        self, known: Reference, message: object, case: Case, group: Sequence[Envelope]
    ) -> Decision[Case] | Refused:
        received = any(
            isinstance(event.data, Accepted | Returned) and event.data.actor == AUTOMATIC
            for event in group
        )
        context = RoutingContext(group[0].time, known, lambda _: not received)
        kind = type(message.data) if isinstance(message, Envelope) else type(message)
        return RULES[kind](message, case, context)

    def _message(self, story: Story, group: list[Envelope]) -> object:
        """Return what the rules were told; the intake's words before it are noted on the way.

        What came after the decision's first event is left for later, unless it led to it.
        """
        cause = group[0].causeid
        known = any(str(one.id) == cause for one in story.waiting)
        while story.waiting and (known or story.before > 0):
            event = story.waiting[0]
            if not known and event.data.name == "submitted":
                break
            story.waiting.pop(0)
            story.before -= 1
            if str(event.id) == cause:
                return event
            self._note(story, event, group[0].time)
        return _command(story.case, group)

    def _note(self, story: Story, event: Envelope, at: datetime) -> None:
        """Let the case know of what no decision of its own followed."""
        context = RoutingContext(min(event.time, at), self.own, lambda _: True)
        decision = RULES[type(event.data)](event, story.case, context)
        if isinstance(decision, Decision) and not decision.events:
            story.case = decision.state


def _cause(event: Envelope) -> tuple[str, str, datetime]:
    return event.causeid, event.causehash, event.time


def _command(case: Case, group: Sequence[Envelope]) -> object:
    """Return what an officer, the register or time asked for, by what was said then."""
    others = [one.data for one in group if not _is_merger(one.data)]
    if not others:
        return Merge()
    data = others[0]
    if kind := _of_register(data):
        said = RegisterReturned.model_validate(
            {"kind": kind[0], "reasons": kind[1], "round": max(case.rounds, 1)}
        )
        return enveloped(group[0].dossierid, group[0].subject, said, group[0].time)
    return _COMMANDS[type(data)](data)


def _of_register(data: EventData) -> tuple[str, tuple[str, ...]] | None:
    """Return what the register must have said; None when somebody else led to it."""
    wants = "supplement", ("register_needs_supplement",)
    match data:
        case Returned(actor="register", reasons=("supplement_exhausted",)) | Routed():
            return wants
        case Returned(actor="register"):
            return data.kind, data.reasons
        case Withdrawn(actor="register"):
            return "refused", ("register_refused",)
    return None


def _rescheduling(data: Rescheduled) -> Apologise | Verify:
    if data.kind == "apology":
        return Apologise(data.actor, data.reason, data.due.due_on)
    return Verify(data.actor, data.reason)


#: What an officer, or time, asked for that led to an event.
_COMMANDS: Mapping[type[EventData], Callable[[Any], object]] = {
    Accepted: lambda data: Accept(data.actor),
    Returned: lambda data: GiveBack(data.actor, data.kind, data.reasons, data.papers),
    Forwarded: lambda data: Forward(data.actor, data.to_unit_code, data.reason),
    Withdrawn: lambda data: Withdraw(data.actor),
    Stopped: lambda data: Expire() if data.final else Stop(data.actor, data.reason),
    Resumed: lambda data: Resume(data.actor),
    Rescheduled: _rescheduling,
}


def _is_merger(data: EventData) -> bool:
    return isinstance(data, Forwarded) and data.reason == "merger" and data.actor == AUTOMATIC


def enveloped(dossier_id: UUID, code: str, data: EventData, at: datetime) -> Envelope:
    """Return the event as its service would have published it first."""
    head = Head(dossier_id, code, 0, GENESIS)
    return decode(extend(head, data, Cause("again", GENESIS), at)[0])


def followed(case: Case, group: Sequence[Envelope]) -> Case:
    """Return the case with what the log says of it, whatever the rules made of it."""
    for event in group:
        match event.data:
            case Routed() as data:
                due = data.reception_due
                case = case.but(status="received", unit_code=data.unit_code, reception_due=due)
            case Forwarded() as data:
                case = case.but(unit_code=data.to_unit_code, unit_on=local_day(event.time))
            case Accepted() as data:
                case = case.but(
                    status="accepted",
                    unit_code=data.unit_code,
                    appointment=data.due,
                    received_at=data.received_at or event.time,
                    rounds=data.round,
                )
            case Returned() as data:
                case = case.but(status=data.kind, supplement_due=data.supplement_due)
            case Stopped() as data:
                case = case.but(status="closed" if data.final else "stopped")
            case Rescheduled() | Resumed() as data:
                case = case.but(appointment=data.due)
            case Withdrawn():
                case = case.but(status="withdrawn")
    return case
