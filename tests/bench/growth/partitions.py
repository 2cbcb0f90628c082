"""The one-stop's handling stage by the number of partitions of the topic it reads."""

import asyncio
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from rich.console import Console

from local_stack.stack import Stack
from tests.bench import stage


async def measure(
    stack: Stack, console: Console, *, events: int, partitions: tuple[int, ...]
) -> list[dict[str, Any]]:
    """Return events a second at each number of partitions, all read by one process."""
    bodies, curve = await asyncio.to_thread(stage.bodies_of, events), []
    for number in partitions:
        console.print(f"handling from {number} partitions")
        await _made_anew(stack, number)
        await stage.produce(stack, bodies)
        rate = await stage.with_kafka(stack, events)
        curve.append({"partitions": number, "per_s": round(rate)})
    return curve


async def _made_anew(stack: Stack, partitions: int) -> None:
    """Return when the topic is empty and has so many partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.status().kafka)
    await admin.start()
    try:
        await admin.delete_topics([stage.TOPIC.name])
        async with asyncio.timeout(30):
            while not await _is_made(admin, partitions):
                await asyncio.sleep(0.2)
    finally:
        await admin.close()


async def _is_made(admin: AIOKafkaAdminClient, partitions: int) -> bool:
    try:
        await admin.create_topics([NewTopic(stage.TOPIC.name, partitions, 1)])
    except KafkaError:
        return False  # it takes a moment until the old one is gone
    (found,) = await admin.describe_topics([stage.TOPIC.name])
    return len(found["partitions"]) == partitions
