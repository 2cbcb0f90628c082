"""An older copy of the archive is put back beside a log of checkpoints that went on."""

import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from audit.checkpoints import Ledger
from audit.kafka_reading import BrokerAway
from audit.looking_back import Back, look_back
from audit.notes import COSIGNS, Signer, sign, split
from tests.unit.archive_kit import ORIGIN, START, Log, a_log, live
from tests.unit.proof_kit import (
    PLACES,
    Signing,
    a_key,
    a_signer,
    add,
    checkpoints,
    fullest,
    logged,
    signed_archive,
)

MINUTES = timedelta(minutes=5)


@dataclass
class Topic:
    """The log of checkpoints, in memory."""

    notes: list[bytes] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    def __call__(self, begin: int) -> tuple[Iterator[bytes], int]:
        self.asked.append(begin)
        return iter(self.notes[begin:]), len(self.notes)

    def publish(self, signing: Signing) -> None:
        """Sign a round and publish it."""
        self.notes += [made.note.encode() for made in signing.round(MINUTES)]


@dataclass
class Case:
    """An archive that went on, and an older copy of its folder."""

    root: Path
    older: Path
    log: Log
    topic: Topic
    before: int


@pytest.fixture
def case(made: Case, tmp_path: Path) -> Case:
    roots = made.root.parent, tmp_path / "case"
    shutil.copytree(*roots)
    log, topic = deepcopy((made.log, made.topic))
    return Case(roots[1] / "archive", roots[1] / "older", log, topic, made.before)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Case:
    log, topic, folder = a_log(12), Topic(), tmp_path_factory.mktemp("looking-back")
    signing = signed_archive(folder / "archive", log)
    first = [note for place in PLACES for _, note in Ledger(signing.root).notes(*place)]
    topic.notes += [note.encode() for note in first]
    shutil.copytree(signing.root, folder / "older")
    before = len(log.records)
    for number in range(12, 24):
        count = len(log.records)
        live(log, number, START + timedelta(hours=number))
        add(signing.root, log, count)
        signing.start()
        topic.publish(signing)
    return Case(signing.root, folder / "older", log, topic, before)


def _back(signing: Signing, topic: Topic) -> list[Back]:
    keys = Ledger(signing.root).keys()
    found = []
    for one in look_back(signing.root, ORIGIN, PLACES, keys, topic):
        signing.rounds.go_on_from(one.place, one.newest)
        found.append(one)
    return found


def test_an_archive_that_has_everything_is_left_as_it_is_and_the_log_is_read_once(case: Case):
    signing = Signing(case.root)
    assert _back(signing, case.topic) == []
    assert _back(signing, case.topic) == []
    assert case.topic.asked == [0, len(case.topic.notes)]


def test_an_older_copy_gets_back_what_was_published_and_is_signed_only_when_it_has_the_records(
    case: Case,
):
    signing, place = Signing(case.older), fullest(case.log)
    found = _back(signing, case.topic)
    assert {one.place for one in found} >= {place}
    for one in PLACES:
        assert checkpoints(case.older, one) == checkpoints(case.root, one)
    assert not any(made.place == place for made in signing.round(MINUTES))

    add(case.older, case.log, case.before)
    signing.start()
    live(case.log, 30, START + timedelta(hours=40))
    count = len(case.log.records) - 6
    add(case.older, case.log, count)
    signing.start()
    signing.round(MINUTES)
    for one in PLACES:
        ours, theirs = checkpoints(case.older, one), checkpoints(case.root, one)
        assert ours[: len(theirs)] == theirs
        assert ours[-1].size == case.log.ends[one]


def test_the_records_may_have_come_before_the_checkpoints_did(case: Case):
    add(case.older, case.log, case.before)
    signing = Signing(case.older)
    assert _back(signing, case.topic)
    signing.round(timedelta(days=1))
    assert all(checkpoints(case.older, one)[-1].size == case.log.ends[one] for one in PLACES)


def test_other_records_than_those_published_are_not_signed(case: Case):
    place = fullest(case.log)
    other = next(
        one for one in case.log.records[case.before :] if (one.topic, one.partition) == place
    )
    other.value = b"other"
    add(case.older, case.log, case.before)
    signing = Signing(case.older)
    with logged() as events:
        _back(signing, case.topic)
    assert "archive_contradicts_checkpoint" in events
    assert signing.frontiers.differing() == [place]
    assert not any(made.place == place for made in signing.round(timedelta(days=1)))


def test_two_histories_of_one_place_are_told_and_it_is_signed_no_more(case: Case):
    place = fullest(case.log)
    signing = Signing(case.older)
    add(case.older, case.log, case.before)
    signing.start()
    signing.round(timedelta(hours=7))  # another checkpoint than those that are on the log
    with logged() as events:
        found = _back(signing, case.topic)
    assert Back(place) in found
    assert "checkpoints_published_differ" in events
    count = len(checkpoints(case.older, place))
    signing.round(timedelta(days=1))
    assert len(checkpoints(case.older, place)) == count
    # It is looked at again from the same place, for somebody may put the right copy back.
    _back(signing, case.topic)
    assert case.topic.asked[-2] == 0


def test_what_anybody_else_wrote_there_does_not_count(case: Case):
    place = fullest(case.log)
    text = split(case.topic.notes[-1].decode())[0]
    stranger = Signer(a_signer(1).name, a_signer(7).key)
    witness = Signer("witness", a_signer(7).key, COSIGNS)
    for note in (sign(text, [stranger]), sign(text, [witness]), text, "", "\udcff"):
        case.topic.notes.append(note.encode("utf-8", "surrogateescape"))
    signing = Signing(case.root)
    with logged() as events:
        assert _back(signing, case.topic) == []
    assert events == []
    signing = Signing(case.root, [a_key(1)])
    assert any(made.place == place for made in signing.round(timedelta(days=1)))


def test_a_disk_that_is_full_half_way_or_a_broker_that_is_away_is_gone_on_from(
    case: Case, monkeypatch: pytest.MonkeyPatch
):
    signing, append, left = Signing(case.older), Ledger.append, [5]

    def refusing(ledger: Ledger, topic: str, partition: int, note: str) -> None:
        if not left[0]:
            raise OSError("full")
        left[0] -= 1
        append(ledger, topic, partition, note)

    def away(_: int) -> tuple[Iterator[bytes], int]:
        raise BrokerAway("away")

    with pytest.raises(BrokerAway):
        list(look_back(case.older, ORIGIN, PLACES, Ledger(case.older).keys(), away))
    monkeypatch.setattr(Ledger, "append", refusing)
    with pytest.raises(OSError, match="full"):
        _back(signing, case.topic)
    monkeypatch.undo()
    _back(signing, case.topic)
    for one in PLACES:
        assert checkpoints(case.older, one) == checkpoints(case.root, one)
