"""registry-sync as it is put together for real, on a database and the sandbox, without Kafka."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import registry_sync
from contracts.envelope import Cause, Head, decode, extend
from contracts.events import Accepted, EventData, RegisterReturned, Routed
from contracts.particulars import Particulars
from contracts.topics import LIFECYCLE, PARTICULARS
from plumbing.applying import lock
from plumbing.assembly import Assembly, Running, utc_now
from plumbing.database import Pool, open_pool
from plumbing.effects import Executor
from plumbing.migrating import migrate
from plumbing.relay import Relay
from registry_sync.app import assemble
from registry_sync.registration import Registration
from registry_sync.settings import RegistrySyncSettings
from tests.integration.core_kit import NOW, RING, Dossier, a_record, until
from tests.integration.notifier_bench import a_dossier, particulars_record
from tests.integration.sandbox_process import SECRETS, Sandbox
from tests.unit.builders import BIRTH, some_particulars

MIGRATIONS = Path(registry_sync.__file__).parent / "migrations"
UNIT = "26734"
ASKED = RegisterReturned(kind="supplement", reasons=("register_needs_supplement",))


def accepted(**changes: Any) -> Accepted:
    """Return the one-stop's acceptance of a birth; `changes` replace fields."""
    fields = {
        "unit_code": UNIT,
        "procedure_code": BIRTH,
        "actor": "automatic",
        "reference_version": "2026.1",
    }
    return Accepted(**(fields | changes))


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

    def polls(self) -> None:
        """Start to poll, as a process does."""
        poll, *_ = self.assembly.tasks
        self.tasks.append(asyncio.create_task(poll()))

    async def accepts(self) -> Dossier:
        """Return a dossier that was accepted and whose push waits to be made."""
        dossier = a_dossier()
        await self.knows(dossier, some_particulars())
        await self.hears(dossier, accepted())
        return dossier

    async def hears(self, dossier: Dossier, data: EventData) -> None:
        """Settle the one-stop's next event of the dossier, the routing before the first."""
        if data.service not in dossier.heads and not isinstance(data, Routed):
            await self.hears(dossier, Routed(unit_code=UNIT, reference_version="2026.1"))
        head = dossier.heads.get(data.service, Head(dossier.id, dossier.code))
        body, _, dossier.heads[data.service] = extend(head, data, Cause("test", "0" * 64), NOW)
        record = a_record(LIFECYCLE[data.service].name, body, str(dossier.id).encode())
        await self.settle(LIFECYCLE[data.service].name, record)

    async def knows(self, dossier: Dossier, data: Particulars, version: int = 1) -> None:
        """Settle a version of the dossier's personal data."""
        await self.settle(PARTICULARS.name, particulars_record(dossier, data, version))

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

    async def says(self, dossier: Dossier, name: str, count: int = 1) -> EventData:
        """Return the last of the dossier's events of that name once there are so many."""

        async def last() -> EventData | None:
            named = [data for data in await self.said(dossier) if data.name == name]
            return named[-1] if len(named) == count else None

        said = await until(last, 20.0)
        assert isinstance(said, EventData)
        return said

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


@contextlib.asynccontextmanager
async def open_registry(database: str, sandbox: Sandbox) -> AsyncIterator[RegistryBench]:
    """Give a bench on an empty database; what it started ends with it."""
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


async def asked_back(bench: RegistryBench, note: str = "sandbox:supplement") -> Dossier:
    """Return a dossier the register was told of and asked back, with its completed form here."""
    dossier = a_dossier()
    await bench.knows(dossier, some_particulars(note))
    await bench.hears(dossier, accepted())
    bench.works()
    bench.polls()
    assert await bench.says(dossier, "register_returned") == ASKED
    await bench.knows(dossier, some_particulars("đã bổ sung"), 2)
    return dossier


async def becomes(bench: RegistryBench, dossier: Dossier, *, status: Any, round_: int) -> None:
    """Let the dossier stand there, whatever was before."""
    case = Registration(
        dossier.id, dossier.code, status, UNIT, "79", BIRTH, NOW, some_particulars(), round=round_
    )
    async with bench.pool.acquire() as conn, conn.transaction():
        await lock(conn, {dossier.id: dossier.code})
        await bench.assembly.part.store.save(conn, [case])
