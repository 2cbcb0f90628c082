"""What is judged: topics, the outside's journal, databases, logs; read once the stack is quiet."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from local_stack.status import Status
from tests.chaos.campaign.archived import archived
from tests.chaos.campaign.course import Course
from tests.chaos.campaign.dump import Dumped, Record, write
from tests.chaos.campaign.kinds import ALL_TOPICS
from tests.chaos.campaign.replaying import Replay, replay_all

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
Partition = tuple[str, int]

#: What every service's core keeps; bodies, requests and sealed bytes are left where they are.
CORE = {
    "stream": "SELECT dossier_id::text, subject, sequence, head_hash FROM stream",
    "consumer_offset": "SELECT topic, part, next_offset FROM consumer_offset WHERE grp = $1",
    "inbound_cursor": "SELECT dossier_id::text, source, last_seq, last_hash FROM inbound_cursor",
    "inbound_parked": "SELECT dossier_id::text, source, seq, hash, topic, part, off"
    " FROM inbound_parked",
    "dead_letter": "SELECT topic, part, off, reason FROM dead_letter",
    "conflict": "SELECT dossier_id::text, source, seq, have_hash, got_hash, topic, part, off"
    " FROM conflict",
    "outbox": "SELECT topic, event_id::text FROM outbox",
    "effect": "SELECT effect_id::text, dossier_id::text, kind, state, in_doubt, attempt, reason,"
    " doubt_since IS NOT NULL AS doubted FROM effect",
}
#: What each service remembers of a dossier.
OWN = {
    "intake": {"dossier": "SELECT dossier_id::text, code, portal, portal_reference FROM dossier"},
    "routing": {
        "dossier_case": "SELECT dossier_id::text, code, status,"
        " coalesce(jsonb_array_length(rest->'trail'), 0) AS trail FROM dossier_case"
    },
    "registry-sync": {
        "registration": "SELECT dossier_id::text, code, status, round, closed FROM registration"
    },
    "notifier": {
        "correspondence": "SELECT dossier_id::text, dossier_code AS code FROM correspondence"
    },
}


@dataclass(frozen=True)
class JournalFile:
    """The outside's journal, read from its file each time it is gone through."""

    path: Path

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the entries, oldest first; a line without its end was never answered for."""
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):
                    yield json.loads(line)


@dataclass(frozen=True)
class Lines:
    """The lines of a text file, read each time anew."""

    path: Path

    def __iter__(self) -> Iterator[str]:
        """Yield the lines; what is no UTF-8 is replaced."""
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            yield from lines


@dataclass(frozen=True)
class Evidence:
    """Everything the verdict rests on; what is large is read again from disk each time.

    `topics` holds every record of every topic, per partition in log order. `ends` are the topics'
    end offsets, `committed` what Kafka was told per group. `databases` are the services' tables.
    """

    topics: Mapping[str, Iterable[Record]]
    ends: Mapping[Partition, int]
    committed: Mapping[str, Mapping[Partition, int]]
    journal: Iterable[Mapping[str, Any]]
    databases: Mapping[str, Tables]
    logs: Mapping[str, Iterable[str]] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    replays: Mapping[str, Replay] = field(default_factory=dict)
    #: By topic what the archive has, in the order of its files.
    archive: Mapping[str, Iterable[Record]] = field(default_factory=dict)
    #: The topics' end offsets once the archive was listed.
    later_ends: Mapping[Partition, int] = field(default_factory=dict)


async def gather(status: Status, course: Course, root: Path | None = None) -> Evidence:
    """Read everything from a stack that is up and quiet; the topics' dump stays in its state.

    `root` is the clone's, where the status' relative paths begin.
    """
    root = root or Path.cwd()
    folder = root / status.state / "topics"
    folder.mkdir(exist_ok=True)
    topics, ends = await _dump(status, folder)
    databases = {name: await _tables(name, url) for name, url in status.databases.items()}
    return Evidence(
        topics=topics,
        ends=ends,
        committed=await committed(status, list(status.databases)),
        journal=JournalFile(Path(status.sandbox["journal"])),
        databases=databases,
        logs={path.name: Lines(path) for path in sorted((root / status.logs).glob("*.log*"))},
        metrics=await _metrics(status),
        replays=await replay_all(status, root, topics, databases, course),
        archive=await archived(root / status.archive, ends),
        later_ends=await _ends(status),
    )


async def _dump(
    status: Status, folder: Path
) -> tuple[dict[str, Iterable[Record]], dict[Partition, int]]:
    consumer = AIOKafkaConsumer(**status.kafka_client(), enable_auto_commit=False)
    await consumer.start()
    try:
        topics: dict[str, Iterable[Record]] = {}
        ends: dict[Partition, int] = {}
        for topic in ALL_TOPICS:
            places = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
            until = await consumer.end_offsets(places)
            path = folder / f"{topic.name}.jsonl"
            await write(consumer, until, path)
            topics[topic.name] = Dumped(topic.name, path)
            ends |= {(tp.topic, tp.partition): int(end) for tp, end in until.items()}
        return topics, ends
    finally:
        await consumer.stop()


async def _ends(status: Status) -> dict[Partition, int]:
    consumer = AIOKafkaConsumer(**status.kafka_client(), enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(one.name, n) for one in ALL_TOPICS for n in range(one.partitions)]
        found = await consumer.end_offsets(places)
        return {(tp.topic, tp.partition): int(end) for tp, end in found.items()}
    finally:
        await consumer.stop()


async def committed(status: Status, groups: Sequence[str]) -> dict[str, dict[Partition, int]]:
    """Return the offsets each group has committed to Kafka, by partition."""
    admin = AIOKafkaAdminClient(**status.kafka_client())
    await admin.start()
    try:
        found = {}
        for group in groups:
            offsets = await admin.list_consumer_group_offsets(group)
            found[group] = {
                (tp.topic, tp.partition): int(known.offset)
                for tp, known in offsets.items()
                if known.offset >= 0
            }
        return found
    finally:
        await admin.close()


async def _tables(service: str, url: str) -> Tables:
    connection = await asyncpg.connect(url)
    try:
        found: dict[str, Sequence[Row]] = {}
        for table, sql in {**CORE, **OWN.get(service, {})}.items():
            values = (service,) if "$1" in sql else ()
            rows: Any = await connection.fetch(sql, *values)
            found[table] = rows
        return found
    finally:
        await connection.close()


async def _metrics(status: Status) -> dict[str, str]:
    found = {}
    async with aiohttp.ClientSession() as session:
        for name, url in status.urls.items():
            if name == "sandbox" or name not in status.components:
                continue
            # A service that is down is found by what it left undone.
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"{url}/metrics") as response:
                    if response.status == 200:
                        found[name] = await response.text()
    return found
