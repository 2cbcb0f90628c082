"""Usual events read many at a time tell what each tells by itself, and no other is let through."""

import pickle
import random
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from audit.replaying import layouts, recognising
from audit.replaying.recognising import Recognisers
from contracts import as_written
from contracts.events import Accepted, Routed, Submitted
from contracts.told import Told
from tests.unit.archive_kit import Log
from tests.unit.replay_kit import KNOWN
from tests.unit.test_audit_replay_alike import Lives, alike

TYPES = [one.event_type() for one in (Submitted, Routed, Accepted)]
#: What may stand somewhere, what may elsewhere, and what may nowhere.
BYTES = b'0259afgzAZ- "\\\x00\xff.:/T+{}'
STARTS = ("09:00:01", "09:00:02", "10:00:01", "09:00:00", "11:00:00", "09:00:00.5", "11:59:03.25")


def usual(seed: int) -> dict[str, list[bytes]]:
    """Return events that are read as they are written, by type: alike ones, and others."""
    log = Lives(seed).live(40)
    for number, start in enumerate(STARTS):
        alike(log, 1000 + number, start)
    found = defaultdict(list)
    for record in log.records:
        value = record.value or b""
        found[value.split(b'"type":"')[1].split(b'"')[0].decode()].append(value)
    return {name: found[name] for name in TYPES}


def together(event_type: str, values: list[bytes], known: Recognisers) -> list[Told | None]:
    kinds, rows = np.zeros(len(values), np.int64), np.arange(len(values))
    written, told = known.read([event_type], kinds, pa.array(values, pa.binary()), rows)
    assert written == values
    return told


def one_by_one(event_type: str, values: list[bytes]) -> list[Told | None]:
    return [as_written.told(event_type, value) for value in values]


def written(read: list[Told | None]) -> list[tuple[object, ...] | None]:
    """Return what is told, with the moment again where it stands again: hours may be by chance."""
    return [one and (_whole(one), *one[1:]) for one in read]


def _whole(told: Told) -> bytes:
    whole = told.shape.text.replace(b"\0again\0", told.moment)
    return whole.replace(b"\0clock\0", as_written.clock(told.moment))


def changed(value: bytes, chance: random.Random) -> Iterator[bytes]:
    """Yield the event with other bytes, one or two at a time, at every place."""
    for at in range(len(value)):
        for byte in chance.sample(BYTES, 1):
            yield value[:at] + bytes([byte]) + value[at + 1 :]
        other = chance.randrange(len(value))
        if chance.random() < 0.2 and at != other:
            first, last = sorted((at, other))
            swapped = value[first], value[last]
            yield (
                value[:first]
                + bytes(swapped[1:])
                + value[first + 1 : last]
                + bytes(swapped[:1])
                + value[last + 1 :]
            )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("event_type", TYPES)
def test_events_changed_anywhere_are_read_together_as_one_by_one(seed, event_type):
    chance = random.Random(seed)
    values = usual(seed)[event_type]
    tried = [one for value in chance.sample(values, 2) for one in changed(value, chance)]
    tried += values
    chance.shuffle(tried)

    read = together(event_type, tried, Recognisers())

    assert written(read) == written(one_by_one(event_type, tried))
    assert 0 < read.count(None) < len(read)


#: What stands in usual events, and what cannot stand there instead, wherever it does.
WRONG = [
    (b'"size_bytes":1000', b'"size_bytes":0100'),
    (b"09:00:01", b"09:00:00"),
    (b"09:00:01", b"09:60:01"),
    (b"09:00:01", b"09:00:60"),
    (b"09:00:01", b"24:00:01"),
    (b"09:00:00.500000", b"09:00:00.000000"),
    (b"2026-10-18", b"2026-13-18"),
    (b"2026-10-18", b"2026-02-30"),
]


@pytest.mark.parametrize(("usually", "wrong"), WRONG)
def test_what_is_written_otherwise_is_not_taken_for_the_others(usually, wrong):
    tried = 0
    for event_type, values in usual(0).items():
        for value in values:
            odd = value.replace(usually, wrong)
            here, there = one_by_one(event_type, [value, odd])
            if odd == value or (
                there is not None and here is not None and there.shape is here.shape
            ):
                continue
            tried += 1
            these = [value] * 9 + [odd] * 9 + [value] * 9
            read = together(event_type, these, Recognisers())
            assert read == one_by_one(event_type, these)
    assert tried > 0


def test_of_many_that_are_alike_a_few_are_read_by_the_pattern(monkeypatch):
    log = Log()
    for number in range(200):
        alike(log, number, f"09:{number % 60:02d}:{1 + number % 59:02d}")
    values = [record.value or b"" for record in log.records]
    submitted = [value for value in values if TYPES[0].encode() in value]
    asked, read = [], as_written.read
    monkeypatch.setattr(as_written, "read", lambda *what: asked.append(what) or read(*what))
    monkeypatch.setattr(as_written, "told", asked.append)

    told = together(TYPES[0], submitted, Recognisers())

    assert None not in told
    assert len(submitted) == 200
    assert len(asked) < 10


@pytest.mark.parametrize("odd", [1 << bits for bits in range(50, 64)])  # few sums are left
def test_texts_whose_sums_are_the_same_are_told_apart(monkeypatch, odd):
    monkeypatch.setattr(layouts, "ODD", np.uint64(odd))
    (value, *_) = usual(1)[TYPES[1]]
    version = KNOWN.version.encode()
    values = [value.replace(version, bytes([byte]) * len(version)) for byte in b"abcdefghij"]
    assert len(set(values)) == 10

    read = together(TYPES[1], values, Recognisers())

    assert written(read) == written(one_by_one(TYPES[1], values))


@pytest.mark.parametrize(
    ("where", "name"),
    [(layouts, "MOST_TEXTS"), (recognising, "MOST_LAYOUTS"), (recognising, "MOST_LENGTHS")],
)
def test_with_room_for_one_the_same_is_read(monkeypatch, where, name):
    monkeypatch.setattr(where, name, 1)
    monkeypatch.setattr(recognising, "FEW", 1)
    known = Recognisers()

    for _ in range(2):
        for kind, its in usual(2).items():
            assert written(together(kind, its, known)) == written(one_by_one(kind, its))


def test_events_each_written_in_its_own_way_are_read_one_by_one_for_a_while(monkeypatch):
    monkeypatch.setattr(recognising, "FEW", 2)
    (value, *_) = usual(0)[TYPES[0]]
    odd = [value.replace(b'"flags":[]', b'"flagz":%d' % n) for n in (10, 11, 12, 13)]
    known, asked, read = Recognisers(), [], as_written.read
    monkeypatch.setattr(as_written, "read", lambda *what: asked.append(what) or read(*what))

    for _ in range(50):
        assert together(TYPES[0], odd, known) == [None] * 4
    tried = len(asked)

    assert 0 < tried < 50
    assert together(TYPES[0], [value] * 9, known) == one_by_one(TYPES[0], [value] * 9)


def test_an_event_of_no_bytes_and_one_of_another_type_tell_nothing():
    (value, *_) = usual(0)[TYPES[0]]

    assert together(TYPES[0], [b""] * 9, Recognisers()) == [None] * 9
    assert together(TYPES[0], [], Recognisers()) == []
    assert together("vn.hotich.dossier.withdrawn.v1", [value] * 9, Recognisers()) == [None] * 9
    assert together(TYPES[1], [value] * 9, Recognisers()) == [None] * 9


def test_a_shape_put_away_is_the_same_again():
    read = as_written.read(TYPES[0], usual(0)[TYPES[0]][0])

    assert read is not None
    assert pickle.loads(pickle.dumps(read.told)).shape is read.told.shape


def test_not_more_shapes_are_remembered_than_there_is_room_for(monkeypatch):
    from contracts import told

    monkeypatch.setattr(told, "REMEMBERED", 2)
    monkeypatch.setattr(told, "_SHAPES", {})

    numbers = [told.shape(b"%d" % number).number for number in (0, 1, 2, 3, 3)]

    assert len(told._SHAPES) <= 2
    assert numbers[3] == numbers[4]
    assert len(set(numbers)) == 4
