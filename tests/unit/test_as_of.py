"""The day a stack lives on: what AS_OF may say, and the clock that comes of it."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.model import VIETNAM
from local_stack.as_of import seconds_ahead, stack_name, wanted
from local_stack.errors import StackFailed
from plumbing.assembly import clock_ahead, utc_now


@pytest.fixture(autouse=True)
def _no_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AS_OF", raising=False)


def test_given_nothing_then_the_real_time_and_the_usual_stack() -> None:
    assert (wanted(), stack_name(), seconds_ahead()) == (None, "run", 0.0)


def test_given_a_day_then_its_morning_in_vietnam_and_a_stack_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AS_OF", "2021-11-15")

    assert wanted() == datetime(2021, 11, 15, 9, 0, tzinfo=VIETNAM)
    assert stack_name() == "run-2021-11-15"
    lived = datetime.now(UTC) + timedelta(seconds=seconds_ahead())
    assert abs(lived - datetime(2021, 11, 15, 2, 0, tzinfo=UTC)) < timedelta(seconds=5)


def test_given_an_instant_then_that_one_and_the_day_it_is_in_vietnam(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AS_OF", "2022-03-31T20:00:00+00:00")

    assert wanted() == datetime(2022, 3, 31, 20, 0, tzinfo=UTC)
    assert stack_name() == "run-2022-04-01"


@pytest.mark.parametrize(
    "text", ["15/11/2021", "2021-13-01", "soon", "2021-11-15T09:00:00", "2021-11-15 09"]
)
def test_what_cannot_be_read_is_refused_with_how_to_write_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AS_OF", text)

    with pytest.raises(StackFailed, match="AS_OF=2021-11-15"):
        wanted()


def test_a_clock_that_is_ahead_goes_on_at_the_real_pace() -> None:
    ahead = timedelta(days=-1835)
    clock = clock_ahead(ahead.total_seconds())

    first, real, second = clock(), utc_now(), clock()

    assert first <= real + ahead <= second
    assert first.tzinfo is UTC
