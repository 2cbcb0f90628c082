"""The notifier as it is put together for real, on a database and the sandbox, without Kafka."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from contracts.envelope import Cause, Head, decode, extend
from contracts.events import EVENTS, EventData
from contracts.particulars import Particulars, ParticularsRecord
from contracts.topics import LIFECYCLE, PARTICULARS
from notifier.app import MIGRATIONS, assemble
from notifier.correspondence import Correspondence
from notifier.settings import Settings
from plumbing.assembly import Assembly, Running, utc_now
from plumbing.database import Pool, open_pool
from plumbing.effects import Executor
from plumbing.migrating import migrate
from plumbing.relay import Relay
from plumbing.sealing import particulars_purpose
from tests.integration.core_kit import NOW, RING, Dossier, a_record, until
from tests.integration.sandbox_process import SECRETS, Sandbox
from tests.unit.builders import some_particulars

TOPIC_OF = {data.name: LIFECYCLE[data.service] for data in EVENTS}
_numbers = count(1)
ONE = (("sms", "sms", 1),)
TWO = (("sms-1", "sms-1", 1), ("sms-2", "sms-2", 1))


def a_dossier() -> Dossier:
    """Return a dossier whose code no other has."""
    return Dossier(code=f"H29.26-20261124-{next(_numbers):07d}")


def some_data(**contact: Any) -> Particulars:
    """Return personal data; `phone`, `email` and `notify_by` replace the usual ones."""
    document = some_particulars().model_dump(mode="json")
    document["notify_by"] = contact.pop("notify_by", ["sms"])
    document["applicant"] |= contact
    return Particulars.model_validate(document)


def particulars_record(dossier: Dossier, data: Particulars, version: int) -> Any:
    """Return the record as intake publishes it."""
    purpose = particulars_purpose(dossier.id, version)
    box = RING.seal(data.model_dump_json().encode(), purpose)
    value = ParticularsRecord.model_construct(
        dossierid=dossier.id,
        version=version,
        kid=box.kid,
        nonce=box.nonce,
        ciphertext=box.ciphertext,
    )
    return a_record(PARTICULARS.name, value.model_dump_json().encode(), str(dossier.id).encode())


@dataclass
class NotifierBench:
    """What a test asks of the notifier."""

    pool: Pool
    assembly: Assembly
    sandbox: Sandbox
    running: Running
    executors: list[Executor[Correspondence]] = field(default_factory=list)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def works(self) -> None:
        """Start an executor, as a process does."""
        part, callers = self.assembly.part, self.assembly.callers
        executor = Executor(part, self.pool, RING, callers, utc_now, valves=self.running.valves)
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

    async def hears(self, dossier: Dossier, *names: str) -> None:
        """Settle the dossier's next event of each name, each in its own transaction."""
        for name in names:
            await self.settle([self.event(dossier, name)])

    def event(self, dossier: Dossier, name: str) -> Any:
        """Return the record of the dossier's next event of that name."""
        return a_record(TOPIC_OF[name].name, dossier.says(name), str(dossier.id).encode())

    async def learns(self, dossier: Dossier, *said: EventData) -> None:
        """Settle these events of the dossier, each in its own transaction."""
        for data in said:
            head = dossier.heads.get(data.service, Head(dossier.id, dossier.code))
            cause = Cause("test", "0" * 64)
            body, _, dossier.heads[data.service] = extend(head, data, cause, NOW)
            topic = TOPIC_OF[data.name].name
            await self.settle([a_record(topic, body, str(dossier.id).encode())])

    async def knows(self, dossier: Dossier, version: int = 1, **contact: Any) -> None:
        """Settle personal data of the dossier."""
        await self.settle([particulars_record(dossier, some_data(**contact), version)])

    async def forgets(self, dossier: Dossier) -> None:
        """Settle the tombstone of the dossier's personal data."""
        await self.settle([a_record(PARTICULARS.name, None, str(dossier.id).encode())])

    async def settle(self, records: list[Any]) -> None:
        """Settle records of one topic in one transaction; none may be dead or parked."""
        inlets = {topic.name: inlet for topic, inlet in self.assembly.inlets.items()}
        async with self.pool.acquire() as conn, conn.transaction():
            settled = await inlets[records[0].topic](conn, records, utc_now())
        assert (settled.dead, settled.parked) == (0, 0)

    async def idle(self, seconds: float = 20.0) -> None:
        """Return once no call is open."""

        async def is_idle() -> bool:
            sql = "SELECT count(*) FROM effect WHERE state IN ('PENDING','IN_FLIGHT','IN_DOUBT')"
            return await self.pool.fetchval(sql) == 0

        await until(is_idle, seconds)

    async def states(self, dossier: Dossier) -> dict[str, str]:
        """Return the state of every call of the dossier, by its kind."""
        rows = await self.pool.fetch(
            "SELECT kind, state FROM effect WHERE dossier_id = $1 ORDER BY position", dossier.id
        )
        return {row["kind"]: row["state"] for row in rows}

    async def said(self, dossier: Dossier) -> list[EventData]:
        """Return what the notifier published of the dossier, in sequence without a gap."""
        rows = await self.pool.fetch(
            "SELECT body FROM outbox WHERE key = $1 ORDER BY id", str(dossier.id).encode()
        )
        events = [decode(row["body"]) for row in rows]
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        return [event.data for event in events]

    async def outcomes(self, dossier: Dossier) -> list[str]:
        """Return what was said of the citizen: step and channel, or step and reason."""
        said = await self.said(dossier)
        return [
            f"{one.step} {getattr(one, 'channel', None) or getattr(one, 'reason', '')}"
            for one in said
            if one.name != "portal_informed"
        ]

    async def journal(self, dossier: Dossier, *kinds: str) -> list[str]:
        """Return the step of each entry of those kinds about the dossier, in order."""
        return [
            entry.get("step") or entry["reference"].split(":")[1]
            for entry in await self.sandbox.journal()
            if entry["kind"] in kinds and dossier.code in _codes(entry)
        ]


def _codes(entry: dict[str, Any]) -> tuple[str | None, str]:
    return entry.get("dossier_code"), entry.get("reference", "").split(":")[0]


def a_gateway(sandbox: Sandbox, name: str, place: str, weight: int) -> dict[str, Any]:
    """Return the address of a gateway that the sandbox plays at that place."""
    token = SECRETS["sms"]["token"]
    return {"name": name, "url": f"{sandbox.url}/{place}", "token": token, "weight": weight}


def settings_of(
    sandbox: Sandbox,
    database_url: str,
    gateways: Sequence[tuple[str, str, int]] = ONE,
    **more: Any,
) -> Settings:
    """Return the settings that lead to the sandbox; `gateways` are name, place and weight."""
    keys = {"current": "k1", "keys": {"k1": ""}}
    portals = {
        name: {
            "url": f"{sandbox.url}/portals/{name}/callbacks",
            "dossiers_url": f"{sandbox.url}/portals/{name}/dossiers",
            "secret": one["webhook_secret"],
        }
        for name, one in SECRETS["portals"].items()
    }
    return Settings.model_validate(
        {
            "kafka_bootstrap_servers": "127.0.0.1:1",
            "database_url": database_url,
            "http_port": 1,
            "particulars_keys": json.dumps(keys),
            "oidc_issuer": sandbox.url,
            "oidc_jwks_url": f"{sandbox.url}/oauth/jwks.json",
            "sms_gateways": [a_gateway(sandbox, *one) for one in gateways],
            "smtp_host": "127.0.0.1",
            "smtp_port": sandbox.smtp_port,
            "mail_from": "hotich@example.vn",
            "portals": portals,
            "portal_networks": "127.0.0.0/8",
            "quiet_hours": "",
            **more,
        }
    )


@contextlib.asynccontextmanager
async def a_notifier(
    database_url: str,
    sandbox: Sandbox,
    clock: Callable[[], datetime] = utc_now,
    gateways: Sequence[tuple[str, str, int]] = ONE,
    **settings: Any,
) -> AsyncIterator[NotifierBench]:
    """Give a notifier on an empty database; its calls end with it."""
    await migrate(database_url, MIGRATIONS)
    pool = await open_pool(database_url, application="notifier-test")
    relay = Relay("notifier", database_url, "127.0.0.1:1")
    running = Running(
        settings_of(sandbox, database_url, gateways, **settings), pool, RING, relay, clock
    )
    assembly = await assemble(running)
    bench = NotifierBench(pool, assembly, sandbox, running)
    try:
        yield bench
    finally:
        await bench.dies()
        assert assembly.close is not None
        await assembly.close()
        pool.terminate()
