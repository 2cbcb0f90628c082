"""The steps a dossier can be told by: what comes next, and what its rules make of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import uuid5

from contracts.decision import Decision, Effect, Refused, State
from contracts.envelope import Cause, Head
from plumbing.rebuilding.planning import ENDED, Call, KnownAnswer, Plan, Silent
from plumbing.rebuilding.proving import (
    Node,
    Note,
    answer_of,
    answered,
    cause_of_answer,
    moved,
    proof,
)
from plumbing.rebuilding.stories import Group, Heard, Story

S = TypeVar("S", bound=State)

#: Tells one thing more; None where that cannot be what happened.
Option = Callable[[], "Node | None"]


@dataclass
class Steps(Generic[S]):
    """What may happen to a dossier next; `known` are answers to calls, by kind."""

    plan: Plan[S]
    story: Story
    known: Mapping[str, KnownAnswer]
    sources: tuple[str, ...] = field(init=False)
    anchors: dict[str, int] = field(init=False)
    heard: frozenset[str] = field(init=False)
    causes: frozenset[str] = field(init=False)
    notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sources = tuple(self.story.streams)
        groups = self.story.groups
        # The first decision of a cause; the same cause may be a sweep's, again and again.
        self.anchors = {group.cause.id: number for number, group in reversed([*enumerate(groups)])}
        self.causes = frozenset(self.anchors)
        self.heard = frozenset(
            one.cause.id for stream in self.story.streams.values() for one in stream
        )

    def options(self, node: Node) -> list[Option]:
        """Return what may come next, the likeliest first: by time, where the order is free."""
        group = self.story.groups[node.group]
        early: list[tuple[datetime, int, Option]] = []
        late: list[tuple[datetime, int, Option]] = []
        told: Option | None = None
        if group.cause.id not in self.heard:
            told = self._deciding(node, None, 0)
        for number, one in self.following(node):
            anchor = self.anchors.get(one.cause.id)
            if anchor is None:
                place = early if one.at <= group.time else late
                place.append((one.at, len(place), self.hearing(node, one, number)))
            elif anchor == node.group:
                told = self._deciding(node, one, number)
        for silent in self.silent(node, group):
            at = silent.at or group.time
            place = late if silent.at is None or at > group.time else early
            place.append((at, len(place), self.answering(node, silent, at)))
        options = [option for _, _, option in sorted(early, key=lambda one: one[:2])]
        options += [told] if told else []
        return options + [option for _, _, option in sorted(late, key=lambda one: one[:2])]

    def following(self, node: Node) -> Iterator[tuple[int, Heard]]:
        for number, source in enumerate(self.sources):
            stream, place = self.story.streams[source], node.places[number]
            if place < len(stream):
                yield number, stream[place]

    def silent(self, node: Node, group: Group | None) -> Iterator[Silent]:
        still = {one.cause.id for one in self.story.groups[node.group :]}
        for call in node.calls:
            answer = self.known.get(call.kind)
            if call.state in ENDED or answer is None or answer.state not in ENDED:
                continue
            if f"effect:{call.effect_id}" not in still:
                yield Silent(
                    answer_of(call.kind, answer, answer.ended_at or call.at), answer.ended_at
                )
        if node.state is not None:
            yield from self.plan.silent(node.state, node.calls, group)

    def hearing(self, node: Node, one: Heard, number: int) -> Option:
        def hear() -> Node | None:
            decision = self.decide(one.message, node.state, one.at)
            if decision is None or decision.events:
                return None
            after = self._after(node, decision, one.cause, one.at)
            return after._replace(places=moved(node.places, number))

        return hear

    def answering(self, node: Node, silent: Silent, at: datetime) -> Option:
        def answer() -> Node | None:
            decision = self.decide(silent.message, node.state, at)
            if decision is None or decision.events:
                return None
            calls = answered(node.calls, silent.message)
            if calls == node.calls and decision.state == node.state:
                return None
            cause = cause_of_answer(node.head.dossier_id, silent.message)
            return self._after(node._replace(calls=calls), decision, cause, at)

        return answer

    def _deciding(self, node: Node, one: Heard | None, number: int) -> Option:
        def decide() -> Node | None:
            group = self.story.groups[node.group]
            message = self.message(node, one, group)
            if message is None:
                return None
            # A command comes to a dossier whose code is known.
            state = self.begun(node.state, group.said[0].event if one is None else message)
            for context in self.plan.contexts(group.time):
                decision = self.decide(message, state, group.time, context)
                if decision is None:
                    continue
                head = proof(node.head, decision, group)
                if head is not None:
                    return self.followed(node, decision, head, message, one, number)
            return None

        return decide

    def followed(
        self,
        node: Node,
        decision: Decision[Any],
        head: Head,
        message: object,
        one: Heard | None,
        number: int,
    ) -> Node:
        group = self.story.groups[node.group]
        places = node.places if one is None else moved(node.places, number)
        before = node._replace(
            calls=answered(node.calls, message), places=places, group=node.group + 1, head=head
        )
        return self._after(before, decision, group.cause, group.time)

    def _after(self, node: Node, decision: Decision[Any], cause: Cause, at: datetime) -> Node:
        calls = tuple(self._call(one, cause, at) for one in decision.effects)
        known = {call.kind for call in node.calls}
        new = tuple(call for call in calls if call.kind not in known)
        return node._replace(state=decision.state, calls=(*node.calls, *new))

    def _call(self, effect: Effect, cause: Cause, at: datetime) -> Call:
        dossier_id = self.story.dossier_id
        kind = self.plan.kind_of(dossier_id, effect.kind, self.known, self.causes)
        identity = uuid5(dossier_id, kind)
        return Call(identity, kind, effect.lane, effect.turn, effect.request, cause, at)

    def begun(self, state: Any, message: object) -> Any:
        """Return the state; before the first message a new one, as far as that names the code."""
        if state is not None:
            return state
        return self.plan.part.store.new(self.story.dossier_id, getattr(message, "subject", ""))

    def message(self, node: Node, one: Heard | None, group: Group) -> object | None:
        if one is not None:
            heard: object = one.message
            return heard
        state = self.begun(node.state, group.said[0].event)
        return self.plan.message(group, state, node.calls, self.known)

    def decide(
        self, message: object, state: Any, at: datetime, context: Any = None
    ) -> Decision[Any] | None:
        """Return the decision; None for a no, and for a message no rule of today can take."""
        try:
            decision = self.plan.part.decide(
                message, self.begun(state, message), context or self.plan.contexts(at)[0]
            )
        except Exception:  # whatever a rule of another release trips over: the log wins
            return None
        return None if isinstance(decision, Refused) else decision
