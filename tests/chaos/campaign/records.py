"""Faults of records: old ones again and in disorder, forged ones, and forgotten places."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from contracts.asyncapi import READS
from local_stack.status import Status
from tests.chaos.campaign.course import Fault, Place
from tests.chaos.campaign.field import RETURN_SECONDS, Field, NotDone
from tests.chaos.campaign.forging import Forgery, forgeries
from tests.chaos.campaign.kinds import ALL_TOPICS

#: A header nobody reads: `again`, or `forged:` with its sort, by which places are found later.
MARK = "campaign"
Client = TypeVar("Client", AIOKafkaConsumer, AIOKafkaProducer)
Headers = tuple[tuple[str, bytes | None], ...]
#: The client counts a whole batch against it.
_LARGEST_BYTES = 1024 * 1024
#: What is younger may still be on its way somewhere.
_SETTLED_SECONDS = 5.0
#: A group forgets a static member that ended after its session: ten seconds.
_GROUP_EMPTY_SECONDS = 25.0


@dataclass(frozen=True)
class Old:
    """A true record as it stands on its topic."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


async def duplicate(field: Field, fault: Fault) -> None:
    """Send true records again, as they are, to their own partition, in their order."""
    old = await _old(field, fault, int(str(fault.how["records"])))
    await _send(field, fault.target, [_again(one) for one in old])


async def shuffle(field: Field, fault: Fault) -> None:
    """Send true records again, as they are, in another order."""
    old = await _old(field, fault, int(str(fault.how["records"])))
    dice(field, fault).shuffle(old)
    await _send(field, fault.target, [_again(one) for one in old])


async def poison(field: Field, fault: Fault) -> None:
    """Send one forged record of each sort that fits the topic."""
    old = [one for one in await _old(field, fault, 50) if one.key and one.value]
    if not old:
        raise NotDone(f"{fault.target} has nothing to forge from")
    throws = dice(field, fault)
    true = throws.choice(old)
    made: list[Forgery] = forgeries(fault.target, true.key, true.value, true.headers, throws)
    forged = [
        Old(
            true.partition,
            one.key,
            one.value,
            (*one.headers, (MARK, f"forged:{one.sort}".encode())),
        )
        for one in made
    ]
    await _send(field, fault.target, forged)


async def forget_offsets(field: Field, fault: Fault) -> None:
    """Move a group's committed places in Kafka back to the earliest while nobody is in it."""
    await asyncio.to_thread(field.stack.stop_component, fault.target)
    try:
        await _commit_earliest(field.status, fault.target)
    finally:
        await asyncio.shield(asyncio.to_thread(field.stack.start_component, fault.target))


async def marked(status: Status) -> dict[str, tuple[Place, ...]]:
    """Return the places of what a campaign sent, by `forged` and `again`."""
    found: dict[str, list[Place]] = {"forged": [], "again": []}
    for topic in ALL_TOPICS:
        for record in await _all(status, topic.name):
            if mark := dict(record.headers).get(MARK):
                place = Place(record.topic, record.partition, record.offset)
                found[mark.decode().partition(":")[0]].append(place)
    return {sort: tuple(places) for sort, places in found.items()}


def dice(field: Field, fault: Fault) -> random.Random:
    """Return the dice of one fault, the same for the same seed."""
    return random.Random(f"{field.seed}:{fault.number}")


def _again(old: Old) -> Old:
    headers = tuple(one for one in old.headers if one[0] != MARK)
    return Old(old.partition, old.key, old.value, (*headers, (MARK, b"again")))


async def _old(field: Field, fault: Fault, count: int) -> list[Old]:
    """Return true records of a topic from a random place on; raises NotDone when there are none."""
    before = (time.time() - _SETTLED_SECONDS) * 1000
    found = [
        Old(one.partition, one.key, one.value, tuple(one.headers))
        for one in await _all(field.status, fault.target)
        if one.timestamp < before and not _is_forged(one)
    ]
    if not found:
        raise NotDone(f"{fault.target} is empty")
    start = dice(field, fault).randrange(max(1, len(found) - count))
    return found[start : start + count]


def _is_forged(record: ConsumerRecord) -> bool:
    return (dict(record.headers).get(MARK) or b"").startswith(b"forged")


@contextlib.asynccontextmanager
async def _started(make: Callable[[], Client]) -> AsyncIterator[Client]:
    """Yield a client that is connected, however long the broker takes to come back."""
    give_up = time.monotonic() + RETURN_SECONDS
    while True:
        client = make()
        try:
            await client.start()
            break
        except KafkaError:
            await client.stop()
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.5)
    try:
        yield client
    finally:
        await client.stop()


async def _all(status: Status, topic: str) -> list[ConsumerRecord]:
    def reader() -> AIOKafkaConsumer:
        return AIOKafkaConsumer(**status.kafka_client(), enable_auto_commit=False)

    async with _started(reader) as consumer:
        known = next(one for one in ALL_TOPICS if one.name == topic)
        places = [TopicPartition(topic, number) for number in range(known.partitions)]
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        records: list[ConsumerRecord] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records.extend(batch)
        return records


async def _send(field: Field, topic: str, records: Sequence[Old]) -> None:
    def writer() -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **field.status.kafka_client(), acks="all", max_request_size=_LARGEST_BYTES
        )

    async with _started(writer) as producer:
        futures = [
            await producer.send(
                topic,
                one.value,
                key=one.key,
                partition=one.partition,
                headers=list(one.headers),
            )
            for one in records
        ]
        await asyncio.gather(*futures)


async def _commit_earliest(status: Status, service: str) -> None:
    """Commit offset 0 everywhere as soon as the group lets somebody outside it do so."""
    places = [
        TopicPartition(topic.name, number)
        for topic in READS[service]
        for number in range(topic.partitions)
    ]

    def member() -> AIOKafkaConsumer:
        return AIOKafkaConsumer(**status.kafka_client(), group_id=service, enable_auto_commit=False)

    async with _started(member) as consumer:
        consumer.assign(places)
        give_up = time.monotonic() + _GROUP_EMPTY_SECONDS
        while True:
            try:
                await consumer.commit(dict.fromkeys(places, 0))
            except KafkaError as refused:
                if time.monotonic() > give_up:
                    raise NotDone(f"the group of {service}: {type(refused).__name__}") from None
                await asyncio.sleep(0.5)
            else:
                return
