"""The one-stop's handling stage with ten thousand and with a million dossiers stored."""

from typing import Any

import asyncpg
from aiokafka import TopicPartition
from rich.console import Console

from local_stack.stack import Stack
from tests.bench import stage
from tests.bench.growth.filling import SMALL, fill, read_whole

#: Real lives, which all the others are made of.
LIVES = 2_000
ROUNDS = 5


async def measure(
    stack: Stack, console: Console, *, events: int, stored: tuple[int, ...]
) -> list[dict[str, Any]]:
    """Return events a second at each number of dossiers stored, fewest first.

    `read_whole` names the tables that were read from end to end meanwhile: none should be.
    `per_s` is the best of its `rounds`: in the first one after a checkpoint each page of an index
    is written to the log whole when it is first changed.
    """
    url = stack.create_database("bench_stored")
    settler = await stage.settler_of(url, "bench")
    place, offset, curve = TopicPartition(stage.TOPIC.name, 0), 0, []

    async def handle(count: int) -> float:
        nonlocal offset
        rate = await stage.settle(settler, place, stage.bodies_of(count), offset)
        offset += count
        return rate

    await handle(LIVES)
    there = LIVES
    for wanted in stored:
        console.print(f"handling with {wanted:,} dossiers stored")
        connection = await asyncpg.connect(url)
        await fill(connection, there, max(0, wanted - there))
        # What was filled in is not written to disk while the handling is measured.
        server = await asyncpg.connect(stack.status().database_server)
        await server.execute("CHECKPOINT", timeout=600)
        await server.close()
        before = await read_whole(connection)
        rates = [round(await handle(events)) for _ in range(ROUNDS)]
        after = await read_whole(connection, SMALL)
        await connection.close()
        there = wanted + ROUNDS * events
        whole = sorted(name for name, times in after.items() if times > before.get(name, 0))
        curve.append({"stored": wanted, "per_s": max(rates), "rounds": rates, "read_whole": whole})
    await settler.pool.close()
    return curve
