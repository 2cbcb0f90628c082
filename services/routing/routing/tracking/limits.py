"""How often somebody may be wrong, and how long they wait then. No clock, no database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: How long a wrong answer counts.
WINDOW = timedelta(hours=1)
#: Wrong answers in a window: about one code from one address, about one code from everywhere, about
#: any codes from one address (an office, a village behind one address).
PER_PAIR, PER_CODE, PER_ADDRESS = 5, 50, 60
#: The least time after the first, second … wrong answer about one code from one address.
_PAUSES = (0, 5, 15, 60)


@dataclass(frozen=True)
class Count:
    """How often it was wrong since then, this attempt taken for one, and when the last one was."""

    wrong: int
    since: datetime
    before_at: datetime | None


@dataclass(frozen=True)
class Attempt:
    """An attempt about to be made, and what counts against it."""

    pair: Count
    code: Count
    address: Count


def wait_of(attempt: Attempt, now: datetime) -> timedelta | None:
    """Return how long to wait until the answer is heard; None if it is heard now.

    What everybody together did wrong about a code shuts out nobody who was not wrong themselves:
    one answer an hour is heard from each address whatever others do.
    """
    waits = [
        _until_over(attempt.pair, PER_PAIR, now),
        _until_over(attempt.address, PER_ADDRESS, now),
        _paused(attempt.pair, now),
    ]
    if attempt.pair.wrong > 1:
        waits.append(_until_over(attempt.code, PER_CODE, now))
    longest = max(waits)
    return longest if longest > timedelta(0) else None


def _until_over(count: Count, most: int, now: datetime) -> timedelta:
    return count.since + WINDOW - now if count.wrong > most else timedelta(0)


def _paused(pair: Count, now: datetime) -> timedelta:
    before = pair.wrong - 1
    if before < 1 or pair.before_at is None:
        return timedelta(0)
    pause = _PAUSES[min(before, len(_PAUSES)) - 1]
    return pair.before_at + timedelta(seconds=pause) - now
