"""Personal data on a real database: the newest version wins, and what is erased stays erased."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import TopicPartition

from contracts.decision import ParticularsArrived, Refused
from contracts.particulars import Particulars
from contracts.topics import PARTICULARS
from plumbing.deadletters import purpose
from plumbing.sealing import KeyRing, Sealed, UnknownKey, particulars_purpose
from tests.integration.core_kit import RING, ROUTING, Bench, Dossier, Log, open_bench

TOPIC = PARTICULARS.name
PLACE = TopicPartition(TOPIC, 0)


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: str) -> AsyncIterator[Bench]:
    async with open_bench(database) as one:
        yield one


def sealed(dossier: Dossier, version: int, *, ring: KeyRing = RING, **changed: Any) -> bytes:
    applicant = {"full_name": f"Người Thử {version}", "personal_number": "000000000001"}
    form = {
        "kind": "extract_copy",
        "record": "birth",
        "subject_full_name": "Người Thử",
        "copies": 1,
    }
    plain = Particulars.model_validate({"applicant": applicant, "notify_by": [], "form": form})
    box = ring.seal(plain.model_dump_json().encode(), particulars_purpose(dossier.id, version))
    document = {
        "dossierid": str(dossier.id),
        "version": version,
        "kid": box.kid,
        "nonce": base64.b64encode(box.nonce).decode(),
        "ciphertext": base64.b64encode(box.ciphertext).decode(),
    }
    return json.dumps({**document, **changed}).encode()


def a_log(dossier: Dossier, *values: bytes | None) -> list[Any]:
    log = Log()
    for value in values:
        log.add(TOPIC, value, dossier)
    return log.records[PLACE]


async def test_given_an_older_version_when_it_comes_late_then_it_is_dropped(bench):
    dossier = Dossier()
    rows = a_log(dossier, sealed(dossier, 2), sealed(dossier, 1), sealed(dossier, 3))

    await bench.settle(rows[:1])
    await bench.settle(rows[1:])

    assert await bench.trail(dossier) == (
        "particulars:2:Người Thử 2",
        "particulars:3:Người Thử 3",
    )
    assert await bench.count("dead_letter") == 0


async def test_given_a_tombstone_when_an_old_version_follows_then_it_stays_erased(bench):
    dossier = Dossier()
    rows = a_log(dossier, sealed(dossier, 1), None, sealed(dossier, 1), sealed(dossier, 2), None)

    await bench.settle(rows[:3])
    await bench.settle(rows[3:])

    assert await bench.trail(dossier) == ("particulars:1:Người Thử 1", "erased")


async def test_given_particulars_before_the_event_when_it_comes_then_its_code_is_taken(bench):
    dossier = Dossier()
    log = Log()
    await bench.settle(a_log(dossier, sealed(dossier, 1)))

    await bench.settle([log.add(ROUTING, dossier.says("routed"), dossier)])

    assert await bench.trail(dossier) == ("particulars:1:Người Thử 1", "routing:1")
    assert await bench.fetch("SELECT subject, sequence FROM stream") == [(dossier.code, 1)]


def _altered(dossier: Dossier) -> bytes:
    document = json.loads(sealed(dossier, 1))
    cipher = bytearray(base64.b64decode(document["ciphertext"]))
    cipher[3] ^= 1
    return json.dumps({**document, "ciphertext": base64.b64encode(cipher).decode()}).encode()


def _of_another_version(dossier: Dossier) -> bytes:
    return sealed(dossier, 1).replace(b'"version": 1', b'"version": 2')


BAD: dict[str, tuple[Callable[[Dossier], bytes], str]] = {
    "a key of another ring": (
        lambda d: sealed(d, 1, ring=KeyRing("k1", {"k1": bytes(32)})),
        "does_not_open",
    ),
    "altered ciphertext": (_altered, "does_not_open"),
    "an impossible nonce": (lambda d: sealed(d, 1, nonce="AAAA"), "does_not_open"),
    "a version it was not sealed for": (_of_another_version, "does_not_open"),
    "another dossier's": (lambda _: sealed(Dossier(), 1), "key_is_not_the_dossier"),
    "no record at all": (lambda _: b"\xff{", "schema_violation"),
}


async def test_given_a_key_not_here_yet_when_settled_then_the_record_waits_for_it(bench):
    dossier, log = Dossier(), Log()
    for version in range(1, 4):
        value = sealed(dossier, version, ring=KeyRing("k9", {"k9": bytes(32)}))
        log.add(PARTICULARS.name, value, dossier)
    rows = log.records[TopicPartition(PARTICULARS.name, 0)]

    with pytest.raises(UnknownKey):
        await bench.settle(rows)

    assert await bench.expected(TopicPartition(PARTICULARS.name, 0)) == 0
    assert await bench.count("dead_letter") == 0


@pytest.mark.parametrize("kind", BAD)
async def test_given_particulars_that_do_not_open_when_settled_then_they_are_a_dead_letter(
    bench, kind
):
    make, reason = BAD[kind]
    dossier = Dossier()
    rows = a_log(dossier, make(dossier), sealed(dossier, 1))

    await bench.settle(rows)

    assert await bench.fetch("SELECT off, reason FROM dead_letter") == [(0, reason)]
    assert await bench.trail(dossier) == ("particulars:1:Người Thử 1",)
    (packed,) = (row for (row,) in await bench.fetch("SELECT record FROM dead_letter"))
    document = json.loads(RING.open(Sealed.unpack(packed), purpose(TOPIC, 0, 0)))
    assert base64.b64decode(document["value"]) == rows[0].value


async def test_given_a_key_that_is_no_dossier_when_settled_then_it_is_a_dead_letter(bench):
    log = Log()
    log.add(TOPIC, None, b"not-a-uuid")
    log.add(TOPIC, None, None)

    await bench.settle(log.records[PLACE])

    rows = await bench.fetch("SELECT reason FROM dead_letter")
    assert rows == [("key_is_not_a_dossier",)] * 2


async def test_given_a_rule_that_refuses_particulars_when_settled_then_nothing_is_silently_lost(
    database,
):
    dossier = Dossier()
    no = {ParticularsArrived: lambda *_: Refused((), "not now")}

    async with open_bench(database, no) as bench:
        await bench.settle(a_log(dossier, sealed(dossier, 1)))

        assert await bench.fetch("SELECT reason FROM dead_letter") == [("RuleRefusedEvent",)]
