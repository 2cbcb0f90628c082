"""Which message that had to wait is news no more, and why."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal

from contracts.model import Step
from notifier.correspondence import News
from notifier.turns import is_end, is_on_the_way

Stale = Literal["overtaken", "expired"]
STALE: frozenset[str] = frozenset({"overtaken", "expired"})
#: What waited less goes out whatever came after it: it was its turn.
FRESH = timedelta(hours=1)
#: After that time nobody needs to hear of it any more. What asks for something, what ends a
#: dossier and what brings a result has no end: it is told whenever it can be.
#: Longer than the longest quiet time there is, from the eve of Tết to its fourth day.
_TO_LIVE = timedelta(days=5)
TO_LIVE: Mapping[Step, timedelta] = dict.fromkeys(
    ("submitted", "resubmitted", "forwarded", "accepted", "resumed", "rescheduled"), _TO_LIVE
)


def why_stale(told: Sequence[News], key: str, age: timedelta) -> Stale | None:
    """Return why the step needs no telling after it waited for `age`, None if it does.

    `told` are the dossier's steps in the order they are told. How the work goes on is pointless
    once its end is known; the end itself is always told.
    """
    if age < FRESH:
        return None
    place = next((number for number, one in enumerate(told) if one.key == key), None)
    if place is None or is_end(told[place]):
        return None
    news = told[place]
    is_about_the_way = news.step == "submitted" or is_on_the_way(news)
    if is_about_the_way and any(is_end(one) for one in told[place + 1 :]):
        return "overtaken"
    to_live = TO_LIVE.get(news.step)
    return "expired" if to_live is not None and age >= to_live else None
