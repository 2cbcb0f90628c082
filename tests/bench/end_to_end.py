"""Dossiers per second from the portals' bus to the register, everything on this machine."""

import asyncio
import os
import time
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

import aiohttp
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from rich.console import Console

from contracts.envelope import decode
from contracts.events import CitizenNotified, PortalInformed, Registered
from contracts.topics import LIFECYCLE, SUBMISSIONS
from local_stack.status import Status
from sandbox.bus import BusRecord, build_record
from sandbox.samples import Sample, load

DOSSIERS = int(os.environ.get("BENCH_DOSSIERS", "1000"))
GIVE_UP_SECONDS = 300.0


def _records(secrets: dict[str, Any], count: int) -> list[BusRecord]:
    """Return signed submissions made from the samples that are registered."""
    now = datetime.now(UTC)
    good: list[Sample] = []
    records = []
    for number in range(count):
        if not good:
            good = [one for one in load() if _ends_registered(one)]
        sample = good.pop()
        reference = f"BENCH-{now:%H%M%S}-{number}"
        submission = sample.submission | {"portal_reference": reference}
        secret = secrets["portals"][sample.portal]["webhook_secret"]
        records.append(
            build_record(
                sample.portal, submission, secret=secret, idempotency_key=reference, now=now
            )
        )
    return records


def _ends_registered(sample: Sample) -> bool:
    """Return whether a machine takes it to its end, however often it is sent with other numbers.

    A dead person without a number is known by name and birth date, and some day the same again.
    """
    deceased = sample.submission["form"].get("deceased")
    numbered = deceased is None or "personal_number" in deceased
    return sample.expect == "registered" and not sample.then and numbered


async def measure(
    status: Status, secrets: dict[str, Any], console: Console, dossiers: int = DOSSIERS
) -> dict[str, Any]:
    """Return the rate until the last is registered and until the last portal is told."""
    records = await asyncio.to_thread(_records, secrets, dossiers)
    consumer = AIOKafkaConsumer(bootstrap_servers=status.kafka, enable_auto_commit=False)
    await consumer.start()
    places = [
        TopicPartition(topic.name, number)
        for topic in LIFECYCLE.values()
        for number in range(topic.partitions)
    ]
    consumer.assign(places)
    await consumer.seek_to_end(*places)
    console.print(f"sending {dossiers} submissions on the bus")
    started = time.monotonic()
    try:
        await _produce(status.kafka, records)
        seen = await _watch(consumer, started, dossiers)
    finally:
        await consumer.stop()
    registered, informed = sorted(seen["registered"]), seen["informed"]
    cuts = quantiles(registered, n=100, method="inclusive")
    return {
        "dossiers": dossiers,
        "registered_per_second": round(dossiers / registered[-1], 1),
        "everyone_told_per_second": round(dossiers / max(informed), 1),
        "seconds_to_registered_p50": round(cuts[49], 2),
        "seconds_to_registered_p99": round(cuts[98], 2),
        "memory_mb": _memory(status),
        "sandbox_journal_entries": await _journal_length(status),
    }


async def _produce(bootstrap: str, records: list[BusRecord]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", linger_ms=5, max_batch_size=262_144
    )
    await producer.start()
    try:
        futures = [
            await producer.send(SUBMISSIONS.name, one.value, key=one.key, headers=one.headers)
            for one in records
        ]
        await asyncio.gather(*futures)
    finally:
        await producer.stop()


async def _watch(
    consumer: AIOKafkaConsumer, started: float, dossiers: int
) -> dict[str, list[float]]:
    seen: dict[str, list[float]] = {"registered": [], "informed": [], "told": []}
    while len(seen["registered"]) < dossiers or len(seen["informed"]) < dossiers:
        if time.monotonic() - started > GIVE_UP_SECONDS:
            raise TimeoutError(f"after {GIVE_UP_SECONDS} s only {_counts(seen)}")
        for batch in (await consumer.getmany(timeout_ms=200)).values():
            at = time.monotonic() - started
            for record in batch:
                match decode(record.value or b"").data:
                    case Registered():
                        seen["registered"].append(at)
                    case PortalInformed(step="registered"):
                        seen["informed"].append(at)
                    case CitizenNotified(step="registered"):
                        seen["told"].append(at)
    return seen


def _counts(seen: dict[str, list[float]]) -> str:
    return ", ".join(f"{len(times)} {name}" for name, times in seen.items())


def _memory(status: Status) -> dict[str, int]:
    return {
        name: psutil.Process(pid).memory_info().rss // 2**20
        for name, pid in status.pids.items()
        if psutil.pid_exists(pid)
    }


async def _journal_length(status: Status) -> int:
    url = f"{status.sandbox['url']}/journal"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return (await response.text()).count("\n")
