"""Judges dossiers as they come: the usual ones by others like them, the rest one by one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from contracts import as_written
from contracts.as_written import Submission
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
from routing.domain import AUTOMATIC, RULES, Accept, Case, RoutingContext
from routing.what_if import reading
from routing.what_if.alike import Alike, Question
from routing.what_if.likeness import Likeness
from routing.what_if.reading import Step
from routing.what_if.retelling import Retelling, Story, enveloped

_HEARD = (
    *(Submitted, Resubmitted, WithdrawalRequested),
    *(Routed, Forwarded, Accepted, Returned, Withdrawn, Stopped, Resumed, Rescheduled),
)
SUBMITTED, ROUTED, ACCEPTED = (one.event_type() for one in (Submitted, Routed, Accepted))
_NO_HASH = "0" * 64
_MACHINE = AUTOMATIC.encode()


class Early(NamedTuple):
    """What came of a dossier before it was submitted."""

    values: tuple[bytes, ...]


class Begun(NamedTuple):
    """The first events of a dossier that is usual so far; `submission` None if it is not."""

    submission: Submission | None
    values: tuple[bytes, ...]


class Usual(NamedTuple):
    """A dossier that was submitted, routed and received, each as its rules say."""

    submission: Submission
    routed_at: bytes
    accepted_at: bytes
    actor: bytes
    at_once: bool


#: What is remembered of a dossier: its first events while it is usual, those before it was
#: submitted, what it was when it was received as usual, or its whole story.
Memory = Early | Begun | Usual | Story


class Judge:
    """Judges the one-stop's decisions with the data asked.

    A dossier that was submitted, routed and received has the verdict of one that is like it.
    """

    hears = frozenset(one.event_type() for one in _HEARD)

    def __init__(self, own: Reference, asked: Reference) -> None:
        """Take the data the decisions were made with, and those that are asked."""
        self._own, self._asked = own, asked
        self._retelling = Retelling(own, asked)
        self._alike = Alike()
        self._likeness = Likeness(own, asked)

    def hear(
        self, memory: Any, event_type: str, value: bytes, exact: bool
    ) -> tuple[Any, tuple[Judged, ...]]:
        """Return the new memory and what can be judged by now."""
        if type(memory) is Begun:
            return self._goes_on(memory, event_type, value, exact)
        if memory is None and event_type == SUBMITTED:
            return Begun(as_written.submission(value), (value,)), ()
        if memory is None or type(memory) is Early:
            values = () if memory is None else memory.values
            if event_type == SUBMITTED:
                return self._retold((value, *values))
            return Early((*values, value)), ()
        event = _decoded(value)
        if event is None:
            return memory, ()
        story = memory if isinstance(memory, Story) else self._story_of(memory, event)
        return story, self._retelling.hear(story, event)

    def _goes_on(
        self, begun: Begun, event_type: str, value: bytes, exact: bool
    ) -> tuple[Memory, tuple[Judged, ...]]:
        submission, values = begun
        if event_type == ROUTED and len(values) == 1:
            return Begun(submission, (*values, value)), ()
        if event_type == ACCEPTED and len(values) == 2 and submission is not None:
            return self._received(submission, (*values, value), exact)
        return self._retold((*values, value))

    def end(self, memory: Any, exact: bool) -> tuple[Judged, ...]:
        """Return what is left to judge; nothing of a dossier that was never submitted."""
        if isinstance(memory, Story):
            return self._retelling.end(memory)
        if isinstance(memory, Begun):
            story, judged = self._retold(memory.values)
            return (*judged, *self._retelling.end(story))
        return ()

    def _received(
        self, submission: Submission, values: Sequence[bytes], exact: bool
    ) -> tuple[Memory, tuple[Judged, ...]]:
        """Judge a dossier that was submitted, routed and received, by one like it if there was."""
        desk, reception = reading.routed(values[1]), reading.accepted(values[2])
        if (
            desk is None
            or reception is None
            or desk.cause != submission.event_id
            or reception.procedure_code != submission.procedure_code
        ):
            return self._retold(values)
        at_once = desk.time == reception.time and desk[3:5] == reception[3:5]
        try:
            asked = self._questions(submission, desk, reception, at_once)
        except (ValueError, OverflowError):  # a day that is none
            return self._retold(values)
        if not asked:
            return self._retold(values)
        usual = Usual(submission, desk.time, reception.time, reception.actor, at_once)
        like = self._alike.find_all(asked)
        if like is not None and like.agrees and not (exact and like.differs):
            return usual, like.judged
        return self._judged_itself(values, usual, asked)

    def _judged_itself(
        self, values: Sequence[bytes], usual: Usual, asked: Sequence[Question]
    ) -> tuple[Memory, tuple[Judged, ...]]:
        """Judge a usual dossier by telling the rules all of it; remember what is new."""
        story, first = self._retold(values)
        agreed = story.agrees
        last = self._retelling.end(story)
        answers = [(last, story.agrees)]
        if not usual.at_once:
            # What a case is after a decision its rules did not make is no other's.
            answers = [(first, agreed), *(answers if agreed else [])]
        for question, (judged, agrees) in zip(asked, answers, strict=False):
            self._alike.remember(question, judged, agrees)
        return usual if story.agrees else story, (*first, *last)

    def _questions(
        self, submission: Submission, desk: Step, reception: Step, at_once: bool
    ) -> list[Question]:
        """Return the decisions, one or two if it was received later; none if it is alone."""
        likeness = self._likeness
        ground = likeness.ground(submission, desk, reception)
        if ground is None:
            return []
        handed_in = likeness.slot(ground, submission.submitted_at)
        came, by_machine = likeness.slot(ground, desk.time), reception.actor == _MACHINE
        counted = reading.marks(submission.submitted_at)
        from_then = reading.marks(reception.time, reception.written)
        if at_once:
            kind = ground.number, handed_in, came, by_machine
            return [Question(kind, (desk.rest, reception.rest), (counted, from_then))]
        later = ground.number, likeness.slot(ground, reception.time), by_machine
        return [
            Question((ground.number, handed_in, came), (desk.rest,), (counted,)),
            Question(later, (reception.rest,), (from_then,)),
        ]

    def _retold(self, values: Sequence[bytes]) -> tuple[Story, tuple[Judged, ...]]:
        """Judge by telling the rules all of it."""
        story: Story | None = None
        judged: tuple[Judged, ...] = ()
        for event in filter(None, map(_decoded, values)):
            if story is None:
                story = Story(Case(event.dossierid, event.subject))
            judged += self._retelling.hear(story, event)
        return story or Story(Case(UUID(int=0), "")), judged

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
            for kind in reading.papers(told.attachments)
        ]
        data = Submitted(
            channel="national-portal",
            portal="again",
            portal_reference="again",
            procedure_code=told.procedure_code.decode(),
            province_code="00",
            unit_code=told.unit_code.decode(),
            residence_unit_code=told.residence_unit_code.decode(),
            submitted_at=as_written.moment(told.submitted_at),
            particulars=ParticularsRef(version=1, sha256=_NO_HASH),
            attachments=tuple(papers),
        )
        case = Case(event.dossierid, event.subject)
        came = enveloped(event.dossierid, event.subject, data, as_written.moment(told.time))
        routed_at, accepted_at = map(as_written.moment, (usual.routed_at, usual.accepted_at))
        case = self._own_state(came, case, routed_at, not usual.at_once)
        if not usual.at_once:
            case = self._own_state(Accept(usual.actor.decode()), case, accepted_at, True)
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
