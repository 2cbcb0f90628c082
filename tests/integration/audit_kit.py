"""What the tests of the archive on a real broker share: a topic, an archiving, the truth."""

import asyncio
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from audit.archive import listing, read
from audit.archiving import Archiving
from audit.records import Record, records_of
from audit.settings import AuditSettings
from contracts.topics import Topic

Headers = Sequence[tuple[str, bytes | None]]
LONG_SECONDS = 40.0
CONFIG = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1"}


class Bench:
    """A topic of its own on a real broker, and the archive of it."""

    def __init__(self, bootstrap: str, root: Path, partitions: int = 2) -> None:
        self.bootstrap, self.root = bootstrap, root
        self.topic = Topic(f"audit-{uuid4()}", "nobody", "none", "", {}, partitions)
        self.admin = AdminClient({"bootstrap.servers": bootstrap})

    def make_topic(self) -> None:
        """Make the topic and wait until it is there."""
        new = NewTopic(self.topic.name, self.topic.partitions, 1, config=CONFIG)
        for made in self.admin.create_topics([new]).values():
            made.result(20)
        give_up = time.monotonic() + LONG_SECONDS
        while not self._is_led():
            assert time.monotonic() < give_up, "never happened: the topic is led"
            time.sleep(0.05)

    def _is_led(self) -> bool:
        """Return whether the broker tells everybody of every partition."""
        found = self.admin.list_topics(timeout=20).topics.get(self.topic.name)
        led = [one for one in found.partitions.values() if one.leader >= 0] if found else []
        return len(led) == self.topic.partitions

    def delete_topic(self) -> None:
        for gone in self.admin.delete_topics([self.topic.name]).values():
            gone.result(20)

    def producer(self, **settings: Any) -> Producer:
        return Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 0, **settings})

    def put(
        self,
        value: bytes | None,
        key: bytes | None = b"key",
        headers: Headers = (),
        partition: int = 0,
        times: int = 1,
    ) -> None:
        """Write a record so many times; returns once the broker has it."""
        producer = self.producer()
        for _ in range(times):
            producer.produce(
                self.topic.name, value, key, partition=partition, headers=list(headers)
            )
        assert producer.flush(20) == 0

    async def truth(self) -> dict[int, list[Record]]:
        """Return what another client finds on the topic, by partition."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            places = [TopicPartition(self.topic.name, n) for n in range(self.topic.partitions)]
            ends = await consumer.end_offsets(places)
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            found: dict[int, list[Record]] = {place.partition: [] for place in places}
            while any([await consumer.position(tp) < ends[tp] for tp in places]):
                for tp, batch in (await consumer.getmany(timeout_ms=200)).items():
                    found[tp.partition] += [_record(one) for one in batch]
            return found
        finally:
            await consumer.stop()

    def kept(self) -> dict[int, list[Record]]:
        """Return what the archive has, by partition."""
        found: dict[int, list[Record]] = {n: [] for n in range(self.topic.partitions)}
        for segment in listing(self.root).segments:
            found[segment.partition] += records_of(read(self.root, segment))
        return found

    async def caught_up(self) -> dict[int, list[Record]]:
        """Return the truth once the archive has as many records."""
        truth = await self.truth()
        count = sum(map(len, truth.values()))
        await until(lambda: sum(map(len, self.kept().values())) >= count, "the archive has all")
        return truth

    def settings(self, **others: Any) -> AuditSettings:
        return AuditSettings(**{**self._told(), **others})

    def _told(self) -> dict[str, Any]:
        return {
            "kafka_bootstrap_servers": self.bootstrap,
            "archive_folder": self.root,
            "archive_origin": "test.hotich.example",
            "flush_seconds": 0.2,
            "http_port": 1,
            "oidc_issuer": "none",
            "oidc_jwks_url": "none",
        }

    @contextlib.asynccontextmanager
    async def archiving(self, **settings: Any) -> AsyncIterator[Archiving]:
        """Archive in a thread as long as the block lasts."""
        running = Archiving(self.settings(**settings), lambda: lambda *_: None, [self.topic])
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            yield running
        finally:
            running.stop.set()
            await asyncio.to_thread(thread.join)

    @contextlib.asynccontextmanager
    async def process(self, *, kill_at: int = -1) -> AsyncIterator[asyncio.subprocess.Process]:
        """Archive in a process; it kills itself before that step on the disk, from 0."""
        told = {name: str(value) for name, value in self._told().items()}
        given = [json.dumps(told), self.topic.name, str(self.topic.partitions), str(kill_at)]
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "tests.integration.audit_child", *given],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.communicate()


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until it holds; fails naming `what` after a long time."""
    give_up = time.monotonic() + LONG_SECONDS
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < give_up, f"never happened: {what}"
        await asyncio.sleep(0.05)


def _record(found: Any) -> Record:
    return Record(found.offset, found.timestamp, found.key, tuple(found.headers), found.value)
