"""Every checkpoint of the archive reaches the log at least once, with the same bytes, in order."""

import pytest

from audit.checkpoints import Ledger
from audit.publishing import Publisher
from contracts.topics import CHECKPOINTS
from tests.unit.archive_kit import a_log
from tests.unit.proof_kit import DAY, PLACES, FakeProducer, Signing, signed_archive


@pytest.fixture
def signing(tmp_path) -> Signing:
    return signed_archive(tmp_path, a_log(5))


def _notes(signing: Signing) -> list[str]:
    ledger = Ledger(signing.root)
    return sorted(note for place in PLACES for _, note in ledger.notes(*place))


def _opened(signing: Signing, producer: FakeProducer) -> Publisher:
    publisher = Publisher(signing.root, producer)
    publisher.open(PLACES)
    return publisher


def test_what_is_in_the_archive_is_published_once_and_its_bytes_are_the_same(signing):
    producer = FakeProducer()
    publisher = _opened(signing, producer)
    publisher.publish()
    publisher.add(signing.round(DAY))
    publisher.publish()

    assert (sorted(producer.values()), publisher.waiting) == (_notes(signing), 0)
    topic, message = producer.taken[0]
    assert (topic, message["headers"]) == (CHECKPOINTS.name, [("content-type", b"text/plain")])
    name = message["key"].decode()
    assert message["value"].decode().split("\n")[0].endswith(f"/{name}")

    again = FakeProducer()
    _opened(signing, again).publish()
    assert again.taken == []


def test_another_producer_goes_on_once_all_that_is_under_way_is_answered(signing):
    first, second = FakeProducer(), FakeProducer()
    first.room = 10
    publisher = _opened(signing, first)
    publisher.publish()
    first.fails = {len(first.taken)}
    publisher.publish()
    publisher.exchange(second)
    for _ in range(3):
        publisher.publish()

    assert len(first.taken) == 20
    assert (sorted(first.values() + second.values()), publisher.waiting) == (_notes(signing), 0)
    assert not set(first.values()) & set(second.values())


def test_a_full_queue_holds_nobody_up_and_the_rest_is_sent_later(signing):
    producer = FakeProducer()
    producer.room = 10
    publisher = _opened(signing, producer)
    for _ in range(5):
        publisher.publish()

    assert sorted(producer.values()) == _notes(signing)


def test_what_failed_is_sent_again_and_each_place_keeps_its_order(signing):
    signing.round(DAY)
    signing.round(DAY)
    producer = FakeProducer()
    producer.fails = {1, 5, 6}
    publisher = _opened(signing, producer)
    for _ in range(4):
        publisher.publish()

    assert publisher.waiting == 0
    for topic, partition in PLACES:
        wanted = [note for _, note in Ledger(signing.root).notes(topic, partition)]
        end = f"/{topic}/{partition}"
        sent = [note for note in producer.values() if note.split("\n")[0].endswith(end)]
        # Who reads the newest of a place sees them in order.
        assert list(dict.fromkeys(reversed(sent)))[::-1] == wanted


def test_a_producer_that_failed_is_to_be_exchanged_and_the_next_one_sends_the_rest(signing):
    first, second = FakeProducer(), FakeProducer()
    first.fails = set(range(3, 100))
    publisher = _opened(signing, first)
    assert not publisher.wants_another
    publisher.publish()
    assert publisher.wants_another

    publisher.exchange(second)
    publisher.publish()

    assert not publisher.wants_another
    assert publisher.waiting == 0
    assert sorted(first.values() + second.values()) == _notes(signing)


def test_what_was_not_acknowledged_is_sent_by_the_next_process(signing):
    first = FakeProducer()
    first.fails = set(range(3, 100))
    publisher = _opened(signing, first)
    publisher.publish()
    publisher.publish()

    second = FakeProducer()
    _opened(signing, second).publish()

    assert len(first.values()) == 3
    assert set(first.values()) | set(second.values()) == set(_notes(signing))


def test_without_its_state_everything_is_published_again(signing):
    publisher = _opened(signing, FakeProducer())
    publisher.publish()
    for text in ("", "[]", None):
        state = signing.root / "state" / "published.json"
        state.unlink() if text is None else state.write_text(text)
        producer = FakeProducer()
        _opened(signing, producer).publish()
        assert sorted(producer.values()) == _notes(signing)
