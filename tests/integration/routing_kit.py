"""The one-stop on a real database: cases in any state, and what the tests ask of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import reference
import routing
from contracts.decision import Decision, Refused
from contracts.envelope import Cause, decode
from contracts.events import Due, DueStep
from plumbing.accesses.opening import Opening
from plumbing.accesses.rows import By
from plumbing.applying import Item, Part, apply, lock
from plumbing.database import Pool, open_pool
from plumbing.inlets import LifecycleInlet, ParticularsInlet
from plumbing.migrating import migrate
from plumbing.sealing import KeyRing
from routing.domain import RULES, Case, RoutingContext
from routing.store import CaseStore, load_open

RING = KeyRing("k1", {"k1": bytes(range(32))})
READER = By("test", "looked")
MIGRATIONS = Path(routing.__file__).parent / "migrations"
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
#: Two communes of today, and one that became the first of them on 2025-07-01.
UNIT, OTHER_UNIT, MERGED_UNIT = "26737", "26740", "26734"
BIRTH = "1.001193"


def a_due(due_at: datetime) -> Due:
    """Return something due then, for one reason."""
    step = DueStep(
        kind="due",
        from_at=due_at,
        to_at=due_at,
        note_vi="Hết thời hạn",
        note_en="Due",
        source="Luật Hộ tịch 2014, Điều 16",
    )
    return Due(
        due_at=due_at,
        due_on=(due_at + timedelta(hours=7)).date(),
        value=5,
        unit="working_day",
        source="Luật Hộ tịch 2014, Điều 16",
        calendar_version="4f0c9a7d21be",
        steps=(step,),
    )


def a_case(number: int = 1, **changes: Any) -> Case:
    """Return a complete birth on the desk of UNIT; `changes` replace fields."""
    fields: dict[str, Any] = {
        "status": "received",
        "unit_code": UNIT,
        "unit_on": date(2026, 11, 23),
        "residence_unit_code": UNIT,
        "procedure_code": BIRTH,
        "papers": ("birth_notification",),
        "submitted_at": NOW - timedelta(hours=20),
        "reception_due": a_due(NOW + timedelta(hours=3)),
    }
    code = f"H29.26737-261123-{number:04d}"
    return Case(uuid4(), code, **(fields | changes))


def an_accepted(number: int, due_at: datetime | None, **changes: Any) -> Case:
    """Return an accepted birth with that appointment."""
    fields: dict[str, Any] = {
        "status": "accepted",
        "received_at": NOW - timedelta(hours=18),
        "rounds": 1,
        "appointment": due_at and a_due(due_at),
    }
    return a_case(number, **(fields | changes))


@dataclass
class OneStop:
    """The one-stop's part on a database; `clock` is set by hand, `wakes` counts commits told."""

    pool: Pool
    now: datetime = NOW
    by_officer: bool = True
    wakes: int = 0
    part: Part[Case] = field(init=False)

    def __post_init__(self) -> None:
        """Plug the rules and the store in."""
        self.known = reference.load()
        self.part = Part("routing", RULES, CaseStore(RING), self.context)
        self.lifecycle = LifecycleInlet(self.part, RING)
        self.particulars = ParticularsInlet(self.part, RING)

    def context(self, now: datetime) -> RoutingContext:
        """Return what the rules know at that instant."""
        return RoutingContext(now, self.known, lambda unit_code: self.by_officer)

    @property
    def running(self) -> Any:
        """Return what the service may use while it runs, as far as it is used here."""
        return SimpleNamespace(
            pool=self.pool, keys=RING, clock=lambda: self.now, wake=self._wake, settings=None
        )

    def _wake(self) -> None:
        self.wakes += 1

    async def put(self, *cases: Case) -> None:
        """Write cases as they are, and their places in the log."""
        async with self.pool.acquire() as conn, conn.transaction():
            await lock(conn, {case.dossier_id: case.code for case in cases})
            await self.part.store.save(conn, cases)

    async def case(self, dossier_id: UUID) -> Case:
        """Return a case as the database has it, its personal data opened."""
        async with self.pool.acquire() as conn:
            case = await load_open(conn, dossier_id, Opening(RING, READER))
        assert case is not None
        return case

    async def act(self, case: Case, command: object) -> Decision[Case] | Refused:
        """Carry a command out, as the desk does."""
        async with self.pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {case.dossier_id: case.code})
            item = Item(case.dossier_id, command, Cause("test", "0" * 64))
            (decision,) = await apply(conn, self.part, RING, heads, [item], self.now)
        return decision

    async def said(self, dossier_id: UUID) -> list[Any]:
        """Return the data of every event about a dossier that waits to be sent, in order."""
        rows = await self.pool.fetch(
            "SELECT body FROM outbox WHERE key = $1 ORDER BY id", str(dossier_id).encode()
        )
        return [decode(row["body"]).data for row in rows]

    async def everything(self, table: str) -> str:
        """Return every row of a table as text, bytes also as what they say."""
        rows = await self.pool.fetch(f"SELECT * FROM {table}")
        return "\n".join(
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            for row in rows
            for value in row.values()
        )


@asynccontextmanager
async def a_one_stop(database: str) -> AsyncIterator[OneStop]:
    """Give the one-stop on an empty database; its pool ends with it."""
    await migrate(database, MIGRATIONS)
    pool = await open_pool(database, application="routing-test")
    try:
        yield OneStop(pool)
    finally:
        pool.terminate()
