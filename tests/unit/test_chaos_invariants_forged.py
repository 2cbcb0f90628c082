"""What is forged must be put aside where it lies, and only what is forged may be."""

import json
from collections.abc import Callable

import pytest

from contracts.envelope import GENESIS, sha256
from contracts.events import Routed
from contracts.topics import LIFECYCLE, PARTICULARS, SUBMISSIONS
from tests.chaos.campaign.forgery import APPLIED, CLASH, DEAD, DROPPED, PARKED, Forgeries
from tests.chaos.campaign.invariants import Facts
from tests.unit.builders import A_UNIT, a_submission
from tests.unit.chaos_kit import DOSSIER, SOME_HASH, Made, a_registered_dossier, an_event, broken

ROUTING, INTAKE = LIFECYCLE["routing"].name, LIFECYCLE["intake"].name
OTHER = "5f0c1a52-6f6b-5d0a-9a55-0f3c3f5f0002"
READERS = ("registry-sync", "notifier")


def routed(sequence: int, prevhash: str = SOME_HASH) -> bytes:
    return an_event(Routed(unit_code=A_UNIT, reference_version="2"), sequence, prevhash)


def forgeries(made: Made) -> Forgeries:
    return Facts(made.evidence(), made.course()).forgeries


def bury(made: Made, topic: str, readers: tuple[str, ...], offset: int) -> None:
    for reader in readers:
        row = {"topic": topic, "part": 0, "off": offset, "reason": "json_invalid"}
        made.rows(reader, "dead_letter").append(row)


def test_a_forged_record_that_each_reader_buried_once_is_right():
    made = a_registered_dossier()
    record = made.append(ROUTING, b"{", forged=True)
    bury(made, ROUTING, READERS, record.place.offset)

    assert broken(made) == set()


@pytest.mark.parametrize("readers", [(), READERS[:1], (*READERS, "notifier")])
def test_a_forged_record_that_is_buried_by_too_few_or_too_often_is_found(
    readers: tuple[str, ...],
):
    made = a_registered_dossier()
    record = made.append(ROUTING, b"{", forged=True)
    bury(made, ROUTING, readers, record.place.offset)

    assert broken(made) == {"I9"}


def test_a_forged_record_that_never_came_to_its_topic_is_found():
    made = a_registered_dossier()
    record = made.append(ROUTING, b"{", forged=True)
    bury(made, ROUTING, READERS, record.place.offset)
    made.records[ROUTING].remove(record)

    assert "I9" in broken(made)


@pytest.mark.parametrize(
    ("value", "fates"),
    [
        (lambda made: None, {DEAD}),
        (lambda made: b"{", {DEAD}),
        (lambda made: b"\xff\xfe", {DEAD}),
        (lambda made: b" " * 900_000, {DEAD}),
        (lambda made: made.records[ROUTING][0].value, {DROPPED}),
        (lambda made: routed(9), {PARKED, CLASH}),
        (lambda made: routed(3), {DEAD, PARKED}),
        (lambda made: routed(2), {DROPPED, CLASH, DEAD}),
        (lambda made: routed(1, GENESIS), {DROPPED, CLASH, APPLIED}),
        (lambda made: routed(3, sha256(made.records[ROUTING][1].value or b"")), {APPLIED}),
        (lambda made: _retyped(routed(3)), {DEAD}),
    ],
)
def test_what_may_become_of_a_forged_event_is_told_from_its_bytes_and_the_log(
    value: Callable[[Made], bytes | None], fates: set[str]
):
    made = a_registered_dossier()
    record = made.append(ROUTING, value(made), forged=True)

    assert forgeries(made).fates == {record.place: frozenset(fates)}


def _retyped(body: bytes) -> bytes:
    return json.dumps(json.loads(body) | {"type": "vn.hotich.dossier.imagined.v1"}).encode()


def test_a_forged_event_of_a_dossier_nobody_submitted_makes_a_phantom_that_counts_nowhere():
    made = a_registered_dossier()
    body = an_event(a_submission(portal_reference="R-9"), 1, GENESIS, dossier=OTHER)
    record = made.append(INTAKE, body, key=OTHER, forged=True)
    for reader in ("routing", "notifier"):
        row = {"dossier_id": OTHER, "source": "intake", "last_seq": 1, "last_hash": sha256(body)}
        made.rows(reader, "inbound_cursor").append(row)

    assert forgeries(made).phantoms == {OTHER}
    assert forgeries(made).fates == {record.place: frozenset({APPLIED})}
    assert broken(made) == set()


def test_a_forged_event_from_the_future_may_wait_and_what_follows_it_too():
    made = a_registered_dossier()
    record = made.append(ROUTING, routed(9), forged=True)
    place = {"topic": ROUTING, "part": 0, "off": record.place.offset}
    row = {"dossier_id": DOSSIER, "source": "routing", "seq": 9, **place}
    for reader in READERS:
        made.rows(reader, "inbound_parked").append(row | {"hash": sha256(record.value or b"")})

    assert broken(made) == set()


def test_a_forged_event_that_clashed_with_the_true_one_is_right():
    made = a_registered_dossier()
    record = made.append(ROUTING, routed(2), forged=True)
    place = {"topic": ROUTING, "part": 0, "off": record.place.offset}
    row = {"dossier_id": DOSSIER, "source": "routing", "seq": 2, **place}
    hashes = {"have_hash": SOME_HASH, "got_hash": sha256(record.value or b"")}
    for reader in READERS:
        made.rows(reader, "conflict").append(row | hashes)

    assert broken(made) == set()


def test_an_unsigned_submission_and_unsealed_data_have_to_be_dead_letters():
    made = a_registered_dossier()
    unsigned = made.append(SUBMISSIONS.name, b"{}", forged=True)
    unsealed = made.append(PARTICULARS.name, b"{}", forged=True)

    assert forgeries(made).fates == {
        unsigned.place: frozenset({DEAD}),
        unsealed.place: frozenset({DEAD}),
    }
    assert broken(made) == {"I9"}
