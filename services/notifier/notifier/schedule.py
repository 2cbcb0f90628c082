"""When a callback that did not arrive is tried again, in numbers, from those the code lives by."""

from itertools import count

from contracts.model import Contract
from notifier.limits import LAST_ATTEMPTS, RETRY_HORIZON
from notifier.outside import CONNECT_SECONDS, REQUEST_SECONDS
from notifier.redelivering import MOST_A_DAY
from plumbing.calls import LEAST_PART, LONGEST_PAUSE_SECONDS, longest_pause


class Pause(Contract):
    """How long is waited after that attempt, and every later one that has no line of its own."""

    after_attempt: int
    least_seconds: float
    most_seconds: float


class RetrySchedule(Contract):
    """How one callback is repeated until it is answered 2xx or 410.

    It is given up after `horizon_seconds` and `last_attempts` more.
    """

    pauses: tuple[Pause, ...]
    horizon_seconds: float
    last_attempts: int
    connect_within_seconds: float
    answer_within_seconds: float
    redeliveries_a_day: int


def schedule() -> RetrySchedule:
    """Return the schedule; the last pause is that of all attempts after it."""
    pauses = []
    for attempt in count(1):
        longest = longest_pause(attempt)
        pauses.append(
            Pause(
                after_attempt=attempt,
                least_seconds=longest * LEAST_PART,
                most_seconds=longest,
            )
        )
        if longest == LONGEST_PAUSE_SECONDS:
            break
    return RetrySchedule(
        pauses=tuple(pauses),
        horizon_seconds=RETRY_HORIZON.total_seconds(),
        last_attempts=LAST_ATTEMPTS,
        connect_within_seconds=CONNECT_SECONDS,
        answer_within_seconds=REQUEST_SECONDS,
        redeliveries_a_day=MOST_A_DAY,
    )
