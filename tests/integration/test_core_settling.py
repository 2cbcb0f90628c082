"""A partition's batch on a real database: once, in order, and a bad record costs only itself."""

import base64
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from contracts.decision import Context, Decision, Refused
from contracts.envelope import Envelope
from contracts.events import Accepted, Routed
from plumbing.deadletters import purpose
from plumbing.offsets import NotOwner
from plumbing.sealing import Sealed
from plumbing.settling import Flood
from tests.integration.core_kit import (
    FIRST,
    RING,
    ROUTING,
    Bench,
    Dossier,
    Log,
    dead_letters,
    open_bench,
    routed_log,
)
from tests.integration.core_toy import RULES, TOLD, Case

BAD: set[str] = set()


def on_accepted(event: Envelope, case: Case, context: Context) -> "Decision[Case] | Refused":
    """Behave as usual but for the dossiers a test calls bad."""
    verdict = str(event.dossierid) in BAD
    if verdict:
        raise ZeroDivisionError("a rule's bug")
    decision: Decision[Case] = RULES[Routed](event, case, context)
    return decision


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: str) -> AsyncIterator[Bench]:
    BAD.clear()
    async with open_bench(database, {Accepted: on_accepted}) as one:
        yield one


async def test_given_a_batch_when_settled_then_all_is_applied_once_and_the_offset_moved(bench):
    one, two = Dossier(), Dossier()
    log = routed_log(one, two)

    following = await bench.settle(log.records[FIRST])

    assert following == await bench.expected(FIRST) == 4
    assert await bench.trail(one) == await bench.trail(two) == ("routing:1", "routing:2")
    assert await bench.count("outbox") == 4
    assert await bench.fetch("SELECT kind, state FROM effect") == [(TOLD, "PENDING")] * 2
    assert await bench.fetch("SELECT last_seq FROM inbound_cursor") == [(2,), (2,)]


async def test_given_duplicates_in_and_across_batches_when_settled_then_each_event_counts_once(
    bench,
):
    dossier = Dossier()
    log = routed_log(dossier)
    rows = log.records[FIRST]
    for row in [*rows, *rows]:
        log.add(ROUTING, row.value, dossier)

    await bench.settle(rows[:3])
    await bench.settle(rows[3:])

    assert await bench.trail(dossier) == ("routing:1", "routing:2")
    assert (await bench.count("outbox"), await bench.count("effect")) == (2, 1)
    assert (await bench.count("conflict"), await bench.expected(FIRST)) == (0, 6)


async def test_given_poison_of_every_kind_when_settled_then_each_is_kept_whole_and_encrypted(bench):
    dossier, other = Dossier(), Dossier()
    good = dossier.says("routed")
    log = Log()
    odd = [("kind", None), ("kind", b"\xff\xfe"), ("content-type", b"text/plain")]
    log.add(ROUTING, None, dossier)
    log.add(ROUTING, b"{", dossier, headers=odd)
    log.add(ROUTING, b"\xff\xfe", dossier)
    log.add(ROUTING, good, other)
    log.add(ROUTING, good, None)
    log.add(ROUTING, good.replace(b"dossier.routed.v1", b"dossier.rerouted.v9"), dossier)
    log.add(ROUTING, good.replace(b'"unit_code":"26734"', b'"unit_code":26734'), dossier)
    log.add(ROUTING, good.replace(b'"sequence":1', b'"sequence":9999999999'), dossier)
    log.add(ROUTING, dossier.says("submitted"), dossier)
    log.add(ROUTING, good + b" " * 65536, dossier)
    log.add(ROUTING, good, dossier, headers=odd)
    rows = log.records[FIRST]

    await bench.settle(rows)

    assert [reason for *_, reason in await dead_letters(bench)] == [
        "tombstone",
        "json_invalid",
        "json_invalid",
        "key_is_not_the_dossier",
        "key_is_not_the_dossier",
        "unknown_event_type",
        "schema_violation",
        "schema_violation",
        "wrong_source_for_topic",
        "too_large",
    ]
    ids = await bench.fetch("SELECT dossier_id FROM dead_letter ORDER BY off")
    assert [i for (i,) in ids] == [dossier.id] * 3 + [other.id, None] + [dossier.id] * 5
    assert await bench.trail(dossier) == ("routing:1",)
    assert await bench.expected(FIRST) == len(rows)
    for topic, part, off, packed in await bench.fetch(
        "SELECT topic, part, off, record FROM dead_letter"
    ):
        assert as_it_came(rows[off]) == opened(packed, purpose(topic, part, off))


def opened(packed: bytes, bound_to: str) -> tuple[object, ...]:
    document = json.loads(RING.open(Sealed.unpack(packed), bound_to))
    headers = tuple((name, _bytes(value)) for name, value in document["headers"])
    return _bytes(document["key"]), _bytes(document["value"]), headers


def as_it_came(record) -> tuple[object, ...]:
    return record.key, record.value, record.headers


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


async def test_given_a_rule_that_raises_for_one_dossier_when_settled_then_only_it_waits(bench):
    bad, good = Dossier(), Dossier()
    BAD.add(str(bad.id))
    log = routed_log(bad, good, names=("routed", "accepted", "routed"))

    following = await bench.settle(log.records[FIRST])

    assert following == await bench.expected(FIRST) == 6
    assert await bench.trail(good) == ("routing:1", "routing:2", "routing:3")
    assert await bench.trail(bad) == ("routing:1",)
    assert await dead_letters(bench) == [(ROUTING, 0, 2, "ZeroDivisionError")]
    assert await bench.fetch("SELECT dossier_id, seq FROM inbound_parked") == [(bad.id, 3)]
    assert await bench.count("outbox") == 4


async def test_given_a_rule_that_refuses_an_event_when_settled_then_it_is_a_dead_letter(database):
    no = {Accepted: lambda *_: Refused((), "not now")}
    dossier = Dossier()
    log = routed_log(dossier)

    async with open_bench(database, no) as bench:
        await bench.settle(log.records[FIRST])

        assert await bench.trail(dossier) == ("routing:1",)
        assert await dead_letters(bench) == [(ROUTING, 0, 1, "RuleRefusedEvent")]


async def test_given_an_event_no_rule_takes_when_settled_then_it_is_a_dead_letter(bench):
    dossier = Dossier()
    log = routed_log(dossier, names=("routed", "returned"))

    await bench.settle(log.records[FIRST])

    assert await bench.trail(dossier) == ("routing:1",)
    assert await dead_letters(bench) == [(ROUTING, 0, 1, "NoSuchRule")]


async def test_given_a_flood_of_failures_when_settled_then_it_stops_and_nothing_is_moved_beyond(
    bench,
):
    dossiers = [Dossier() for _ in range(6)]
    BAD.update(str(dossier.id) for dossier in dossiers)
    log = routed_log(*dossiers)
    settler = bench.a_settler(flood_limit=3)

    with pytest.raises(Flood):
        await bench.settle(log.records[FIRST], settler)

    # Six were routed, three failed within the limit; the fourth failure stopped everything.
    assert await bench.expected(FIRST) == 9
    assert await bench.count("dead_letter") == 3
    rest = log.records[FIRST][9:]
    with pytest.raises(Flood):
        await bench.settle(rest, settler)
    assert (await bench.expected(FIRST), await bench.count("dead_letter")) == (9, 3)


async def test_given_a_flood_of_events_nobody_here_can_read_when_settled_then_it_stops_too(bench):
    dossier = Dossier()
    log = routed_log(dossier)
    for n in range(4):
        unknown = dossier.says("routed").replace(b"dossier.routed.v1", b"dossier.routed.v2")
        log.add(ROUTING, unknown if n else None, dossier)
    rows = log.records[FIRST]
    settler = bench.a_settler(flood_limit=2)

    await bench.settle(rows[:4], settler)
    with pytest.raises(Flood):
        await bench.settle(rows[4:], settler)

    assert (await bench.expected(FIRST), await bench.count("dead_letter")) == (4, 2)


async def test_given_a_flood_of_garbage_nobody_here_wrote_when_settled_then_all_of_it_is_kept(
    bench,
):
    log, dossier = routed_log(Dossier()), Dossier()
    for _ in range(20):
        for value in (b"{}", None, b"\xff", b'{"source": "/hotich/routing"}'):
            log.add(ROUTING, value, dossier)
    settler = bench.a_settler(flood_limit=3)

    await bench.settle(log.records[FIRST], settler)

    assert (await bench.expected(FIRST), await bench.count("dead_letter")) == (82, 80)


async def test_given_another_owner_advanced_when_a_zombie_settles_then_it_writes_nothing(bench):
    one, two = Dossier(), Dossier()
    log = routed_log(one, two)
    rows = log.records[FIRST]
    zombie = bench.a_settler()

    await bench.settle(rows[:2])
    with pytest.raises(NotOwner):
        await bench.settle(rows[:4], zombie)
    poison = [log.add(ROUTING, None, one)]
    with pytest.raises(NotOwner):
        await bench.settle(poison, zombie)

    assert await bench.expected(FIRST) == 2
    assert await bench.trail(one) == ("routing:1",)
    assert (await bench.count("outbox"), await bench.count("dead_letter")) == (2, 0)
