"""What the flow tests share: the sandbox by HTTP, samples on their way, the whole log."""

import asyncio
import contextlib
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from contracts.topics import LIFECYCLE
from local_stack import promise
from local_stack.following import Follower
from local_stack.samples import send_all, until_ended
from local_stack.status import Status
from local_stack.tracks import Track
from sandbox.samples import Sample, load

LONG_SECONDS = 90.0


def good_samples(count: int, road: str | None = None) -> list[Sample]:
    """Return fresh samples that end registered, straight on."""
    good = [sample for sample in load() if sample.expect == "registered" and not sample.then]
    return [sample for sample in good if road in (None, sample.road)][:count]


def told_by(channel: str, samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples whose applicant can be reached by that channel, told by it alone."""
    contact = {"sms": "phone", "email": "email"}[channel]
    return [
        dataclasses.replace(sample, submission=sample.submission | {"notify_by": [channel]})
        for sample in samples
        if sample.submission["applicant"].get(contact)
    ]


@contextlib.asynccontextmanager
async def following(status: Status, samples: Sequence[Sample]) -> AsyncIterator["Journey"]:
    """Yield the samples' journey, watched from now on; nothing is sent yet."""
    tracks = [Track(sample) for sample in samples]
    follower = Follower(status, tracks)
    await follower.start()
    reading = asyncio.create_task(follower.run())
    try:
        yield Journey(status, tracks, follower)
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        await follower.stop()


class Journey:
    """Samples under way."""

    def __init__(self, status: Status, tracks: list[Track], follower: Follower) -> None:
        self.status, self.tracks, self._follower = status, tracks, follower

    async def send(self) -> None:
        """Make the portals send them all."""
        await send_all(self.status.sandbox["url"], self.tracks)

    async def arrive(self) -> None:
        """Wait until everyone has heard the end of each."""
        url = self.status.sandbox["url"]
        await until_ended(self.tracks, self._follower, lambda tracks, events: None, url)

    def breaches(self) -> list[str]:
        """Return what the oracle's journal says against the promise; empty is right."""
        journal = promise.read_journal(Path(self.status.sandbox["journal"]))
        return promise.broken_promises(self.tracks, journal)


async def until(check: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until the check holds; fails naming `what` after a long time."""
    give_up = time.monotonic() + LONG_SECONDS
    while not await check():
        assert time.monotonic() < give_up, f"never happened: {what}"
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def fault(status: Status, component: str, **how: Any) -> AsyncIterator[None]:
    """Let a played system misbehave inside the block."""
    url = f"{status.sandbox['url']}/faults/{component}"
    async with aiohttp.ClientSession() as session:
        async with session.put(url, json=how) as response:
            assert response.status < 300, await response.text()
        try:
            yield
        finally:
            await session.delete(url)


async def token(status: Status, root: Path, client: str) -> str:
    """Return an access token of one of the clients in the stack's secrets."""
    secrets = json.loads((root / status.secrets).read_text(encoding="utf-8"))
    basic = aiohttp.encode_basic_auth(client, secrets["clients"][client]["secret"])
    url = f"{status.sandbox['url']}/oauth/token"
    async with (
        aiohttp.ClientSession(headers={"authorization": basic}) as session,
        session.post(url, data={"grant_type": "client_credentials"}) as response,
    ):
        document = await response.json()
        assert response.status == 200, document
        return str(document["access_token"])


async def whole_log(status: Status) -> dict[str, list[Any]]:
    """Return every record of every lifecycle topic, per topic in log order of each partition."""
    consumer = AIOKafkaConsumer(**status.kafka_client(), enable_auto_commit=False)
    await consumer.start()
    try:
        found: dict[str, list[Any]] = {}
        for topic in LIFECYCLE.values():
            places = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
            ends = await consumer.end_offsets(places)
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            records: list[Any] = []
            while any([await consumer.position(tp) < ends[tp] for tp in places]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records.extend(batch)
            found[topic.name] = records
        return found
    finally:
        await consumer.stop()


@contextlib.asynccontextmanager
async def producing(status: Status) -> AsyncIterator[AIOKafkaProducer]:
    """Yield a producer, as anyone with access to the broker could have one."""
    producer = AIOKafkaProducer(**status.kafka_client(), acks="all")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def count(status: Status, service: str, sql: str, *values: Any) -> int:
    """Return one number from a service's database."""
    connection = await asyncpg.connect(status.databases[service])
    try:
        return int(await connection.fetchval(sql, *values))
    finally:
        await connection.close()


async def all_consumed(status: Status) -> bool:
    """Return whether every service has settled every lifecycle topic it reads to its end."""
    consumer = AIOKafkaConsumer(**status.kafka_client(), enable_auto_commit=False)
    await consumer.start()
    try:
        for service, url in status.databases.items():
            connection = await asyncpg.connect(url)
            try:
                rows = await connection.fetch(
                    "SELECT topic, part, next_offset FROM consumer_offset WHERE grp = $1", service
                )
            finally:
                await connection.close()
            known = {TopicPartition(r["topic"], r["part"]): r["next_offset"] for r in rows}
            ends = await consumer.end_offsets(list(known)) if known else {}
            if any(known[tp] < end for tp, end in ends.items()):
                return False
        return True
    finally:
        await consumer.stop()
