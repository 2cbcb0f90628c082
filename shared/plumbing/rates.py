"""How often somebody may come: a bucket of tokens for each, refilled at a steady rate."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Rates:
    """Counts for each key; of more keys than `most` the ones longest unused are forgotten."""

    def __init__(
        self,
        per_second: float,
        burst: int,
        *,
        most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._burst, self._most, self._clock = per_second, burst, most, clock
        self._kept: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """Take one of the key's; return 0, or how many seconds until there is one again."""
        now = self._clock()
        left, at = self._kept.pop(key, (float(self._burst), now))
        left = min(left + (now - at) * self._rate, float(self._burst))
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._kept[key] = (left if wait else left - 1, now)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return wait
