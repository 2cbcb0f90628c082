"""Runs what is compared, each in its own processes, on a stack whose services stand still."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.topics import PARTITIONS
from sandbox.samples import Sample
from tests.bench.compared.handwritten.events import REGISTERED, TOLD, TOPICS
from tests.bench.compared.outside import environment
from tests.bench.whole.ground import Ground
from tests.bench.whole.watching import SELDOM

OURS = ("intake", "routing", "registry-sync", "notifier", "board", "audit")
_SERVICES = ("intake", "routing", "registry", "notifier")
_WARM = 30
#: When for so long nothing moves, nothing will.
_PATIENCE_SECONDS = 60


class NotFinished(Exception):
    """A compared version did not come to its end; says how far it came."""


async def stand_still(ground: Ground) -> None:
    """Stop our own services; the sandbox, Kafka and PostgreSQL go on."""
    for name in OURS:
        if name in _components(ground):
            await asyncio.to_thread(ground.stack.stop_component, name)


def _components(ground: Ground) -> set[str]:
    return {name.rsplit("-", 1)[0] if name[-1].isdigit() else name for name in ground.status.pids}


async def durable(ground: Ground, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return the figures of DBOS."""
    file = _folder(ground) / "submissions.jsonl"
    lines = (json.dumps(one.submission, ensure_ascii=False) + "\n" for one in samples)
    file.write_text("".join(lines), encoding="utf-8")
    url = await asyncio.to_thread(ground.stack.create_database, "bench_dbos")
    return await _alone(ground, "durable", str(file), DATABASE_URL=url)


async def ceilings(ground: Ground) -> dict[str, Any]:
    """Return what Kafka and the register do alone."""
    return await _alone(ground, "ceilings", KAFKA_BOOTSTRAP_SERVERS=ground.status.kafka)


async def _alone(ground: Ground, name: str, *told: str, **environ: str) -> dict[str, Any]:
    """Run a measurement in a process of its own and return what it prints."""
    path = _folder(ground) / f"{name}.log"
    around = {**os.environ, **environment(ground.status, ground.secrets), **environ}
    with path.open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"tests.bench.compared.{name}", *told),
            env=around,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        out, _ = await child.communicate()
    if child.returncode:
        raise NotFinished(f"{name} ended with {child.returncode}: see {path}")
    figures: dict[str, Any] = json.loads(out.splitlines()[-1])
    return figures


def _folder(ground: Ground) -> Path:
    folder = Path(ground.stack.place.state) / "compared"
    folder.mkdir(exist_ok=True)
    return folder


async def handwritten(ground: Ground, samples: Sequence[Sample], *, workers: int) -> dict[str, Any]:
    """Return the figures of the hand-written version; so many partitions are read at once."""
    await _topics(ground)
    async with _processes(ground, workers) as (url, processes, databases), _Seen(ground) as seen:
        await _hand_in(url, samples[:_WARM])
        await seen.until(_WARM)
        for database in databases:
            connection = await asyncpg.connect(database)
            await connection.execute("ANALYZE")
            await connection.close()
        before = {name: _seconds(pid) for name, pid in processes.items()}
        began, count = time.time(), len(samples) - _WARM
        taken = await _hand_in(url, samples[_WARM:])
        await seen.until(len(samples))
        cost = {
            name: round(1000 * (_seconds(pid) - before[name]) / count, 2)
            for name, pid in processes.items()
        }
    return {
        "dossiers": count,
        "workers": workers,
        "taken_per_s": round(taken, 1),
        "registered_per_s": round(count / (seen.last[REGISTERED] / 1000 - began), 1),
        "told_per_s": round(count / (seen.last[TOLD] / 1000 - began), 1),
        "cpu_ms_per_dossier": cost,
    }


def _seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


async def _topics(ground: Ground) -> None:
    admin = AIOKafkaAdminClient(**ground.status.kafka_client())
    await admin.start()
    try:
        there = set(await admin.list_topics())
        missing = [NewTopic(name, PARTITIONS, 1) for name in TOPICS if name not in there]
        if missing:
            await admin.create_topics(missing)
    finally:
        await admin.close()


@asynccontextmanager
async def _processes(
    ground: Ground, workers: int
) -> AsyncIterator[tuple[str, dict[str, int], list[str]]]:
    port, started, databases = _free_port(), {}, []
    told = {
        **os.environ,
        **environment(ground.status, ground.secrets),
        "KAFKA_BOOTSTRAP_SERVERS": ground.status.kafka,
        "HTTP_PORT": str(port),
        "HAND_WORKERS": str(workers),
    }
    try:
        for name in _SERVICES:
            database = f"bench_hand_{name}_{workers}"
            url = await asyncio.to_thread(ground.stack.create_database, database)
            databases.append(url)
            module = f"tests.bench.compared.handwritten.{name}"
            with (_folder(ground) / f"{name}-{workers}.log").open("wb") as log:
                started[name] = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", module),
                    env={**told, "DATABASE_URL": url},
                    stdout=log,
                    stderr=log,
                )
        await _answers(port)
        pids = {name: process.pid for name, process in started.items()}
        yield f"http://127.0.0.1:{port}/submissions", pids, databases
    finally:
        for process in started.values():
            if process.returncode is None:
                process.terminate()
        await asyncio.gather(*(process.wait() for process in started.values()))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def _answers(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


async def _hand_in(url: str, samples: Sequence[Sample]) -> float:
    """Return how many submissions a second were taken."""
    places, began = asyncio.Semaphore(64), time.monotonic()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def one(sample: Sample) -> None:
            async with places, http.post(url, json=sample.submission) as answer:
                answer.raise_for_status()

        await asyncio.gather(*map(one, samples))
    return len(samples) / (time.monotonic() - began)


class _Seen:
    """How many dossiers the hand-written version has brought to each of its last two steps."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._keys: dict[str, set[bytes]] = {REGISTERED: set(), TOLD: set()}
        self.last = {REGISTERED: 0, TOLD: 0}

    async def __aenter__(self) -> "_Seen":
        self._consumer = AIOKafkaConsumer(
            **self._ground.status.kafka_client(), **SELDOM, enable_auto_commit=False
        )
        await self._consumer.start()
        places = [TopicPartition(topic, n) for topic in self._keys for n in range(PARTITIONS)]
        self._consumer.assign(places)
        await self._consumer.seek_to_end(*places)
        for place in places:
            await self._consumer.position(place)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._consumer.stop()

    async def until(self, count: int) -> None:
        """Return when so many citizens were told; raises NotFinished."""
        moved, told = time.monotonic(), time.monotonic() + 5
        while len(self._keys[TOLD]) < count:
            for place, batch in (await self._consumer.getmany(timeout_ms=200)).items():
                moved = time.monotonic()
                for record in batch:
                    self._keys[place.topic].add(record.key)
                    self.last[place.topic] = max(self.last[place.topic], record.timestamp)
            if time.monotonic() > told:
                told = time.monotonic() + 5
                self._ground.console.print(f"  {len(self._keys[TOLD])} of {count} told")
            if time.monotonic() > moved + _PATIENCE_SECONDS:
                raise NotFinished(f"{len(self._keys[TOLD])} of {count} told")
