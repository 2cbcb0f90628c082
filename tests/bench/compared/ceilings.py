"""How fast the parts would be alone: Kafka by two clients, and the register's calls.

`python -m tests.bench.compared.ceilings`, told where everything is by its environment, prints one
JSON document. The same SQL without Kafka is measured by `tests.bench.stage`.
"""

import asyncio
import json
import os
import secrets
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place

from contracts.topics import PARTITIONS
from tests.bench.compared.outside import session, tell_register
from tests.bench.stage import bodies_of
from tests.bench.whole.submissions import make

EVENTS = int(os.environ.get("CEILING_EVENTS", "20000"))
CALLS = int(os.environ.get("CEILING_CALLS", "1000"))
#: As many calls at once as make the register answer the most.
AT_ONCE = 32
Bodies = Sequence[tuple[bytes, bytes]]


async def measure(servers: str) -> dict[str, float]:
    """Return events and calls a second."""
    bodies, figures = bodies_of(EVENTS), {}
    topics = [f"ceiling-{secrets.token_hex(3)}" for _ in range(2)]
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in topics])
    await asyncio.sleep(1)
    figures["aiokafka_produce_per_s"] = await _produce(servers, topics[0], bodies)
    figures["aiokafka_consume_per_s"] = await _consume(servers, topics[0])
    figures["librdkafka_produce_per_s"] = await asyncio.to_thread(
        _produce_by_librdkafka, servers, topics[1], bodies
    )
    figures["librdkafka_consume_per_s"] = await asyncio.to_thread(
        _consume_by_librdkafka, servers, topics[1]
    )
    await admin.delete_topics(topics)
    await admin.close()
    figures["register_calls_per_s"] = await _register()
    return {name: round(figure) for name, figure in figures.items()}


async def _produce(servers: str, topic: str, bodies: Bodies) -> float:
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, acks="all", linger_ms=5, max_batch_size=262_144
    )
    await producer.start()
    began = time.monotonic()
    await asyncio.gather(*[await producer.send(topic, body, key=key) for key, body in bodies])
    seconds = time.monotonic() - began
    await producer.stop()
    return len(bodies) / seconds


async def _consume(servers: str, topic: str) -> float:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    await consumer.start()
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    count, began = 0, time.monotonic()
    while count < EVENTS:
        count += sum(map(len, (await consumer.getmany(timeout_ms=200, max_records=500)).values()))
    seconds = time.monotonic() - began
    await consumer.stop()
    return count / seconds


def _produce_by_librdkafka(servers: str, topic: str, bodies: Bodies) -> float:
    told = {"bootstrap.servers": servers, "acks": "all", "linger.ms": 5}
    producer = Producer(told | {"queue.buffering.max.messages": 1_000_000})
    began = time.monotonic()
    for key, body in bodies:
        producer.produce(topic, body, key)
    producer.flush()
    return len(bodies) / (time.monotonic() - began)


def _consume_by_librdkafka(servers: str, topic: str) -> float:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": topic, "fetch.wait.max.ms": 20})
    consumer.assign([Place(topic, number, 0) for number in range(PARTITIONS)])
    count, began = 0, time.monotonic()
    while count < EVENTS:
        count += sum(1 for one in consumer.consume(5000, 0.2) if one.error() is None)
    seconds = time.monotonic() - began
    consumer.close()
    return count / seconds


async def _register() -> float:
    """Return how many pushes a second the register takes when nothing else is done."""
    submissions: list[dict[str, Any]] = [one.submission for one in make(CALLS)]
    places = asyncio.Semaphore(AT_ONCE)
    async with session() as http:

        async def one(submission: dict[str, Any]) -> None:
            async with places:
                identity = str(uuid4())
                code = f"H29.{submission['unit_code']}-261128-{int(identity[:8], 16)}"
                await tell_register(http, code, identity, submission)

        began = time.monotonic()
        await asyncio.gather(*map(one, submissions))
        return len(submissions) / (time.monotonic() - began)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(os.environ["KAFKA_BOOTSTRAP_SERVERS"]))))
