"""The board on a real database: events settled with their offset, facts counted, counters read."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from aiokafka import TopicPartition

from contracts.envelope import Cause, Head, extend
from contracts.events import EventData, Registered
from contracts.topics import LIFECYCLE
from plumbing.offsets import begin
from plumbing.settling import FloodGate, Settler
from routing.board_counting import Counting
from routing.board_store import Figures
from tests.integration.core_kit import a_record
from tests.integration.routing_kit import RING, OneStop
from tests.unit.builders import a_submission

INTAKE, REGISTER = LIFECYCLE["intake"].name, LIFECYCLE["registry-sync"].name


@dataclass
class Board:
    """A one-stop whose events come by partitions, with offsets, as a consumer settles them."""

    one_stop: OneStop
    offsets: dict[str, int] = field(default_factory=dict)
    heads: dict[tuple[str, UUID], Head] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: count(1))

    @property
    def counting(self) -> Counting:
        """Return what keeps the counters; another one each time, as after a restart."""
        part, running = self.one_stop.part, self.one_stop.running
        return Counting(running, part, self.one_stop.known, 0.01)

    @property
    def settler(self) -> Settler:
        """Return what settles batches at the one-stop's moment."""
        inlet = self.one_stop.lifecycle
        return Settler(
            "routing",
            "routing",
            self.one_stop.pool,
            RING,
            {INTAKE: inlet, REGISTER: inlet},
            lambda: self.one_stop.now,
            FloodGate(100),
        )

    def record(self, topic: str, dossier_id: UUID, data: EventData) -> Any:
        """Return the next record of a topic that says so of a dossier."""
        head = self.heads.get((topic, dossier_id))
        if head is None:
            head = Head(dossier_id, f"H29.26737-261124-{next(self.numbers):04d}")
        body, _, head = extend(head, data, Cause("test", "0" * 64), self.one_stop.now)
        self.heads[topic, dossier_id] = head
        offset = self.offsets.get(topic, 0)
        self.offsets[topic] = offset + 1
        return a_record(topic, body, str(dossier_id).encode(), offset=offset)

    def submitted(self, **changes: Any) -> tuple[UUID, Any]:
        """Return a new dossier and the record that it was submitted now."""
        dossier_id = uuid4()
        data = a_submission(**({"submitted_at": self.one_stop.now} | changes))
        return dossier_id, self.record(INTAKE, dossier_id, data)

    def registered(self, dossier_id: UUID) -> Any:
        """Return the record that the register entered the dossier."""
        data = Registered(
            unit_code="26737",
            number="12",
            book="01/2026",
            registered_on=self.one_stop.now.astimezone(UTC).date(),
            round=1,
        )
        return self.record(REGISTER, dossier_id, data)

    async def settle(self, *records: Any) -> None:
        """Settle records of one topic, the first of which is the next expected."""
        tp = TopicPartition(records[0].topic, 0)
        async with self.one_stop.pool.acquire() as conn:
            await begin(conn, "routing", tp, 0)
        await self.settler.settle(tp, records, records[0].offset)

    async def counters(self) -> dict[Any, Any]:
        """Return every counter there is."""
        async with self.one_stop.pool.acquire() as conn:
            rows = await conn.fetch("SELECT * FROM board_day")
        return {tuple(row)[:5]: Figures(*tuple(row)[5:]) for row in rows}

    async def sums(self) -> dict[str, int]:
        """Return how often each thing happened, anywhere and ever."""
        sums: dict[str, int] = {}
        for (_, _, _, what, _), figures in (await self.counters()).items():
            sums[what] = sums.get(what, 0) + figures.count
        return sums

    async def recounted(self) -> dict[Any, Any]:
        """Return every counter as it is when all is counted anew from the cases."""
        counting = self.counting
        await counting.recount()
        await counting.catch_up()
        await counting.roll_up()
        return await self.counters()


def moment(text: str) -> datetime:
    """Return a moment of Vietnamese time: `2021-11-15 09:00`."""
    return datetime.fromisoformat(f"{text}+07:00")
