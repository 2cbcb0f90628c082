"""Many transactions at once on the same dossiers, and how fast a batch is settled."""

import asyncio
import random
import time

from aiokafka import TopicPartition

from contracts.decision import Effect
from contracts.envelope import Cause
from plumbing.applying import Item, apply, lock
from tests.integration.core_kit import INTAKE, NOW, RING, ROUTING, Bench, Dossier, Log, open_bench
from tests.integration.core_toy import Bring

SECONDS = 3.0


async def test_given_eight_transactions_on_shared_dossiers_when_at_once_then_none_deadlocks(
    database,
):
    rng = random.Random(8)
    turns = [0]

    async def work(bench: Bench, until: float) -> None:
        while time.monotonic() < until:
            fresh = [Dossier() for _ in range(3)]
            shared.extend(fresh)
            chosen = [*fresh, *rng.sample(shared, min(len(shared), 20))]
            rng.shuffle(chosen)
            async with bench.pool.acquire() as conn, conn.transaction():
                turns[0] += 1
                effects = (Effect(f"toy:{turns[0]}", "lane", b""),)
                heads = await lock(conn, {dossier.id: dossier.code for dossier in chosen})
                items = [Item(i, Bring(effects), Cause("command", "0" * 64)) for i in heads]
                await apply(conn, bench.part, RING, heads, items, NOW)

    shared = [Dossier() for _ in range(40)]
    async with open_bench(database) as bench:
        until = time.monotonic() + SECONDS
        await asyncio.gather(*(work(bench, until) for _ in range(8)))

    print(f"\n{turns[0]} transactions, no deadlock")
    assert turns[0] > 8


async def test_given_batches_of_500_when_settled_then_the_rate_is_told(database):
    dossiers = [Dossier() for _ in range(1000)]
    log = Log()
    for dossier in dossiers:
        log.add(INTAKE, dossier.says("submitted"), dossier)
    for name in ("routed", "accepted", "routed", "accepted"):
        for dossier in dossiers:
            log.add(ROUTING, dossier.says(name), dossier)
    batches = [
        rows[at : at + 500] for rows in log.records.values() for at in range(0, len(rows), 500)
    ]

    async with open_bench(database) as bench:
        await bench.pool.execute("ANALYZE")
        started = time.perf_counter()
        for batch in batches:
            await bench.settle(batch)
        took = time.perf_counter() - started
        settled = await bench.count("outbox")
        ends = [await bench.expected(TopicPartition(topic, 0)) for topic in (INTAKE, ROUTING)]

    print(f"\n{settled} events settled in {took:.2f} s: {settled / took:,.0f} events/s")
    assert (settled, ends) == (5000, [1000, 4000])
