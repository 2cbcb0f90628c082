"""Shares the room there is between those who have something waiting, turn by turn."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from plumbing.valves import Pass, Valves


@dataclass(frozen=True, order=True)
class Line:
    """Where calls wait one behind the other: a neighbour, a turn, a lane."""

    call: str
    turn: str
    lane: str


class Turns:
    """Gives every turn of a neighbour an equal share of the calls under way.

    The next call is of whoever has fewest under way, then of whoever was served longest ago; what
    one does not need the others have. It remembers across claims, so that also a neighbour
    with room for one call serves all in turn.
    """

    def __init__(self, valves: Valves) -> None:
        self._valves = valves
        self._flying: Counter[tuple[str, str]] = Counter()
        self._served: dict[Line, int] = {}
        self._ticks = count(1)

    def share(self, lines: Iterable[Line], room: int) -> dict[Line, list[Pass]]:
        """Return who may make how many calls now, at most `room`; valves that are shut give none.

        Every pass is to be handed back to `landed` or `unused`.
        """
        given: dict[Line, list[Pass]] = defaultdict(list)
        waiting = [(*self._rank(line), line) for line in lines]
        heapq.heapify(waiting)
        while waiting and room > 0:
            *rank, line = heapq.heappop(waiting)
            if tuple(rank) != self._rank(line):  # its turn was served in another lane meanwhile
                heapq.heappush(waiting, (*self._rank(line), line))
                continue
            passed = self._valves.begin(line.call, line.turn)
            if passed is None:
                continue
            given[line].append(passed)
            self._flying[line.call, line.turn] += 1
            self._served[line] = next(self._ticks)
            heapq.heappush(waiting, (*self._rank(line), line))
            room -= 1
        return dict(given)

    def landed(self, line: Line) -> None:
        """Count a call of the line as ended; its pass is reported by whoever made it."""
        self._flying[line.call, line.turn] -= 1

    def unused(self, shares: dict[Line, list[Pass]]) -> None:
        """Give back the passes for which nothing was found to do."""
        for line, passes in shares.items():
            for passed in passes:
                passed.give_back()
                self.landed(line)

    def _rank(self, line: Line) -> tuple[int, int]:
        return self._flying[line.call, line.turn], self._served.get(line, 0)
