"""Reading a topic-partition: no longer waited than there are records, and a broker that is gone."""

from collections.abc import Iterator
from types import SimpleNamespace as Values
from typing import Any

import pytest
from confluent_kafka import KafkaError

from audit import kafka_reading
from audit.kafka_reading import BrokerAway, BulkReader, Extent


class FakeConsumer:
    """Gives what is prepared, at most as much as is asked for; notes how much that is."""

    def __init__(self) -> None:
        self.coming: list[Any] = []
        self.asked: list[int] = []

    def assign(self, places: list[Any]) -> None: ...

    def unassign(self) -> None: ...

    def close(self) -> None: ...

    def consume(self, count: int, timeout: float) -> list[Any]:
        self.asked.append(count)
        given, self.coming = self.coming[:count], self.coming[count:]
        return given


def _record(offset: int) -> Values:
    return Values(error=lambda: None, offset=lambda: offset)


def _trouble(code: int, retriable: bool = False) -> Values:
    return Values(error=lambda: KafkaError(code, retriable=retriable), offset=lambda: None)


@pytest.fixture
def consumer(monkeypatch: pytest.MonkeyPatch) -> FakeConsumer:
    fake = FakeConsumer()
    monkeypatch.setattr(kafka_reading, "open_consumer", lambda *_: fake)
    return fake


def _read(extent: Extent, wait: float = 20.0) -> Iterator[int]:
    with BulkReader("nowhere", wait_seconds=wait) as reader:
        for some in reader.records("topic", 0, extent):
            yield from (one.offset() or 0 for one in some)


def test_no_more_is_asked_for_than_there_is(
    consumer: FakeConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The client waits for as many as it is asked for: of more it would wait in vain.
    monkeypatch.setattr(kafka_reading, "AT_ONCE", 4)
    consumer.coming = [_record(offset) for offset in range(3, 12)]

    assert list(_read(Extent(3, 10))) == list(range(3, 10))
    assert consumer.asked == [4, 3]


def test_offsets_that_are_left_out_at_the_end_are_not_waited_for(consumer: FakeConsumer) -> None:
    consumer.coming = [_record(0), _record(2), _trouble(KafkaError._PARTITION_EOF)]

    assert list(_read(Extent(0, 5))) == [0, 2]


@pytest.mark.parametrize(
    "coming", [[], [_trouble(KafkaError._ALL_BROKERS_DOWN, retriable=True)] * 3]
)
def test_a_broker_that_goes_away_meanwhile_is_told(
    consumer: FakeConsumer, coming: list[Any]
) -> None:
    consumer.coming = [_record(0), *coming]

    with pytest.raises(BrokerAway):
        list(_read(Extent(0, 5), wait=0.0))
