"""How far a dossier is told, what came of it, and the proof that a decision is the log's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID, uuid5

from contracts.decision import Answered, Decision, InDoubt, State
from contracts.envelope import Cause, EventTooLarge, Head, extend
from plumbing.answers import cause_of
from plumbing.rebuilding.planning import Call, KnownAnswer
from plumbing.rebuilding.stories import Group, Heard, Story

S = TypeVar("S", bound=State)


@dataclass(frozen=True)
class Note:
    """A decision that today's rules make otherwise, or that nothing leads to; the log won.

    `why`: `rules_differ`, `cause_unknown` or `cause_missing`.
    """

    dossier_id: UUID
    sequence: int
    event: str
    why: str


@dataclass(frozen=True)
class Told(Generic[S]):
    """What came of a dossier: state, end of its chain, calls, and what was heard of each source.

    `unheard` is on the log, and nothing on the log follows from it though something will.
    """

    story: Story
    state: S | None
    head: Head
    calls: tuple[Call, ...]
    heard: dict[str, Heard]
    unheard: tuple[Heard, ...] = ()
    notes: tuple[Note, ...] = ()
    proved: int = 0


class Node(NamedTuple):
    """How far a dossier is told: its state, the place in each stream, the next decision."""

    state: Any
    places: tuple[int, ...]
    group: int
    head: Head
    calls: tuple[Call, ...] = ()


def proof(head: Head, decision: Decision[Any], group: Group) -> Head | None:
    """Return the chain's end if the decision's events are the log's own bytes; None if not."""
    if len(decision.events) != len(group.said):
        return None
    cause, at = group.cause, group.time
    head = head if head.subject else Head(head.dossier_id, group.said[0].event.subject)
    for data, said in zip(decision.events, group.said, strict=True):
        if data != said.event.data:
            return None
        try:
            _, _, head = extend(head, data, cause, at)
        except (EventTooLarge, ValueError):
            return None
        if head.hash != said.hash:
            return None
    return head


def moved(places: tuple[int, ...], number: int) -> tuple[int, ...]:
    return (*places[:number], places[number] + 1, *places[number + 1 :])


def answer_of(kind: str, answer: KnownAnswer, at: datetime) -> object:
    if answer.state == "MANUAL":
        return InDoubt(kind, answer.attempt, at, final=True)
    outcome: Any = "done" if answer.state == "DONE" else "no"
    return Answered(kind, outcome, answer.reason, {})


def answered(calls: Sequence[Call], message: object) -> tuple[Call, ...]:
    """Return the calls, the one that message answers ended."""
    if isinstance(message, Answered):
        state = "DONE" if message.outcome == "done" else "REJECTED"
    elif isinstance(message, InDoubt) and message.final:
        state = "MANUAL"
    else:
        return tuple(calls)
    return tuple(
        call._replace(state=state) if call.kind == message.kind else call for call in calls
    )


def cause_of_answer(dossier_id: UUID, message: object) -> Cause:
    """Return an answer as the cause of what follows from it, as the executor names it."""
    kind = getattr(message, "kind", "")
    outcome, reason = "stuck", ""
    if isinstance(message, Answered):
        outcome, reason = message.outcome, message.reason
    return cause_of(uuid5(dossier_id, kind), kind, outcome, reason)
