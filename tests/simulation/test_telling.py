"""What Kafka is told of offsets, for its lag tools: the latest, again if need be, to the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from plumbing import consuming
from plumbing.positions import END_SECONDS
from tests.simulation.bench import PLAIN, Bench
from tests.simulation.broker import Member


class Told:
    """A Kafka that does not take the first so many offsets it is told."""

    def __init__(self, bench: Bench, refused: int = 0) -> None:
        self.offsets: list[int] = []
        self._refused = refused
        bench.client.commit = self  # type: ignore[method-assign]

    async def __call__(self, offsets: dict[Any, int]) -> None:
        self.offsets.append(offsets[PLAIN])
        if len(self.offsets) <= self._refused:
            raise TimeoutError


@asynccontextmanager
async def watching(member: Member) -> AsyncIterator[None]:
    watch = asyncio.create_task(member.watch())
    # Between two of its looks.
    await asyncio.sleep(consuming.WATCH_SECONDS / 2)
    try:
        yield
    finally:
        watch.cancel()


async def look() -> None:
    await asyncio.sleep(consuming.WATCH_SECONDS)


def test_given_an_offset_kafka_did_not_take_then_it_is_told_again_until_it_does() -> None:
    bench = Bench()
    told = Told(bench, refused=2)
    rows = bench.records(b"a", b"b", b"c")

    async def test() -> None:
        member = bench.member(PLAIN)
        async with watching(member):
            await member._settle(PLAIN, rows[:2])
            await look()
            assert told.offsets == [2, 2]
            await member._settle(PLAIN, rows[2:])
            for _ in range(3):
                await look()

    bench.play(test())
    assert told.offsets == [2, 2, 3]


def test_given_a_partition_that_is_assigned_then_kafka_is_told_what_the_database_knows() -> None:
    bench = Bench()
    told = Told(bench)
    bench.records(*[b"a"] * 7)

    async def test() -> None:
        await bench.start_at(7)
        member = bench.member(PLAIN)
        await member.on_partitions_assigned({PLAIN})
        async with watching(member):
            await look()
            await look()
            # It was another's meanwhile, who may have told less.
            await member.on_partitions_revoked({PLAIN})
            await member.on_partitions_assigned({PLAIN})
            await look()

    bench.play(test())
    assert told.offsets == [7, 7]


def test_given_a_member_that_stops_then_what_kafka_does_not_take_soon_is_given_up() -> None:
    bench, ended = Bench(), []
    rows = bench.records(b"a")

    async def commit(_: Any) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(asyncio.get_running_loop().time())

    async def nothing() -> None:
        return

    async def test() -> None:
        member = bench.member(PLAIN)
        bench.client.commit = commit  # type: ignore[method-assign]
        member.broker = SimpleNamespace(stop=nothing)  # type: ignore[assignment]
        await member._settle(PLAIN, rows)
        await asyncio.sleep(1)
        stopped = asyncio.get_running_loop().time()
        await member.stop()
        await asyncio.sleep(1)
        assert ended == [stopped + END_SECONDS]

    bench.play(test())
