"""Checkpointing runs beside the archiving: signs, publishes, survives a full disk and no Kafka."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Gauge

from audit import checkpointing
from audit.archive import LOG, create
from audit.checkpointing import Checkpointing
from audit.checkpoints import TIMESTAMPS, Ledger
from audit.kafka_reading import BrokerAway
from audit.keys import FILE, Key, Keys
from audit.proof_settings import ProofSettings
from audit.signing import BadKeys, private_text
from plumbing.metrics import (
    ARCHIVE_DIFFERS,
    CHECKPOINTS_OVERDUE,
    CHECKPOINTS_WAITING,
    TIMESTAMPS_FAILING,
)
from tests.unit.archive_kit import ORIGIN, Log, a_log, archive, live, table_of, write_group
from tests.unit.proof_kit import (
    NOW,
    PLACES,
    FakeProducer,
    a_signer,
    a_witness,
    checkpoints,
    logged,
)

_DEADLINE_SECONDS = 60


def _settings(**changes: Any) -> ProofSettings:
    key = {"name": a_signer(1).name, "key": private_text(a_signer(1))}
    since = {"from": "2026-01-01T00:00:00Z"}
    told = {"audit_keys": json.dumps([key | since]), "checkpoint_minutes": 0.001}
    return ProofSettings(**(told | changes))


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def _running(root: Path, producer: Any, **changes: Any) -> Iterator[Any]:
    checkpointing = Checkpointing(root, ORIGIN, _settings(**changes), lambda: producer)
    thread = threading.Thread(target=checkpointing.run)
    thread.start()
    try:
        yield checkpointing.open()
    finally:
        checkpointing.stop.set()
        thread.join(_DEADLINE_SECONDS)
        assert not thread.is_alive()


def _shown(gauge: Gauge) -> float:
    (family,) = gauge.collect()
    return sum(sample.value for sample in family.samples)


def _archive_more(root: Path, log: Log, written: Any) -> None:
    before = len(log.records)
    live(log, 50, log.records[-1].at)
    for record in log.records[before:]:
        write_group(root, [record])
        written(record.topic, record.partition, record.offset, 1, table_of([record]))


def test_what_is_archived_is_soon_signed_and_published(tmp_path):
    log = a_log(6)
    archive(tmp_path, log)
    producer = FakeProducer()
    with _running(tmp_path, producer) as written:
        _until(lambda: len(producer.values()) == len(PLACES))
        _archive_more(tmp_path, log, written)
        _until(lambda: all(checkpoints(tmp_path, p)[-1].size == log.ends[p] for p in PLACES))
        wanted = [note for place in PLACES for _, note in Ledger(tmp_path).notes(*place)]
        _until(lambda: sorted(producer.values()) == sorted(wanted))


def test_a_kafka_that_takes_nothing_keeps_nobody_from_signing(tmp_path):
    log = a_log(6)
    archive(tmp_path, log)
    producer = FakeProducer()
    producer.room = 0
    with _running(tmp_path, producer) as written:
        _until(lambda: Ledger(tmp_path).places() == sorted(PLACES))
        _archive_more(tmp_path, log, written)
        _until(lambda: all(checkpoints(tmp_path, p)[-1].size == log.ends[p] for p in PLACES))
        wanted = [note for place in PLACES for _, note in Ledger(tmp_path).notes(*place)]
        _until(lambda: _shown(CHECKPOINTS_WAITING) == len(wanted))
        producer.room = 1_000
        _until(lambda: sorted(producer.values()) == sorted(wanted))
        _until(lambda: _shown(CHECKPOINTS_WAITING) == 0)
    assert _shown(ARCHIVE_DIFFERS) == 0


def test_a_disk_that_takes_no_more_is_waited_for_and_nothing_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpointing, "RETRY_SECONDS", 0.1)
    archive(tmp_path, a_log(6))
    (tmp_path / "state").write_text("")
    append, full = Ledger.append, threading.Event()
    full.set()

    def refusing(ledger: Ledger, topic: str, partition: int, note: str) -> None:
        if full.is_set() and (topic, partition) == PLACES[9]:
            raise OSError
        append(ledger, topic, partition, note)

    monkeypatch.setattr(Ledger, "append", refusing)
    producer = FakeProducer()
    with _running(tmp_path, producer):
        _until(lambda: len(Ledger(tmp_path).places()) > 0)
        full.clear()
        _until(lambda: Ledger(tmp_path).places() == sorted(PLACES))
        (tmp_path / "state").unlink()
        wanted = [note for place in PLACES for _, note in Ledger(tmp_path).notes(*place)]
        _until(lambda: sorted(producer.values()) == sorted(wanted))
    assert len(wanted) == len(PLACES)


def test_an_authority_that_is_away_or_comes_later_holds_nothing_up(tmp_path):
    archive(tmp_path, a_log(3))
    with _running(tmp_path, FakeProducer(), tsa_url="http://127.0.0.1:1/tsa"):
        _until(lambda: Ledger(tmp_path).places() == sorted(PLACES))
        _until(lambda: _shown(TIMESTAMPS_FAILING) > 0)
    assert not (tmp_path / TIMESTAMPS).exists()


def test_records_that_are_not_those_that_were_signed_are_shown(tmp_path):
    log, other = a_log(6), a_log(6, minutes=2)
    archive(tmp_path, log)
    with _running(tmp_path, FakeProducer()):
        _until(lambda: Ledger(tmp_path).places() == sorted(PLACES))
    shutil.rmtree(tmp_path / LOG)
    shutil.rmtree(tmp_path / "state")
    archive(tmp_path, other)
    with _running(tmp_path, FakeProducer()):
        _until(lambda: _shown(ARCHIVE_DIFFERS) > 0)


def test_without_keys_nothing_is_signed_and_the_archiving_goes_on(tmp_path):
    create(tmp_path, ORIGIN)
    with logged() as events, _running(tmp_path, FakeProducer(), audit_keys="") as written:
        written("topic", 0, 0, 0, table_of([]))
    assert (events, Ledger(tmp_path).places()) == (["checkpoints_not_signed"], [])


def _stopped_and_ended(
    root: Path, producer: Any, log: Log, *, may_sign: bool = True, **told: Any
) -> None:
    """Run, stop, archive something at the very last, and end, as the service does."""
    slow = _settings(checkpoint_minutes=60)
    checkpointing = Checkpointing(root, ORIGIN, slow, lambda: producer, **told)
    thread = threading.Thread(target=checkpointing.run)
    thread.start()
    written = checkpointing.open()
    if may_sign:
        _until(lambda: Ledger(root).places() == sorted(PLACES))
    checkpointing.stop.set()
    thread.join(_DEADLINE_SECONDS)
    _archive_more(root, log, written)
    checkpointing.end()


def test_what_is_archived_at_the_very_end_is_signed_and_published_before_it_stops(tmp_path):
    log = a_log(6)
    archive(tmp_path, log)
    producer = FakeProducer()

    _stopped_and_ended(tmp_path, producer, log)

    assert all(checkpoints(tmp_path, place)[-1].size == log.ends[place] for place in PLACES)
    wanted = [note for place in PLACES for _, note in Ledger(tmp_path).notes(*place)]
    assert sorted(producer.values()) == sorted(wanted)


def test_an_end_waits_for_no_kafka_that_takes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpointing, "LAST_SECONDS", 0.1)
    log = a_log(6)
    archive(tmp_path, log)
    producer = FakeProducer()

    def taken(begin: int) -> tuple[Iterator[bytes], int]:
        producer.room = 0
        return iter(()), 0

    _stopped_and_ended(tmp_path, producer, log, published=taken)

    assert producer.values() == []
    assert all(checkpoints(tmp_path, place)[-1].size == log.ends[place] for place in PLACES)


def test_nothing_is_signed_at_the_end_while_what_was_published_was_never_read(tmp_path):
    log = a_log(6)
    archive(tmp_path, log)

    def away(begin: int) -> tuple[Iterator[bytes], int]:
        raise BrokerAway("away")

    _stopped_and_ended(tmp_path, FakeProducer(), log, may_sign=False, published=away)

    assert Ledger(tmp_path).places() == []


_OF_ANOTHER = Keys(ORIGIN, [Key(a_signer(2).verifier, NOW)]).to_json()


@pytest.mark.parametrize("content", [b"{", _OF_ANOTHER])
def test_keys_that_do_not_fit_the_archive_stop_the_signing_alone_and_are_told(tmp_path, content):
    archive(tmp_path, a_log(6))
    (tmp_path / FILE).write_bytes(content)

    with logged() as events, _running(tmp_path, FakeProducer()) as written:
        written("topic", 0, 0, 0, table_of([]))
        _until(lambda: _shown(CHECKPOINTS_OVERDUE) > 0)

    assert events == ["keys_not_usable"]
    assert (Ledger(tmp_path).places(), (tmp_path / FILE).read_bytes()) == ([], content)


def test_a_round_no_key_signs_is_overdue_and_one_that_is_signed_is_not(tmp_path):
    archive(tmp_path, a_log(3))
    ended = _of_key(1, until="2026-01-02T00:00:00Z")
    with _running(tmp_path, FakeProducer(), audit_keys=ended, checkpoint_minutes=60):
        _until(lambda: _shown(CHECKPOINTS_OVERDUE) > 0.5)
    archive(tmp_path / "good", a_log(3))
    with _running(tmp_path / "good", FakeProducer(), checkpoint_minutes=60):
        _until(lambda: _shown(CHECKPOINTS_OVERDUE) == 0)


def test_a_history_that_was_published_and_does_not_follow_is_shown(tmp_path):
    archive(tmp_path / "other", a_log(6, minutes=2))
    producer = FakeProducer()
    with _running(tmp_path / "other", producer):
        _until(lambda: len(producer.values()) == len(PLACES))
    notes = [one.encode() for one in producer.values()]
    archive(tmp_path / "ours", a_log(6))
    with _running(tmp_path / "ours", FakeProducer()):
        _until(lambda: Ledger(tmp_path / "ours").places() == sorted(PLACES))

    ours = Checkpointing(
        tmp_path / "ours",
        ORIGIN,
        _settings(),
        FakeProducer,
        published=lambda _: (iter(notes), len(notes)),
    )
    thread = threading.Thread(target=ours.run)
    thread.start()
    ours.open()
    try:
        _until(lambda: _shown(ARCHIVE_DIFFERS) > 0)
    finally:
        ours.stop.set()
        thread.join(_DEADLINE_SECONDS)


def _of_key(number: int, **changes: str) -> str:
    key = {"name": a_signer(number).name, "key": private_text(a_signer(number))}
    return json.dumps([key | {"from": "2026-01-01T00:00:00Z"} | changes])


def test_keys_and_witnesses_that_cannot_be_used_are_refused_at_the_start(tmp_path):
    with pytest.raises(BadKeys):
        Checkpointing(tmp_path, ORIGIN, _settings(audit_keys="[{}]"), FakeProducer)
    witness, log_key = a_witness().verifier.text, a_signer(1).verifier.text
    assert _settings(witnesses=json.dumps([witness])).witness_keys() == [a_witness().verifier]
    for odd in (json.dumps([log_key]), "rubbish", json.dumps([witness[:-1]])):
        with pytest.raises(ValueError, match=r"."):
            _settings(witnesses=odd).witness_keys()
