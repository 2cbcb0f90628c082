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
from audit.proof_settings import ProofSettings
from audit.signing import BadKeys, private_text
from plumbing.metrics import ARCHIVE_DIFFERS, CHECKPOINTS_WAITING, TIMESTAMPS_FAILING
from tests.unit.archive_kit import ORIGIN, Log, a_log, archive, live, table_of, write_group
from tests.unit.proof_kit import (
    PLACES,
    FakeProducer,
    a_signer,
    a_witness,
    checkpoints,
    logged,
)

_DEADLINE_SECONDS = 20


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


def test_keys_and_witnesses_that_cannot_be_used_are_refused_at_the_start(tmp_path):
    with pytest.raises(BadKeys):
        Checkpointing(tmp_path, ORIGIN, _settings(audit_keys="[{}]"), FakeProducer)
    witness, log_key = a_witness().verifier.text, a_signer(1).verifier.text
    assert _settings(witnesses=json.dumps([witness])).witness_keys() == [a_witness().verifier]
    for odd in (json.dumps([log_key]), "rubbish", json.dumps([witness[:-1]])):
        with pytest.raises(ValueError, match=r"."):
            _settings(witnesses=odd).witness_keys()
