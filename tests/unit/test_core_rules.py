"""The core's small pure rules: what may be deleted, how long to wait, when it is a flood."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbing import settling
from plumbing.calls import backoff
from plumbing.outbox import SHARDS, shard_of
from plumbing.relay import acknowledged_prefix
from plumbing.settling import Flood, FloodGate

LOST = ConnectionError()


def rows(*keys: str) -> list[dict[str, Any]]:
    return [
        {"id": number, "topic": "dossier.intake.v1", "key": key.encode()}
        for number, key in enumerate(keys, 1)
    ]


def test_given_every_row_acknowledged_then_all_may_be_deleted() -> None:
    assert acknowledged_prefix(rows("a", "b", "a"), [None, None, None]) == ([1, 2, 3], None)
    assert acknowledged_prefix([], []) == ([], None)


def test_given_a_failed_row_then_later_rows_of_its_key_stay_and_other_keys_go() -> None:
    outcomes = [None, LOST, None, None, None]

    sent, failed = acknowledged_prefix(rows("a", "b", "a", "b", "c"), outcomes)

    assert (sent, failed) == ([1, 3, 5], LOST)


def test_given_several_failures_then_the_first_is_told() -> None:
    later = TimeoutError()

    sent, failed = acknowledged_prefix(rows("a", "b", "c"), [None, LOST, later])

    assert (sent, failed) == ([1], LOST)


def test_given_the_same_key_on_another_topic_then_it_is_another_order() -> None:
    one, other = rows("a", "a")

    sent, _ = acknowledged_prefix([one, other | {"topic": "dossier.particulars.v1"}], [LOST, None])

    assert sent == [2]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30))
def test_of_each_key_exactly_the_rows_before_its_first_failure_may_be_deleted(
    tried: list[tuple[str, bool]],
) -> None:
    outcomes = [None if good else LOST for _, good in tried]

    sent, failed = acknowledged_prefix(rows(*(key for key, _ in tried)), outcomes)

    for key in "abc":
        goods = [(number, good) for number, (k, good) in enumerate(tried, 1) if k == key]
        first_bad = next((i for i, (_, good) in enumerate(goods) if not good), len(goods))
        assert [n for n, _ in goods if n in sent] == [n for n, _ in goods[:first_bad]]
    assert (failed is None) == all(good for _, good in tried)


def test_outcomes_that_do_not_match_the_rows_are_a_bug() -> None:
    with pytest.raises(ValueError, match="shorter"):
        acknowledged_prefix(rows("a", "b"), [None])


@given(st.binary(max_size=64))
def test_a_key_has_one_shard_of_sixteen(key: bytes) -> None:
    assert shard_of(key) == shard_of(bytes(key))
    assert 0 <= shard_of(key) < SHARDS == 16


@given(st.integers(1, 10_000))
def test_the_wait_doubles_to_a_minute_and_is_jittered_downwards_by_half_at_most(
    attempt: int,
) -> None:
    ceiling = min(60.0, 0.5 * 2 ** min(attempt, 20))

    assert all(ceiling / 2 <= backoff(attempt) <= ceiling for _ in range(20))


def test_the_first_wait_is_a_second_at_most_and_no_wait_is_over_a_minute() -> None:
    assert max(backoff(1) for _ in range(200)) <= 1.0
    assert min(backoff(500) for _ in range(200)) >= 30.0
    assert len({backoff(3) for _ in range(20)}) > 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Give the gate a clock that stands still until it is moved."""
    hand = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(settling, "time", SimpleNamespace(monotonic=lambda: hand.now))
    return hand


def test_given_as_many_failures_as_allowed_then_one_more_is_a_flood(
    clock: SimpleNamespace,
) -> None:
    gate = FloodGate(3)
    for _ in range(3):
        gate.count()

    with pytest.raises(Flood, match="more than 3 records failed in 60 s"):
        gate.count()


def test_given_failures_older_than_the_window_then_they_no_longer_count(
    clock: SimpleNamespace,
) -> None:
    gate = FloodGate(3, seconds=10)
    for _ in range(3):
        gate.count()

    clock.now += 10
    with pytest.raises(Flood):
        gate.count()

    clock.now += 10.1
    gate.count()
