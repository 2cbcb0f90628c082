"""The day a stack lives on: today, or another one that AS_OF names."""

import os
from datetime import UTC, date, datetime, time

from contracts.model import VIETNAM
from local_stack.errors import StackFailed

#: The offices are open then, and much can still happen on the same day.
MORNING = time(9, 0, tzinfo=VIETNAM)
USUAL = "run"


def wanted() -> datetime | None:
    """Return the instant AS_OF names (a day means 09:00 in Vietnam), None for the real time."""
    text = os.environ.get("AS_OF", "").strip()
    if not text:
        return None
    try:
        if len(text) == len("2021-11-15"):
            return datetime.combine(date.fromisoformat(text), MORNING)
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise StackFailed(
            "AS_OF",
            f"cannot read {text!r}",
            advice="write a day, AS_OF=2021-11-15, or an instant, AS_OF=2021-11-15T14:00:00+07:00",
        )
    return instant


def stack_name() -> str:
    """Return the name of the stack that lives on that day; each day has data of its own."""
    instant = wanted()
    return USUAL if instant is None else f"{USUAL}-{instant.astimezone(VIETNAM):%Y-%m-%d}"


def seconds_ahead() -> float:
    """Return how far the rules' clock has to be ahead of the real one now."""
    instant = wanted()
    return 0.0 if instant is None else (instant - datetime.now(UTC)).total_seconds()
