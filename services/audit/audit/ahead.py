"""Broker clocks that are far ahead: told once, and believed by nobody who asks how old a record is.

The record is archived as it is: an archive keeps, it does not judge.
"""

import time
from datetime import timedelta

import structlog

from audit.records import Record

log = structlog.get_logger()

#: A broker whose clock is further ahead of ours is wrong.
AHEAD = timedelta(days=1)


class Clocks:
    """Looks at the broker's time of the records of each topic-partition as they come."""

    def __init__(self) -> None:
        self._ahead: set[tuple[str, int]] = set()

    def look(self, place: tuple[str, int], record: Record) -> None:
        """Tell of the first record of a stretch whose time is a day and more after now."""
        is_ahead = record.timestamp_ms > (time.time() + AHEAD.total_seconds()) * 1000
        if not is_ahead:
            self._ahead.discard(place)
        elif place not in self._ahead:
            self._ahead.add(place)
            log.error("clock_ahead", topic=place[0], partition=place[1], offset=record.offset)
