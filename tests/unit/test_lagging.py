"""How far behind a process is: counted from its database's offsets and the topics' ends."""

from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from plumbing.lagging import Lag, Lags

TOPIC = "a"
ONE, OTHER = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)
NOW = 1_000_000.0


class Clock:
    """A wall clock and a steady one that are moved together."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lags(clock: Clock) -> Lags:
    return Lags(clock, clock)


def records(tp: TopicPartition, first: int, *ages: float) -> list[Any]:
    """Return records from that offset on that were written so many seconds ago."""
    return [
        ConsumerRecord(
            topic=tp.topic,
            partition=tp.partition,
            offset=first + n,
            timestamp=int((NOW - age) * 1000),
            timestamp_type=0,
            key=None,
            value=b"",
            checksum=None,
            serialized_key_size=-1,
            serialized_value_size=0,
            headers=(),
        )
        for n, age in enumerate(ages)
    ]


def test_given_everything_settled_then_nothing_waits(lags: Lags) -> None:
    lags.note(records(ONE, 0, 50, 40))

    assert lags.of({ONE: 2}, {ONE: 2}) == [Lag(TOPIC, 1, 0, 0.0)]


def test_given_a_batch_that_is_not_settled_then_its_first_record_is_the_oldest(lags: Lags) -> None:
    lags.note(records(ONE, 4, 50, 40))

    assert lags.of({ONE: 4}, {ONE: 9}) == [Lag(TOPIC, 1, 5, 50.0)]


def test_given_several_partitions_then_they_are_counted_together_and_the_oldest_told(
    lags: Lags,
) -> None:
    lags.note(records(ONE, 0, 7))
    lags.note(records(OTHER, 5, 90))

    assert lags.of({ONE: 0, OTHER: 5}, {ONE: 1, OTHER: 8}) == [Lag(TOPIC, 2, 4, 90.0)]


def test_given_what_waits_was_never_brought_then_it_is_as_old_as_it_is_known_to_wait(
    lags: Lags, clock: Clock
) -> None:
    assert lags.of({}, {ONE: 3}) == [Lag(TOPIC, 1, 3, 0.0)]
    clock.now += 12

    assert lags.of({}, {ONE: 3}) == [Lag(TOPIC, 1, 3, 12.0)]


def test_given_a_quiet_topic_when_a_record_has_just_come_then_it_is_not_as_old_as_the_last_one(
    lags: Lags,
) -> None:
    lags.note(records(ONE, 0, 7200))

    assert lags.of({ONE: 1}, {ONE: 2}) == [Lag(TOPIC, 1, 1, 0.0)]


def test_given_it_caught_up_meanwhile_then_a_new_wait_begins_anew(lags: Lags, clock: Clock) -> None:
    lags.of({ONE: 0}, {ONE: 1})
    clock.now += 100
    lags.of({ONE: 1}, {ONE: 1})
    clock.now += 100

    assert lags.of({ONE: 1}, {ONE: 2}) == [Lag(TOPIC, 1, 1, 0.0)]


def test_given_kafka_never_answered_for_a_partition_then_nothing_is_known_to_wait(
    lags: Lags,
) -> None:
    assert lags.of({ONE: 4}, {ONE: None}) == [Lag(TOPIC, 1, 0, 0.0)]


async def test_given_an_inlet_that_notes_then_it_settles_as_before(lags: Lags) -> None:
    seen: list[Any] = []

    async def settle(*given: Any) -> Any:
        seen.append(given)
        return "settled"

    rows = records(ONE, 4, 50)
    told = await lags.noting(settle)(None, rows, NOW)  # type: ignore[arg-type]

    assert told == "settled"
    assert seen == [(None, rows, NOW)]
    assert lags.of({ONE: 4}, {ONE: 5})[0].oldest_seconds == 50
