"""Checkpoints of a real log: signed as it is archived, on the log too, stamped by the sandbox."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from audit import publishing
from audit.archiving import Archiving
from audit.checkpointing import Checkpointing, open_producer
from audit.checkpoints import TIMESTAMPS, Ledger
from audit.notes import digest_of, split
from audit.proof_checks import open_checkpoint
from audit.proof_settings import ProofSettings
from audit.signing import private_text
from audit.timestamps import certificate_in, timestamp_findings
from audit.trees import Tree
from contracts.topics import Topic
from local_stack.stack import Stack
from tests.integration.audit_kit import Bench, until
from tests.integration.sandbox_process import Sandbox, a_sandbox
from tests.unit.proof_kit import a_signer

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path / "sandbox") as one:
        yield one


@pytest.fixture
def bench(servers: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench(servers.status().kafka, tmp_path / "archive")
    bench.make_topic()
    checkpoints = Topic(f"checkpoints-{uuid4()}", "nobody", "none", "", {}, 1)
    monkeypatch.setattr(publishing, "CHECKPOINTS", checkpoints)
    other = Bench(bench.bootstrap, tmp_path)
    other.topic = checkpoints
    other.make_topic()
    return bench


@contextlib.asynccontextmanager
async def _running(
    bench: Bench, sandbox: Sandbox, bootstrap: str = "", minutes: float = 0.005
) -> AsyncIterator[Any]:
    key = {"name": a_signer(1).name, "key": private_text(a_signer(1))}
    settings = ProofSettings(
        audit_keys=json.dumps([key | {"from": "2026-01-01T00:00:00Z"}]),
        checkpoint_minutes=minutes,
        tsa_url=f"{sandbox.url}/tsa",
        tsa_certificate=sandbox.state / "tsa-certificate.pem",
    )
    told = bench.settings()
    checkpointing = Checkpointing(
        told.archive_folder,
        told.archive_origin,
        settings,
        lambda: open_producer(bootstrap or bench.bootstrap, {}),
        [bench.topic],
    )
    archiving = Archiving(told, checkpointing.open, [bench.topic], closing=checkpointing.end)
    # They end as the service lets them: the last round is of all that was archived.
    parts = [(one, threading.Thread(target=one.run)) for one in (checkpointing, archiving)]
    for _, thread in parts:
        thread.start()
    try:
        yield archiving
    finally:
        for one, thread in parts:
            one.stop.set()
            await asyncio.to_thread(thread.join)


async def _published(bench: Bench) -> list[tuple[str, str]]:
    """Return (key, note) of what is on the topic of checkpoints."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bench.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        place = TopicPartition(publishing.CHECKPOINTS.name, 0)
        end = (await consumer.end_offsets([place]))[place]
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        found = []
        while await consumer.position(place) < end:
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += [(one.key.decode(), one.value.decode()) for one in batch]
        return found
    finally:
        await consumer.stop()


def _sizes(bench: Bench, partition: int) -> list[int]:
    ledger = Ledger(bench.root)
    return [int(note.split("\n")[1]) for _, note in ledger.notes(bench.topic.name, partition)]


def _notes(bench: Bench) -> list[tuple[str, str]]:
    ledger, name = Ledger(bench.root), bench.topic.name
    return [(f"{name}/{n}", note) for n in (0, 1) for _, note in ledger.notes(name, n)]


async def _is_covered(bench: Bench, count: int) -> None:
    await until(
        lambda: all(_sizes(bench, n)[-1:] == [count] for n in (0, 1)), f"{count} are signed"
    )


async def test_a_log_is_signed_published_and_stamped_while_it_is_archived(
    bench: Bench, sandbox: Sandbox
):
    for _ in range(3):
        bench.put(b"value", partition=0)
        bench.put(None, None, [("a", None)], partition=1)
    async with _running(bench, sandbox):
        await _is_covered(bench, 3)
        bench.put(b"later", partition=0)
        bench.put(b"later", partition=1)
        await _is_covered(bench, 4)
        wanted = {f"{digest_of(split(note)[0])}.tsr" for _, note in _notes(bench)}
        folder = bench.root / TIMESTAMPS
        await until(
            lambda: folder.exists() and {path.name for path in folder.iterdir()} >= wanted,
            "all are stamped",
        )
        while sorted(await _published(bench)) != sorted(_notes(bench)):
            await asyncio.sleep(0.1)

    ledger, name = Ledger(bench.root), bench.topic.name
    keys, origin = ledger.keys().trusting(a_signer(1).verifier), ledger.origin()
    for partition in (0, 1):
        place, tree = (name, partition), Tree(bench.root, name, partition)
        for _, note in ledger.notes(*place):
            checkpoint, findings = open_checkpoint(note, keys, origin, place)
            assert findings == []
            assert checkpoint.root == tree.root(checkpoint.size)
    _, pem = await sandbox.get("/tsa/certificate")
    root = certificate_in((sandbox.state / "tsa-certificate.pem").read_bytes())
    assert pem.strip() == (sandbox.state / "tsa-certificate.pem").read_text().strip()
    assert timestamp_findings(bench.root, root) == []


async def test_what_came_after_the_last_round_is_signed_and_published_before_it_stops(
    bench: Bench, sandbox: Sandbox
):
    async with _running(bench, sandbox, minutes=60) as archiving:
        await until(lambda: [*_sizes(bench, 0), *_sizes(bench, 1)] == [0, 0], "a round is over")
        places = [(bench.topic.name, number) for number in (0, 1)]
        for number in (0, 1):
            bench.put(b"value", partition=number)
        await until(
            lambda: all(archiving.reached.get(place) for place in places), "both are archived"
        )

    assert [_sizes(bench, number) for number in (0, 1)] == [[0, 1], [0, 1]]
    assert sorted(await _published(bench)) == sorted(_notes(bench))


async def test_without_kafka_or_authority_what_was_signed_is_published_and_stamped_later(
    bench: Bench, sandbox: Sandbox
):
    await sandbox.fault("tsa", kind="error")
    bench.put(b"value", partition=0)
    bench.put(b"value", partition=1)
    # The producer's broker is nobody; the archive's is there.
    async with _running(bench, sandbox, bootstrap="127.0.0.1:1"):
        await _is_covered(bench, 1)
    signed = _notes(bench)
    assert await _published(bench) == []
    assert not (bench.root / TIMESTAMPS).exists()

    async with aiohttp.ClientSession() as http, http.delete(f"{sandbox.url}/faults/tsa"):
        pass
    async with _running(bench, sandbox):
        while not set(signed) <= set(await _published(bench)):
            await asyncio.sleep(0.1)
        await until((bench.root / TIMESTAMPS).exists, "the newest are stamped")
