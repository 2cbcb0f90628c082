"""The periods of the board: every day counts once, in its own, and is looked at once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest

from contracts.board import By
from reference import load
from routing.board_reading import Question, board_of, periods
from routing.board_store import Figures, Key

KNOWN = load()
FIRST, LAST = date(2024, 2, 14), date(2026, 11, 26)
NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)


class Watched(date):
    """A day that counts how often it is compared with another."""

    compared = 0

    def __lt__(self, other: date) -> bool:
        Watched.compared += 1
        return self.toordinal() < other.toordinal()

    def __le__(self, other: date) -> bool:
        Watched.compared += 1
        return self.toordinal() <= other.toordinal()

    def __ge__(self, other: date) -> bool:
        Watched.compared += 1
        return self.toordinal() >= other.toordinal()


def days() -> Iterator[date]:
    """Yield the days asked for, and one before and after them."""
    for number in range((LAST - FIRST).days + 3):
        yield Watched.fromordinal(FIRST.toordinal() - 1 + number)


def counters() -> dict[Key, Figures]:
    return {
        ("79", day, road, "submitted", ""): Figures(day.day + len(road))
        for day in days()
        for road in ("national-portal", "moj-direct")
    }


@pytest.mark.parametrize("by", get_args(By))
def test_given_years_of_days_then_each_is_counted_in_its_period_and_looked_at_once(by: By) -> None:
    told, Watched.compared = counters(), 0

    (seen,) = board_of(KNOWN, Question(NOW, FIRST, LAST, by, {"79"}), told, ()).provinces

    # To find one of a thousand periods takes ten looks.
    assert Watched.compared < 14 * len(told)
    assert [(one.first_on, one.last_on) for one in seen.periods] == periods(FIRST, LAST, by)
    for one in (seen, *seen.periods):
        first, last = (FIRST, LAST) if one is seen else (one.first_on, one.last_on)
        length = (last - first).days + 1
        sums = sum((first + timedelta(days=number)).day for number in range(length))
        assert one.roads == {
            "moj-direct": sums + 10 * length,
            "national-portal": sums + 15 * length,
        }
