"""More partitions for a topic that is read: a dossier moves to another one, its order does not."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic

from local_stack.stack import Stack
from plumbing.consuming import Consumer
from plumbing.database import Conn
from plumbing.inlets import LifecycleInlet, Settled
from tests.integration.core_kit import (
    RING,
    ROUTING,
    Bench,
    Dossier,
    dead_letters,
    open_bench,
    until,
)

BEFORE, AFTER = 2, 8


@dataclasses.dataclass
class Slow:
    """The inlet of the one-stop; what lies in the old partitions waits while it is told to."""

    inlet: LifecycleInlet[Any]
    old_wait: bool = True

    async def settle(self, conn: Conn, records: Sequence[Any], now: datetime) -> Settled:
        """Settle as if the topic were the one-stop's; raises what passes while old ones wait."""
        if self.old_wait and any(one.partition < BEFORE for one in records):
            raise ConnectionResetError
        return await self.inlet(
            conn, [dataclasses.replace(record, topic=ROUTING) for record in records], now
        )


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    async with open_bench(database) as opened:
        yield opened


@pytest.fixture
async def topic(servers: Stack) -> AsyncIterator[tuple[str, AIOKafkaAdminClient]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.status().kafka)
    await admin.start()
    name = f"life-{uuid4().hex[:8]}"
    await admin.create_topics([NewTopic(name, BEFORE, 1)])
    try:
        yield name, admin
    finally:
        await admin.delete_topics([name])
        await admin.close()


async def say(servers: Stack, topic: str, event: str, dossiers: Sequence[Dossier]) -> set[int]:
    """Publish the next event of each dossier by its key; return the partitions they went to."""
    async with AIOKafkaProducer(bootstrap_servers=servers.status().kafka) as producer:
        return {
            (
                await producer.send_and_wait(topic, one.says(event), key=str(one.id).encode())
            ).partition
            for one in dossiers
        }


async def test_given_more_partitions_when_new_ones_are_read_before_old_ones_then_order_holds(
    servers: Stack, bench: Bench, topic: tuple[str, AIOKafkaAdminClient]
):
    name, admin = topic
    dossiers = [Dossier() for _ in range(24)]
    slow = Slow(LifecycleInlet(bench.part, RING))
    bench.inlets = {name: slow.settle}
    consumer = Consumer(bench.a_settler(), servers.status().kafka, "0", set())
    assert await say(servers, name, "routed", dossiers) == set(range(BEFORE))
    await consumer.broker.start()
    try:
        await until(lambda: consumer.assigned)
        # While it is read.
        await admin.create_partitions({name: NewPartitions(AFTER)})
        assert consumer.consumer is not None
        client = consumer.consumer._client

        async def all_assigned() -> bool:
            await client.force_metadata_update()
            await asyncio.sleep(0.2)
            assert consumer.consumer is not None
            return len(consumer.consumer.assignment()) == AFTER

        await until(all_assigned, 30)
        went_to = await say(servers, name, "accepted", dossiers)

        # What moved waits for what did not: nothing of it is applied yet.
        moved = len(went_to - set(range(BEFORE)))
        assert moved > 0
        await until(lambda: bench.pool.fetchval("SELECT count(*) > 0 FROM inbound_parked"))
        assert [await bench.trail(one) for one in dossiers] == [()] * len(dossiers)
        slow.old_wait = False

        async def all_told() -> bool:
            return all([await bench.trail(one) == ("routing:1", "routing:2") for one in dossiers])

        await until(all_told, 30)
        assert await bench.count("inbound_parked") == 0
        assert await dead_letters(bench) == []
    finally:
        await consumer.stop()
        consumer.failed.cancel()
