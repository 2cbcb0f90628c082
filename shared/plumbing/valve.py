"""One valve: how many calls may go to a neighbour now, decided without a clock of its own."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["done", "no", "again", "unknown", "never", "stuck"]
Opening = Literal["open", "shut", "trying"]
#: The neighbour is at work: it decided, or said what is wrong with the request.
AT_WORK = frozenset({"done", "no", "never"})

#: So many failures one after the other, or that share of the latest, of so many different calls:
#: one poisoned dossier that is tried again and again shuts nothing.
IN_A_ROW, LATEST, SHARE, DIFFERENT = 5, 20, 0.6, 3
#: So many calls are known to have failed alone, while others came through.
ALONE = 500
#: A shut valve waits so long, doubled each time up to the longest; jittered to half of it.
PAUSE_SECONDS, LONGEST_SECONDS = 1.0, 30.0
#: After an outage the window grows by one at most once in this time.
RAMP_SECONDS = 0.2


@dataclass(eq=False)
class Begun:
    """A call that went through a valve at that time; `era` counts how often it was shut before."""

    at: float
    era: int


class Valve:
    """Lets calls through to one neighbour; deterministic, time and jitter are given.

    Open: as many at once as its window, which grows by one per success up to `maximum` and halves
    once for all calls under way when one of them fails. Shut: none until its pause is over, then
    one on trial; if that succeeds the window begins again at one and grows slowly.
    A call that failed before while another one came through says nothing when it fails again: a
    few poisoned dossiers, tried for days, neither shut a valve nor keep it shut.
    """

    def __init__(
        self, maximum: int = 32, start: int = 4, jitter: Callable[[], float] = random.random
    ) -> None:
        self.window, self.flying = min(start, maximum), 0
        self._maximum, self._jitter = maximum, jitter
        self._latest: deque[tuple[bool, object]] = deque(maxlen=LATEST)
        self._failed, self._alone = dict[object, None](), dict[object, None]()
        self._era, self._shuts = 0, 0
        self._until: float | None = None
        self._trial: Begun | None = None
        self._ramping = False
        self._changed_at = float("-inf")

    def state(self, now: float) -> Opening:
        """Return whether calls go through."""
        if self._until is None:
            return "open"
        return "shut" if now < self._until else "trying"

    def is_ramping(self, now: float) -> bool:
        """Return whether it opens slowly, because it was shut."""
        return self._ramping and self.state(now) == "open"

    def room(self, now: float) -> int:
        """Return how many calls may begin now."""
        match self.state(now):
            case "shut":
                return 0
            case "trying":
                return 0 if self._trial else 1
            case "open":
                return max(0, self.window - self.flying)

    def begin(self, now: float) -> Begun | None:
        """Let a call through; None when there is no room."""
        if self.room(now) == 0:
            return None
        begun = Begun(now, self._era)
        if self._until is not None:
            self._trial = begun
        self.flying += 1
        return begun

    def give_back(self, begun: Begun) -> None:
        """Take the call for not made: it says nothing of the neighbour."""
        self.flying -= 1
        if begun is self._trial:
            self._trial = None

    def report(self, begun: Begun, outcome: Outcome, whose: object, now: float) -> None:
        """Hear how a call ended; `whose` tells different calls apart.

        What began before the valve was last shut is counted no more.
        """
        on_trial = begun is self._trial
        self.give_back(begun)
        good = outcome in AT_WORK
        if begun.era != self._era or self._says_nothing(good, whose):
            return
        self._latest.append((good, whose))
        if on_trial:
            self._open(now) if good else self._shut(now)
        elif good:
            self._grow(now)
        elif self._has_failed():
            self._shut(now)
        elif begun.at >= self._changed_at:
            self.window, self._changed_at = max(1, self.window // 2), now

    def _says_nothing(self, good: bool, whose: object) -> bool:
        known = whose in self._alone
        self._alone.pop(whose, None)
        if good:
            # Whoever failed since the last success failed alone: the neighbour was not away.
            self._failed.pop(whose, None)
            self._keep(self._alone, *self._failed)
            self._failed.clear()
            return False
        self._keep(self._alone if known else self._failed, whose)
        return known

    @staticmethod
    def _keep(those: dict[object, None], *whose: object) -> None:
        """Keep them as the newest of those, and forget the oldest of too many."""
        for one in whose:
            those.pop(one, None)
            those[one] = None
        for one in list(those)[:-ALONE]:
            del those[one]

    def _has_failed(self) -> bool:
        row: list[object] = []
        for good, whose in reversed(self._latest):
            if good:
                break
            row.append(whose)
        if len(row) >= IN_A_ROW and len(set(row)) >= DIFFERENT:
            return True
        failed = [whose for good, whose in self._latest if not good]
        enough = len(self._latest) == LATEST and len(failed) >= SHARE * LATEST
        return enough and len(set(failed)) >= DIFFERENT

    def _shut(self, now: float) -> None:
        longest = min(LONGEST_SECONDS, PAUSE_SECONDS * 2 ** min(self._shuts, 16))
        self._until = now + longest * (0.5 + 0.5 * self._jitter())
        self._era, self._shuts = self._era + 1, self._shuts + 1
        self._latest.clear()

    def _open(self, now: float) -> None:
        self._until, self._ramping = None, True
        self.window, self._changed_at = 1, now

    def _grow(self, now: float) -> None:
        if self._ramping and now - self._changed_at < RAMP_SECONDS:
            return
        if self.window < self._maximum:
            self.window += 1
        if self._ramping:
            self._changed_at = now
        if self.window == self._maximum:
            self._ramping, self._shuts = False, 0
