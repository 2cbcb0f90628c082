"""One dossier told once more to its service's rules; the log proves every decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from contracts.decision import Decision, State
from contracts.envelope import Head
from plumbing.rebuilding.planning import KnownAnswer, Plan, same_kinds
from plumbing.rebuilding.proving import Node, Note, Told, moved
from plumbing.rebuilding.steps import Option, Steps
from plumbing.rebuilding.stories import Group, Heard, Story

S = TypeVar("S", bound=State)

#: So many messages are told at most to find the order in which a decision was made.
MOST_STEPS = 400


@dataclass
class _Telling(Steps[S]):
    def run(self) -> Told[S]:
        """Return what comes of the dossier."""
        story = self.story
        node = Node(
            None,
            tuple(0 for _ in self.sources),
            0,
            Head(story.dossier_id, story.subject),
        )
        while node.group < len(story.groups):
            found, stuck = self._proved(node)
            node = found if found is not None else self._log_wins(stuck)
        return self._ended(node)

    def _proved(self, begin: Node) -> tuple[Node | None, Node]:
        """Return the node after the last decision if all are proved; else where it goes no further.

        Where it goes no further is the first way that came to the latest decision.
        """
        stuck, steps = begin, MOST_STEPS
        ways: list[Option] = [lambda: begin]
        while ways and steps > 0:
            steps -= 1
            node = ways.pop()()
            if node is None:
                continue
            if node.group == len(self.story.groups):
                return node, node
            options = self.options(node)
            if node.group > stuck.group:
                stuck, steps = node, MOST_STEPS
            ways += reversed(options)
        return None, stuck

    def _log_wins(self, node: Node) -> Node:
        """Return the node after a decision as its events tell it, and say that it is so."""
        group = self.story.groups[node.group]
        node, one, number = self._up_to_the_cause(self._caught_up(node, group), group)
        message = self.message(node, one, group)
        decided = None if message is None else self._decided(node, message, group)
        is_same = decided is not None and same_kinds(decided.events, group)
        why = "rules_differ" if message is not None else self._why_no_message(group)
        first, last = group.said[0].event, group.said[-1]
        self.notes.append(Note(self.story.dossier_id, first.sequence, first.data.name, why))
        before = self.begun(node.state, message or first)
        state = self.plan.as_said(
            before, decided and decided.state, message, group, is_same=is_same
        )
        head = Head(self.story.dossier_id, first.subject, last.event.sequence, last.hash)
        effects = decided.effects if decided is not None and is_same else ()
        return self.followed(node, Decision(state, (), effects), head, message, one, number)

    def _decided(self, node: Node, message: object, group: Group) -> Decision[Any] | None:
        """Return what the rules say, of the same kinds if they can, else whatever they say."""
        found = [
            decision
            for context in self.plan.contexts(group.time)
            if (decision := self.decide(message, node.state, group.time, context)) is not None
        ]
        same = [decision for decision in found if same_kinds(decision.events, group)]
        return next(iter((*same, *found)), None)

    def _why_no_message(self, group: Group) -> str:
        is_event = len(group.cause.id) == 36 and ":" not in group.cause.id
        is_heard = is_event or group.cause.id.startswith("particulars:")
        return "cause_missing" if is_heard else "cause_unknown"

    def _caught_up(self, node: Node, group: Group) -> Node:
        """Return the node with all heard that came before the decision and led to nothing."""
        while True:
            early = [
                (one.at, number, self.hearing(node, one, number))
                for number, one in self.following(node)
                if one.at <= group.time and one.cause.id not in self.anchors
            ]
            early += [
                (silent.at, -1, self.answering(node, silent, silent.at))
                for silent in self.silent(node, group)
                if silent.at is not None and silent.at <= group.time
            ]
            ways = (option() for _, _, option in sorted(early, key=lambda one: one[:2]))
            after = next((way for way in ways if way is not None), None)
            if after is None:
                return node
            node = after

    def _up_to_the_cause(self, node: Node, group: Group) -> tuple[Node, Heard | None, int]:
        """Return the node where the cause is what comes next, what stands before it only noted."""
        for number, source in enumerate(self.sources):
            stream = self.story.streams[source]
            for place in range(node.places[number], len(stream)):
                if stream[place].cause.id != group.cause.id:
                    continue
                while node.places[number] < place:
                    one = stream[node.places[number]]
                    heard = self.hearing(node, one, number)()
                    if heard is None:
                        begun = self.begun(node.state, one.message)
                        state = self.plan.noted(begun, one.message, one.at)
                        places = moved(node.places, number)
                        heard = node._replace(state=state, places=places)
                    node = heard
                return node, stream[place], number
        return node, None, 0

    def _ended(self, node: Node) -> Told[S]:
        """Return what comes of the dossier once the rest was heard that nothing followed from."""
        closed: set[int] = set()
        while True:
            rest: list[tuple[datetime, int, Option]] = [
                (one.at, number, self.hearing(node, one, number))
                for number, one in self.following(node)
                if number not in closed
            ]
            rest += [
                (silent.at or node.calls[-1].at, -1 - place, self.answering(node, silent, at))
                for place, silent in enumerate(self.silent(node, None))
                if (at := silent.at or node.calls[-1].at) and -1 - place not in closed
            ]
            if not rest:
                break
            _, number, option = min(rest, key=lambda one: one[:2])
            after = option()
            if after is None:
                closed.add(number)
            else:
                node = after
        return self._told(node)

    def _told(self, node: Node) -> Told[S]:
        story = self.story
        streams = [story.streams[source] for source in self.sources]
        heard = {
            source: streams[number][node.places[number] - 1]
            for number, source in enumerate(self.sources)
            if node.places[number]
        }
        unheard = tuple(
            one for number, stream in enumerate(streams) for one in stream[node.places[number] :]
        )
        state = self.plan.finished(node.state) if node.state is not None else None
        proved = len(story.groups) - len(self.notes)
        return Told(story, state, node.head, node.calls, heard, unheard, tuple(self.notes), proved)


def tell(plan: Plan[S], story: Story, known: Mapping[str, KnownAnswer]) -> Told[S]:
    """Tell a dossier's story to the rules once more; `known` are answers to calls, by kind.

    Each decision is made with the moment of the event it led to, and must give the log's own
    bytes. Where topics were read side by side the order is the broker's, or one that gives them.
    """
    return _Telling(plan, story, known).run()
