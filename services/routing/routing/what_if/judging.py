"""Judges dossiers as they come: the usual ones by others like them, the rest one by one."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts import as_written
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
from contracts.told import Told
from contracts.what_if import Judged
from reference import Reference
from routing.domain import AUTOMATIC, RULES, Accept, Case, RoutingContext
from routing.what_if import reading
from routing.what_if.alike import Alike
from routing.what_if.likeness import Likeness
from routing.what_if.remembered import Begun, Early, Memory, Usual
from routing.what_if.retelling import Retelling, Story, enveloped

_HEARD = (
    *(Submitted, Resubmitted, WithdrawalRequested),
    *(Routed, Forwarded, Accepted, Returned, Withdrawn, Stopped, Resumed, Rescheduled),
)
SUBMITTED, ROUTED, ACCEPTED = (one.event_type() for one in (Submitted, Routed, Accepted))
_NO_HASH = "0" * 64
_MACHINE = AUTOMATIC.encode()


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
        self, memory: Any, event_type: str, value: bytes, told: Told | None, exact: bool
    ) -> tuple[Any, tuple[Judged, ...]]:
        """Return the new memory and what can be judged by now."""
        if type(memory) is tuple:
            return self._goes_on((*memory, (value, told)), event_type, exact)
        if memory is None and event_type == SUBMITTED:
            return ((value, told),), ()
        if memory is None or type(memory) is Early:
            values = (value,) if memory is None else (*memory.values, value)
            if event_type == SUBMITTED:
                return self._retold((value, *values[:-1]))
            return Early(values), ()
        event = _decoded(value)
        if event is None:
            return memory, ()
        story = memory if isinstance(memory, Story) else self._story_of(memory, event)
        return story, self._retelling.hear(story, event)

    def _goes_on(
        self, begun: Begun, event_type: str, exact: bool
    ) -> tuple[Memory, tuple[Judged, ...]]:
        if event_type == ROUTED and len(begun) == 2:
            return begun, ()
        if event_type == ACCEPTED and len(begun) == 3:
            return self._received(begun, exact)
        return self._retold(_values(begun))

    def end(self, memory: Any, exact: bool) -> tuple[Judged, ...]:
        """Return what is left to judge; nothing of a dossier that was never submitted."""
        if isinstance(memory, Story):
            return self._retelling.end(memory)
        if type(memory) is tuple:
            story, judged = self._retold(_values(memory))
            return (*judged, *self._retelling.end(story))
        return ()

    def _received(self, begun: Begun, exact: bool) -> tuple[Memory, tuple[Judged, ...]]:
        """Judge a dossier that was submitted, routed and received, by one like it if there was."""
        (_, submission), (_, desk), (_, reception) = begun
        if (
            submission is None
            or desk is None
            or reception is None
            or desk.cause != submission.event_id
            or (desk.moment and desk.moment != submission.moment)
            or not submission.unit_code == desk.unit_code == reception.unit_code
        ):
            return self._retold(_values(begun))
        at_once = desk.time == reception.time and desk[3:5] == reception[3:5]
        try:
            asked = self._questions(submission, desk, reception, at_once)
        except (ValueError, OverflowError):  # a day that is none
            return self._retold(_values(begun))
        declared = reading.declared(submission.shape)
        if not asked or declared[0] != reading.procedure(reception.shape):
            return self._retold(_values(begun))
        usual = Usual(
            declared,
            submission.moment,
            submission.unit_code,
            submission.other,
            submission.time,
            desk.time,
            reception.time,
            reception.other,
            at_once,
        )
        like = self._alike.find_all(asked)
        if like is not None and like.agrees and not (exact and like.differs):
            return usual, like.judged
        return self._judged_itself(_values(begun), usual, asked)

    def _questions(
        self, submission: Told, desk: Told, reception: Told, at_once: bool
    ) -> tuple[Hashable, ...]:
        """Return all a rule could tell the decisions from others by; () if it is alone.

        Of a dossier received later these are two.
        """
        ground = self._likeness.ground(submission, desk.time, reception.time)
        if ground is None:
            return ()
        slot, ours = self._likeness.slot, ground.number
        handed_in, came = slot(ground, submission.moment), slot(ground, desk.time)
        by_machine = reception.other == _MACHINE
        routed, answered = desk.shape.number, reception.shape.number
        if at_once:
            return ((ours, handed_in, came, routed, by_machine, answered),)
        received = slot(ground, reception.time)
        return (ours, handed_in, came, routed), (ours, received, by_machine, answered, None)

    def _judged_itself(
        self, values: Sequence[bytes], usual: Usual, asked: Sequence[Hashable]
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
        procedure_code, kinds = usual.declared
        papers = [
            AttachmentRef(
                kind=kind,
                uri="claim://again/1",
                media_type="application/pdf",
                size_bytes=1,
                sha256=_NO_HASH,
            )
            for kind in kinds
        ]
        data = Submitted(
            channel="national-portal",
            portal="again",
            portal_reference="again",
            procedure_code=procedure_code,
            province_code="00",
            unit_code=usual.unit_code.decode(),
            residence_unit_code=usual.residence.decode(),
            submitted_at=as_written.moment(usual.submitted_at),
            particulars=ParticularsRef(version=1, sha256=_NO_HASH),
            attachments=tuple(papers),
        )
        case = Case(event.dossierid, event.subject)
        came = enveloped(event.dossierid, event.subject, data, as_written.moment(usual.came_at))
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


def _values(begun: Begun) -> list[bytes]:
    return [value for value, _ in begun]
