"""Walks through every state a small model can reach, nearest first."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

S = TypeVar("S", bound=Hashable)


class Wrong(Enum):
    """What must never happen; a run reports which of these can."""

    DOUBLE = "applied twice"
    DISORDER = "applied out of order"
    LOST = "at rest, and an event was never applied"
    STUCK = "at rest, and work is left over"


class Step(NamedTuple, Generic[S]):
    """One thing that may happen next; `fault` steps are bad luck and need not happen."""

    name: str
    state: S
    fault: bool = False
    wrong: Wrong | None = None


@dataclass(frozen=True, slots=True)
class Exploration:
    """Everything found: the states, the steps that were taken, the shortest way to each wrong."""

    states: int
    step_names: frozenset[str]
    ways_to: dict[Wrong, tuple[str, ...]]

    @property
    def wrongs(self) -> set[Wrong]:
        """The kinds of wrong that can happen."""
        return set(self.ways_to)


def explore(
    start: S,
    steps: Callable[[S], Iterator[Step[S]]],
    at_rest: Callable[[S], Iterator[Wrong]],
    *,
    luck: Callable[[S], tuple[Hashable, int]] = lambda state: (state, 0),
    limit: int = 3_000_000,
) -> Exploration:
    """Visit every reachable state, breadth first; a state without a step that is due is at rest.

    `luck` parts a state into what it is and the mask of the faults that led to it, where nothing
    but these tells which faults may still come. A state that was reached before, and with fewer of
    them, is not visited again: whatever may follow it followed the one before, and no later.
    Raises OverflowError beyond `limit` states: a bound that was never reached proves nothing.
    """
    came_from: dict[S, tuple[S, str] | None] = {start: None}
    masks: dict[Hashable, list[int]] = {}

    def was_reached(state: S) -> bool:
        itself, mask = luck(state)
        before = masks.setdefault(itself, [])
        if any(one & mask == one for one in before):
            return True
        before.append(mask)
        return False

    was_reached(start)
    ways_to: dict[Wrong, tuple[str, ...]] = {}
    step_names: set[str] = set()
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        resting = True
        for step in steps(state):
            resting = resting and step.fault
            step_names.add(step.name)
            if step.wrong and step.wrong not in ways_to:
                ways_to[step.wrong] = (*_way_to(state, came_from), step.name)
            if not was_reached(step.state):
                came_from[step.state] = (state, step.name)
                waiting.append(step.state)
        if resting:
            for wrong in at_rest(state):
                ways_to.setdefault(wrong, _way_to(state, came_from))
        if len(came_from) > limit:
            raise OverflowError(f"more than {limit} states")
    return Exploration(len(came_from), frozenset(step_names), ways_to)


def _way_to(state: S, came_from: dict[S, tuple[S, str] | None]) -> tuple[str, ...]:
    names: list[str] = []
    link = came_from[state]
    while link is not None:
        names.append(link[1])
        link = came_from[link[0]]
    return tuple(reversed(names))
