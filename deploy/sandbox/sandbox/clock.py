"""The day the played systems live on: today, or another one."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Clock:
    """How far the clock of the played systems is ahead of the real one (negative: behind).

    Only what the outside is told as a date lives by it. The journal's `at`, what is waited for,
    tokens and signatures keep the real time: they are about this process, not about the story.
    """

    offset: timedelta = timedelta(0)

    def shown(self, at: datetime) -> datetime:
        """Return what the outside is told for a real moment, in Vietnam's time."""
        return (at + self.offset).astimezone(VIETNAM)


REAL_CLOCK = Clock()
