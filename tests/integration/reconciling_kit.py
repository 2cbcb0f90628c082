"""registry-sync compared with a register that says what a test tells it to."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web

import registry_sync
from contracts.envelope import decode
from contracts.events import EventData
from contracts.particulars import Particulars
from contracts.reconciliation import Difference, Reconciliation, Scope
from plumbing import reconciling
from plumbing.applying import lock
from plumbing.assembly import Assembly, Running, utc_now
from plumbing.comparing import Reconciler
from plumbing.database import Pool, open_pool
from plumbing.effects import Executor
from plumbing.migrating import migrate
from plumbing.relay import Relay
from registry_sync.app import assemble
from registry_sync.registration import BookEntry, Registration
from registry_sync.settings import RegistrySyncSettings
from tests.integration.core_kit import RING, until
from tests.integration.register_double import RegisterDouble
from tests.unit.builders import A_UNIT, BIRTH, some_particulars

MIGRATIONS = Path(registry_sync.__file__).parent / "migrations"
LINE = {"ngayDangKy": "23.11.2026", "soDangKy": "7", "quyenSo": "01/2026", "noiDangKy": A_UNIT}
BOOK = BookEntry(A_UNIT, "7", "01/2026", None, date(2026, 11, 23))
LONG_AGO = utc_now() - timedelta(days=1)


@dataclass
class Compared:
    """What a test asks of the comparison; nothing runs but what the test starts."""

    pool: Pool
    assembly: Assembly
    register: RegisterDouble
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    @property
    def reconciler(self) -> Reconciler:
        """Return the one that makes the runs."""
        (routes,) = self.assembly.operating
        return routes.reconcilers[0]  # type: ignore[attr-defined]

    async def has(
        self, status: Any, *, code: str = "", form: Particulars | None = None, **more: Any
    ) -> Registration:
        """Return a dossier that stands so for a day."""
        (case,) = await self.have([code or _code(uuid4())], status, form=form, **more)
        return case

    async def have(
        self, codes: Sequence[str], status: Any, *, form: Particulars | None = None, **more: Any
    ) -> list[Registration]:
        """Return dossiers of these codes that stand so for a day."""
        is_told = status != "accepted"
        fields: dict[str, Any] = {
            "unit_code": A_UNIT,
            "province_code": "79",
            "procedure_code": BIRTH,
            "accepted_at": LONG_AGO,
            "particulars": form,
            "held_version": 1 if form else 0,
            "pushed_at": LONG_AGO if is_told else None,
            "told_unit": A_UNIT if is_told else "",
            "told_province": "79" if is_told else "",
            "entry": BOOK if status == "registered" else None,
        }
        cases = [Registration(uuid4(), code, status, **(fields | more)) for code in codes]
        async with self.pool.acquire() as conn, conn.transaction():
            await lock(conn, {case.dossier_id: case.code for case in cases})
            await self.assembly.part.store.save(conn, cases)
        return cases

    def says(self, case: Registration, status: int, province: str = "79", **more: Any) -> None:
        """Let the register say this of the dossier, and nothing else it said before."""
        known = self.register.states.setdefault(province, [])
        known[:] = [one for one in known if one["maHoSoMCDT"] != case.code]
        line = LINE if status == 4 else {}
        known.append({"maHoSoMCDT": case.code, "trangThai": status, "ketQuaXuLy": line} | more)

    async def compares(self, scope: Scope = "changed") -> Reconciliation:
        """Return a whole run."""
        async with self.pool.acquire() as conn:
            run_id = await reconciling.start(conn, "register", scope, "operator")
        assert run_id is not None
        while (ended := await self.reconciler._make()) == "goes_on":
            pass
        assert ended is None
        run = await self.run_of(run_id)
        assert run.finished_at is not None
        return run

    async def run_of(self, run_id: UUID) -> Reconciliation:
        """Return the run as it is told."""
        async with self.pool.acquire() as conn:
            run = await reconciling.read(conn, "registry-sync", run_id)
        assert run is not None
        return run

    async def found(self, run: Reconciliation) -> list[Difference]:
        """Return what the run found."""
        async with self.pool.acquire() as conn:
            return (await reconciling.differences(conn, run.run_id, "", 500))[0]

    async def said(self, case: Registration) -> list[EventData]:
        """Return what was published of the dossier."""
        rows = await self.pool.fetch(
            "SELECT body FROM outbox WHERE key = $1 ORDER BY id", str(case.dossier_id).encode()
        )
        return [decode(row["body"]).data for row in rows]

    async def calls(self) -> None:
        """Make every call that is open."""
        part, callers = self.assembly.part, self.assembly.callers
        executor = Executor(part, self.pool, RING, callers, utc_now)
        task = asyncio.create_task(executor.run())
        sql = "SELECT count(*) = 0 FROM effect WHERE state NOT IN ('DONE', 'REJECTED', 'MANUAL')"

        async def is_over() -> bool:
            return bool(await self.pool.fetchval(sql))

        await until(is_over, 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def days_pass(self, days: int) -> None:
        """Let what was compared have been compared that long ago, and what was told be told."""
        await self.pool.execute(
            "UPDATE registration SET compared_at = compared_at - make_interval(days => $1),"
            " pushed_at = pushed_at - make_interval(days => $1)",
            days,
        )


def _code(of: UUID) -> str:
    return f"H29.{A_UNIT}-261123-{of.int % 10_000_000:07d}"


@contextlib.asynccontextmanager
async def comparing(database: str, register: RegisterDouble) -> AsyncIterator[Compared]:
    """Give registry-sync as it is assembled, on an empty database and that register."""
    await migrate(database, MIGRATIONS)
    pool = await open_pool(database, application="reconciling-test")
    app = web.Application()
    app.router.add_post("/NhanDKHT", register.push)
    app.router.add_post("/LayKetQua", register.results)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings = RegistrySyncSettings.model_validate(
        {
            "kafka_bootstrap_servers": "127.0.0.1:1",
            "database_url": database,
            "http_port": 1,
            "particulars_keys": json.dumps({"current": "k1", "keys": {"k1": ""}}),
            "oidc_issuer": url,
            "oidc_jwks_url": url,
            "register_url": url,
            "register_username": "one-stop",
            "register_password": "secret",
        }
    )
    relay = Relay("registry-sync", database, "127.0.0.1:1")
    running = Running(settings, pool, RING, relay, utc_now)
    assembly = await assemble(running)
    try:
        yield Compared(pool, assembly, register)
    finally:
        assert assembly.close is not None
        await assembly.close()
        await runner.cleanup()
        pool.terminate()


FORM = some_particulars()
