"""Each dossier's events on a real database: in order, whatever the log does to them."""

from collections.abc import AsyncIterator

import pytest_asyncio

from contracts.envelope import sha256
from tests.integration.core_kit import (
    FIRST,
    INTAKE,
    ROUTING,
    Bench,
    Dossier,
    Log,
    dead_letters,
    open_bench,
    routed_log,
)


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: str) -> AsyncIterator[Bench]:
    async with open_bench(database) as one:
        yield one


async def test_given_two_sources_in_any_order_when_settled_then_each_is_in_its_own_order(bench):
    dossier = Dossier()
    log = routed_log(dossier)
    submitted = log.add(INTAKE, dossier.says("submitted"), dossier)

    await bench.settle(log.records[FIRST])
    await bench.settle([submitted])

    assert await bench.trail(dossier) == ("routing:1", "routing:2", "intake:1")
    assert (await bench.count("outbox"), await bench.count("effect")) == (3, 1)


async def test_given_a_successor_first_when_its_predecessor_comes_then_it_is_released(bench):
    dossier = Dossier()
    bodies = [dossier.says(name) for name in ("routed", "accepted", "routed")]
    log = Log()
    for body in (bodies[2], bodies[1], bodies[0]):
        log.add(ROUTING, body, dossier)
    rows = log.records[FIRST]

    await bench.settle(rows[:2])
    parked = await bench.fetch("SELECT seq, off FROM inbound_parked ORDER BY seq")
    before = await bench.trail(dossier)
    await bench.settle(rows[2:])

    assert (before, parked) == ((), [(2, 1), (3, 0)])
    assert await bench.trail(dossier) == ("routing:1", "routing:2", "routing:3")
    assert (await bench.count("inbound_parked"), await bench.count("outbox")) == (0, 3)


async def test_given_a_record_parked_and_released_in_one_batch_when_settled_then_no_row_is_left(
    bench,
):
    dossier = Dossier()
    first, second = dossier.says("routed"), dossier.says("accepted")
    log = Log()
    log.add(ROUTING, second, dossier)
    log.add(ROUTING, first, dossier)

    await bench.settle(log.records[FIRST])

    assert await bench.trail(dossier) == ("routing:1", "routing:2")
    assert await bench.count("inbound_parked") == 0


async def test_given_an_older_copy_parked_when_the_event_arrives_directly_then_the_copy_goes(
    bench,
):
    dossier = Dossier()
    first, second = dossier.says("routed"), dossier.says("accepted")
    log = Log()
    for body in (second, first, second):
        log.add(ROUTING, body, dossier)
    rows = log.records[FIRST]

    await bench.settle(rows[:1])
    await bench.settle(rows[1:])

    assert await bench.trail(dossier) == ("routing:1", "routing:2")
    assert (await bench.count("inbound_parked"), await bench.count("conflict")) == (0, 0)


async def test_given_other_bytes_for_the_last_sequence_when_settled_then_it_is_a_conflict(bench):
    dossier = Dossier()
    twin = Dossier(dossier.id)
    log = Log()
    true = log.add(ROUTING, dossier.says("routed"), dossier)
    false = log.add(ROUTING, twin.says("routed", causeid="other"), dossier)

    await bench.settle(log.records[FIRST])

    assert await bench.trail(dossier) == ("routing:1",)
    assert await bench.fetch("SELECT seq, have_hash, got_hash, off FROM conflict") == [
        (1, sha256(true.value), sha256(false.value), 1)
    ]


async def test_given_a_false_copy_parked_when_the_true_event_wins_then_the_loser_is_a_conflict(
    bench,
):
    dossier = Dossier()
    twin = Dossier(dossier.id)
    first = dossier.says("routed")
    twin.says("routed", causeid="other")
    false, second = twin.says("accepted"), dossier.says("accepted")
    log = Log()
    for body in (false, first, second):
        log.add(ROUTING, body, dossier)
    rows = log.records[FIRST]

    await bench.settle(rows[:1])
    await bench.settle(rows[1:])

    assert await bench.trail(dossier) == ("routing:1", "routing:2")
    assert await bench.count("inbound_parked") == 0
    assert await bench.fetch("SELECT seq, have_hash, got_hash, off FROM conflict") == [
        (2, sha256(second), sha256(false), 0)
    ]


async def test_given_two_candidates_parked_when_released_then_only_the_one_of_the_chain_applies(
    bench,
):
    dossier = Dossier()
    twin = Dossier(dossier.id)
    first = dossier.says("routed")
    twin.says("routed", causeid="other")
    log = Log()
    for body in (twin.says("accepted"), dossier.says("accepted"), first):
        log.add(ROUTING, body, dossier)
    rows = log.records[FIRST]

    await bench.settle(rows[:2])
    await bench.settle(rows[2:])

    assert await bench.trail(dossier) == ("routing:1", "routing:2")
    assert await bench.count("inbound_parked") == 0
    assert await bench.fetch("SELECT last_hash FROM inbound_cursor") == [(sha256(rows[1].value),)]
    assert await bench.count("conflict") > 0


async def test_given_a_broken_chain_when_settled_then_it_is_a_dead_letter_and_the_true_one_applies(
    bench,
):
    dossier = Dossier()
    twin = Dossier(dossier.id)
    log = Log()
    log.add(ROUTING, dossier.says("routed"), dossier)
    twin.says("routed", causeid="other")
    log.add(ROUTING, twin.says("accepted"), dossier)
    log.add(ROUTING, dossier.says("accepted"), dossier)

    await bench.settle(log.records[FIRST])

    assert await bench.trail(dossier) == ("routing:1", "routing:2")
    assert await dead_letters(bench) == [(ROUTING, 0, 1, "chain_broken")]
