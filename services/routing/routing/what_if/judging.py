"""Judges dossiers as they come: the usual ones by others like them, the rest one by one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from contracts.decision import Decision
from contracts.envelope import Envelope, MalformedEvent, decode
from contracts.events import (
    Accepted,
    AttachmentRef,
    Forwarded,
    ParticularsRef,
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
from contracts.what_if import Judged
from reference import Reference
from routing.domain import RULES, Accept, Case, RoutingContext
from routing.what_if import reading
from routing.what_if.likeness import REMEMBERED, Likeness
from routing.what_if.reading import Submission
from routing.what_if.retelling import Retelling, Story, enveloped

_HEARD = (
    *(Submitted, Resubmitted, WithdrawalRequested),
    *(Routed, Forwarded, Accepted, Returned, Withdrawn, Stopped, Resumed, Rescheduled),
)
SUBMITTED, ROUTED, ACCEPTED = (one.event_type() for one in (Submitted, Routed, Accepted))
_NO_HASH = "0" * 64
MOST_ALIKE = 8

#: What is remembered of a dossier: its first events while it is usual, those before it was
#: submitted, what it was when it was received as usual, or its whole story.
Memory = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Usual:
    """A dossier that was submitted, routed and received, each as its rules say."""

    submission: Submission
    routed_at: datetime
    accepted_at: datetime
    actor: str
    at_once: bool


class Like(NamedTuple):
    """The verdict of dossiers whose events are written so, and whether their own rules agree."""

    routed: bytes
    accepted: bytes
    judged: tuple[Judged, ...]
    agrees: bool

    @property
    def differs(self) -> bool:
        """Return whether any decision differs."""
        return any(one.differs for one in self.judged)


class Judge:
    """Judges the one-stop's decisions with the data asked.

    A dossier that was submitted, routed and received has the verdict of one that is like it.
    """

    hears = frozenset(one.event_type() for one in _HEARD)

    def __init__(self, own: Reference, asked: Reference) -> None:
        """Take the data the decisions were made with, and those that are asked."""
        self._own, self._asked = own, asked
        self._retelling = Retelling(own, asked)
        self._known: dict[Any, list[Like]] = {}
        self._likeness = Likeness(own, asked)

    def hear(
        self, memory: Any, event_type: str, value: bytes, exact: bool
    ) -> tuple[Any, tuple[Judged, ...]]:
        """Return the new memory and what can be judged by now."""
        if memory is None:
            return ("usual" if event_type == SUBMITTED else "early", [value]), ()
        state, held = memory
        if state == "usual":
            return self._begun([*held, value], event_type, exact)
        if state == "early":
            if event_type == SUBMITTED:
                return self._retold([value, *held])
            return (state, [*held, value]), ()
        event = _decoded(value)
        if event is None:
            return memory, ()
        story = held if isinstance(held, Story) else self._story_of(held, event)
        return ("story", story), self._retelling.hear(story, event)

    def _begun(
        self, values: list[bytes], event_type: str, exact: bool
    ) -> tuple[Memory, tuple[Judged, ...]]:
        if len(values) == 2 and event_type == ROUTED:
            return ("usual", values), ()
        if len(values) == 3 and event_type == ACCEPTED:
            return self._received(values, exact)
        return self._retold(values)

    def end(self, memory: Any, exact: bool) -> tuple[Judged, ...]:
        """Return what is left to judge; nothing of a dossier that was never submitted."""
        if memory is None or memory[0] in ("early", "received"):
            return ()
        state, held = memory
        judged: tuple[Judged, ...] = ()
        if state == "usual":
            (_, held), judged = self._retold(held)
        return (*judged, *self._retelling.end(held))

    def _received(self, values: list[bytes], exact: bool) -> tuple[Memory, tuple[Judged, ...]]:
        """Judge a dossier that was submitted, routed and received, by one like it if there was."""
        submission = reading.submission(values[0])
        desk, reception = reading.routed(values[1]), reading.accepted(values[2])
        if submission is None or desk is None or reception is None:
            return self._retold(values)
        key = self._likeness.of(submission, desk, reception)
        told = reading.marks(submission.submitted_at, b""), reading.marks(*reception[1:3])
        known = None if key is None else self._like(key, desk.rest, reception.rest, told)
        if known is None or not known.agrees or (exact and known.differs):
            memory, judged = self._retold(values)
            story = memory[1]
            judged = (*judged, *self._retelling.end(story))
            if known is None and key is not None:
                routed = reading.template(desk.rest, told[0])
                accepted = reading.template(reception.rest, told[1])
                self._remember(key, Like(routed, accepted, judged, story.agrees))
            if not story.agrees:
                return memory, judged
        else:
            judged = known.judged
        at_once = (desk.cause, desk.written) == (reception.cause, reception.written)
        actor = reception.actor.decode()
        return ("received", Usual(submission, desk.time, reception.time, actor, at_once)), judged

    def _like(
        self, key: Any, routed: bytes, accepted: bytes, told: tuple[dict[bytes, bytes], ...]
    ) -> "Like | None":
        for one in self._known.get(key, ()):
            if one.routed % told[0] == routed and one.accepted % told[1] == accepted:
                return one
        return None

    def _remember(self, key: Any, like: "Like") -> None:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        # What is written in many ways, as by a clock that goes on day and night, is like nothing.
        kinds = self._known.setdefault(key, [])
        kinds[MOST_ALIKE:] = []
        kinds.insert(0, like)

    def _retold(self, values: list[bytes]) -> tuple[Memory, tuple[Judged, ...]]:
        """Judge by telling the rules all of it."""
        story: Story | None = None
        judged: tuple[Judged, ...] = ()
        for event in filter(None, map(_decoded, values)):
            if story is None:
                story = Story(Case(event.dossierid, event.subject))
            judged += self._retelling.hear(story, event)
        return ("story", story or Story(Case(UUID(int=0), ""))), judged

    def _story_of(self, usual: Usual, event: Envelope) -> Story:
        """Return the story of a dossier that was as usual so far, as its rules tell it."""
        told = usual.submission
        papers = [
            AttachmentRef(
                kind=kind,
                uri="claim://again/1",
                media_type="application/pdf",
                size_bytes=1,
                sha256=_NO_HASH,
            )
            for kind in told.papers
        ]
        data = Submitted(
            channel="national-portal",
            portal="again",
            portal_reference="again",
            procedure_code=told.procedure_code,
            province_code="00",
            unit_code=told.unit_code,
            residence_unit_code=told.residence_unit_code,
            submitted_at=told.submitted_at,
            particulars=ParticularsRef(version=1, sha256=_NO_HASH),
            attachments=tuple(papers),
        )
        case = Case(event.dossierid, event.subject)
        came = enveloped(
            event.dossierid, event.subject, data, reading.moment(told.time) or told.submitted_at
        )
        case = self._own_state(came, case, usual.routed_at, not usual.at_once)
        if not usual.at_once:
            case = self._own_state(Accept(usual.actor), case, usual.accepted_at, True)
        return Story(case)

    def _own_state(self, message: Any, case: Case, at: datetime, by_officer: bool) -> Case:
        context = RoutingContext(at, self._own, lambda _: by_officer)
        kind = type(message.data) if isinstance(message, Envelope) else type(message)
        decision = RULES[kind](message, case, context)
        return decision.state if isinstance(decision, Decision) else case


def _decoded(value: bytes) -> Envelope | None:
    try:
        return decode(value)
    except MalformedEvent:
        return None
