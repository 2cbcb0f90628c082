"""What the core sends for a batch: a fixed number of statements, however many records it has."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from contracts.decision import Effect
from plumbing.calls import Answer, Call
from plumbing.effects import Executor
from plumbing.offsets import begin
from plumbing.outbox import SHARDS
from plumbing.settling import FloodGate, Settler
from tests.integration.core_broker import Broker, RelayToBroker
from tests.integration.core_kit import NOW, RING, ROUTING, Bench, Dossier, a_record, open_bench
from tests.integration.counting import Statements

#: The transaction's two, offsets, two to lock dossiers, cursors, parked, states read and written,
#: heads, outbox, effects and cursors written: one for each thing that is in the transaction.
SETTLE = 13
#: The rows, and their move to what was sent.
RELAY = 2
#: The transaction's two, how to plan, what may be claimed, the claim, and who opens whose data.
CLAIM = 6
#: The transaction's two, two to lock dossiers, the answers, states read and written, heads, outbox.
RECORD = 9
PARTITIONS = 6


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    """Give the toy on the test's own database."""
    async with open_bench(database) as one:
        yield one


async def _settled_at_once(bench: Bench, statements: Statements, each: int, round_: int) -> None:
    """Settle records of new dossiers, so many of each partition, as a poll brings them."""
    flood = FloodGate(10)
    inlets = bench.inlets
    pool = statements.pool
    settler = Settler("notifier", "notifier", pool, RING, inlets, lambda: NOW, flood)
    work = []
    for number in range(PARTITIONS):
        tp = TopicPartition(ROUTING, number + 10 * round_)
        async with bench.pool.acquire() as conn:
            await begin(conn, "notifier", tp, 0)
        dossiers = [Dossier() for _ in range(each)]
        rows = [
            a_record(ROUTING, one.says("routed"), str(one.id).encode(), offset=n, partition=tp[1])
            for n, one in enumerate(dossiers)
        ]
        work.append(settler.settle(tp, rows, 0))
    assert await asyncio.gather(*work) == [each] * PARTITIONS


async def test_given_a_poll_of_six_partitions_then_it_takes_the_statements_of_one_batch(bench):
    statements = Statements(bench.pool)
    # The first batch of a connection also asks for the types of its arrays.
    await _settled_at_once(bench, statements, 1, 0)
    statements.took()

    await _settled_at_once(bench, statements, 2, 1)
    few = statements.took()
    await _settled_at_once(bench, statements, 50, 2)
    many = statements.took()

    assert many.count("BEGIN;") == 1, many
    assert len(few) == len(many) <= SETTLE, many


async def test_given_a_full_outbox_then_a_turn_of_the_relay_takes_two_statements(bench):
    await _settled_at_once(bench, Statements(bench.pool), 50, 0)
    relay = RelayToBroker(bench.url, Broker())
    relay._held = list(range(SHARDS))
    relay.wake.set()
    statements = Statements(bench.pool)

    async with statements.acquire() as conn:
        await relay._turn(cast(Any, conn))

    assert await bench.count("outbox") == 0
    assert len(statements.took()) == RELAY


@pytest.mark.parametrize("calls", [1, 4])
async def test_given_calls_when_made_then_claim_and_answers_take_the_statements_of_one(
    bench, calls
):
    async def told(_: Call) -> Answer:
        return Answer("done")

    statements = Statements(bench.pool)
    for number in range(2):
        executor = Executor(bench.part, statements.pool, RING, {"toy": told}, lambda: NOW)
        for _ in range(calls):
            await bench.bring(Dossier(), Effect("toy:told", "told", b"tell"))
        statements.took()

        assert await executor._claim(calls) == calls
        claimed = statements.took()
        await asyncio.gather(*executor._flying)
        answers = [executor._answers.get_nowait() for _ in range(calls)]
        await executor._record_once(answers)
        recorded = statements.took()

        # The first round of a connection also asks for the types of its arrays.
        if number:
            assert len(claimed) <= CLAIM, claimed
            assert len(recorded) <= RECORD, recorded
    assert await bench.fetch("SELECT DISTINCT state FROM effect") == [("DONE",)]
