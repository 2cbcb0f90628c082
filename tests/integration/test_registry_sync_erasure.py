"""Erasure before and during a push: what the register was not told, it is never told."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import registry_sync
from contracts.envelope import decode
from contracts.events import EventData, RegisterReturned
from contracts.topics import LIFECYCLE, PARTICULARS
from plumbing import effects
from plumbing.applying import lock
from plumbing.assembly import Assembly, Running, utc_now
from plumbing.calls import Answer, Call
from plumbing.database import Pool, open_pool
from plumbing.effects import Executor
from plumbing.leases import CLAIM
from plumbing.migrating import migrate
from plumbing.relay import Relay
from registry_sync.app import assemble
from registry_sync.domain import Registration
from registry_sync.limits import unless_erased
from registry_sync.settings import RegistrySyncSettings
from tests.integration.core_kit import RING, Dossier, a_record, until
from tests.integration.notifier_bench import a_dossier, particulars_record, some_data
from tests.integration.notifier_kit import an_sms, in_doubt
from tests.integration.sandbox_process import SECRETS, Sandbox, a_sandbox

MIGRATIONS = Path(registry_sync.__file__).parent / "migrations"
ERASED = RegisterReturned(kind="refused", reasons=("particulars_erased",))


@dataclass
class RegistryBench:
    """What a test asks of registry-sync, put together for real but without Kafka and polling."""

    pool: Pool
    assembly: Assembly
    sandbox: Sandbox
    executors: list[Executor[Registration]] = field(default_factory=list)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def works(self) -> None:
        """Start an executor, as a process does."""
        executor = Executor(self.assembly.part, self.pool, RING, self.assembly.callers, utc_now)
        self.executors.append(executor)
        self.tasks.append(asyncio.create_task(executor.run()))

    async def dies(self) -> None:
        """End every executor where it is, as a crash does, and let its leases run out."""
        ended = [*self.tasks, *(one for each in self.executors for one in each._flying)]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        self.tasks.clear()
        self.executors.clear()
        await self.pool.execute(
            "UPDATE effect SET lease_until = clock_timestamp() - interval '1 second'"
            " WHERE state = 'IN_FLIGHT'"
        )

    async def accepts(self) -> Dossier:
        """Return a dossier that was accepted and whose push waits to be made."""
        dossier = a_dossier()
        await self.settle(PARTICULARS.name, particulars_record(dossier, some_data(), 1))
        topic = LIFECYCLE["routing"].name
        for name in ("routed", "accepted"):
            record = a_record(topic, dossier.says(name), str(dossier.id).encode())
            await self.settle(topic, record)
        return dossier

    async def forgets(self, dossier: Dossier) -> None:
        """Settle the tombstone of the dossier's personal data."""
        tombstone = a_record(PARTICULARS.name, None, str(dossier.id).encode())
        await self.settle(PARTICULARS.name, tombstone)

    async def settle(self, topic: str, record: Any) -> None:
        """Settle the record in a transaction of its own."""
        inlets = {known.name: inlet for known, inlet in self.assembly.inlets.items()}
        async with self.pool.acquire() as conn, conn.transaction():
            assert (await inlets[topic](conn, [record], utc_now())).applied == 1

    async def idle(self) -> None:
        """Return once no push is open."""
        sql = "SELECT count(*) FROM effect WHERE state NOT IN ('DONE', 'REJECTED', 'MANUAL')"

        async def is_idle() -> bool:
            return await self.pool.fetchval(sql) == 0

        await until(is_idle, 20.0)

    async def said(self, dossier: Dossier) -> list[EventData]:
        """Return what was published of the dossier."""
        rows = await self.pool.fetch(
            "SELECT body FROM outbox WHERE key = $1 ORDER BY id", str(dossier.id).encode()
        )
        return [decode(row["body"]).data for row in rows]

    async def rests(self, dossier: Dossier) -> tuple[Any, ...]:
        """Return the dossier's status, its personal data and its request as they are stored."""
        return tuple(
            await self.pool.fetchrow(
                "SELECT status, personal, request FROM registration JOIN effect"
                " USING (dossier_id) WHERE dossier_id = $1",
                dossier.id,
            )
        )


def settings_of(sandbox: Sandbox, database_url: str) -> RegistrySyncSettings:
    """Return the settings that lead to the sandbox's register."""
    return RegistrySyncSettings.model_validate(
        {
            "kafka_bootstrap_servers": "127.0.0.1:1",
            "database_url": database_url,
            "http_port": 1,
            "particulars_keys": json.dumps({"current": "k1", "keys": {"k1": ""}}),
            "oidc_issuer": sandbox.url,
            "oidc_jwks_url": sandbox.url,
            "register_url": f"{sandbox.url}/register",
            "register_username": SECRETS["register"]["username"],
            "register_password": SECRETS["register"]["password"],
        }
    )


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def bench(
    database: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RegistryBench]:
    # A crash does not wait for its calls.
    monkeypatch.setattr(effects, "DRAIN_SECONDS", 0.05)
    await migrate(database, MIGRATIONS)
    pool = await open_pool(database, application="registry-sync-test")
    relay = Relay("registry-sync", database, "127.0.0.1:1")
    running = Running(settings_of(sandbox, database), pool, RING, relay, utc_now)
    assembly = await assemble(running)
    one = RegistryBench(pool, assembly, sandbox)
    try:
        yield one
    finally:
        await one.dies()
        assert assembly.close is not None
        await assembly.close()
        pool.terminate()


async def test_given_a_push_that_waits_when_erased_then_the_register_is_never_told(bench):
    dossier = await bench.accepts()

    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    assert await bench.sandbox.kinds(dossier.code) == []
    assert await bench.said(dossier) == [ERASED]
    assert await bench.rests(dossier) == ("returned", None, None)


async def test_given_a_crash_before_the_push_and_then_erasure_then_the_register_is_never_told(
    bench,
):
    dossier = await bench.accepts()
    await bench.pool.fetch(CLAIM, 60.0, 10, None, [])
    await bench.dies()

    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    assert await bench.sandbox.kinds(dossier.code) == []
    assert await bench.said(dossier) == [ERASED]
    assert await bench.rests(dossier) == ("returned", None, None)


async def test_given_a_crash_after_the_push_and_then_erasure_then_the_dossier_stays(bench):
    dossier = await bench.accepts()

    async def pushes() -> list[str]:
        kinds = await bench.sandbox.kinds(dossier.code)
        return [kind for kind in kinds if kind.startswith("register.push")]

    async with bench.pool.acquire() as conn, conn.transaction():
        await lock(conn, {dossier.id: dossier.code})
        bench.works()
        await until(pushes)
        await bench.dies()
    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    assert await pushes() == ["register.pushed"]
    assert await bench.said(dossier) == []
    assert await bench.rests(dossier) == ("pushed", None, None)


async def test_given_erasure_and_doubt_and_a_silent_register_then_the_doubt_stays_until_it_speaks(
    bench,
):
    dossier = await bench.accepts()
    await bench.pool.fetch(CLAIM, 60.0, 10, None, [])
    await bench.dies()
    await bench.sandbox.fault("register.results", kind="error", share=1, times=1, seconds=0)

    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    doubt, last = await bench.said(dossier)
    assert (doubt.name, last) == ("registration_in_doubt", ERASED)
    assert await bench.sandbox.kinds(dossier.code) == []


@pytest.mark.parametrize("call", [an_sms(), in_doubt(an_sms())], ids=["sure", "in_doubt"])
async def test_given_no_database_then_the_register_is_neither_asked_nor_told(database, call):
    async def push(_: Call) -> Answer:
        raise AssertionError("told")

    async def knows(*_: str) -> bool:
        raise AssertionError("asked")

    pool = await open_pool(database, application="registry-sync-test")
    await pool.close()

    assert await unless_erased(push, knows, pool)(call) == Answer("again", "database_away")
