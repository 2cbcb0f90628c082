"""A settler and a consumer on the in-memory database, without any trouble: for small tests."""

from collections import Counter
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from aiokafka import TopicPartition

from contracts.topics import SUBMISSIONS
from plumbing.database import Conn, Pool
from plumbing.inlets import LifecycleInlet, Settled
from plumbing.offsets import Step, advance, begin, load_next
from plumbing.settling import FloodGate, Settler
from tests.integration.core_kit import RING, ROUTING, a_record
from tests.integration.core_stress import ledger
from tests.integration.core_toy import a_part
from tests.simulation import statements_core, statements_effects, statements_relay
from tests.simulation.broker import Client, Member, partitions
from tests.simulation.client import Sessions
from tests.simulation.loop import SimulatedLoop
from tests.simulation.server import Server
from tests.simulation.trouble import Faults, Trouble
from tests.simulation.virtual import virtual

KNOWN = (statements_core, statements_effects, statements_relay)
PLAIN = TopicPartition(SUBMISSIONS.name, 0)
EVENTS = TopicPartition(ROUTING, 0)
T = TypeVar("T")


class Bench:
    """Everything of one small test; `errors` are raised by the inlet for a record's body.

    `batches` says how many records the inlet was given each time.
    """

    def __init__(self, flood_limit: int = 1000) -> None:
        self.loop = SimulatedLoop(0)
        self.server = Server(self.loop)
        self.sessions = Sessions(self.server, self._no_trouble)
        self.errors: dict[bytes, list[Exception]] = {}
        self.settled = 0
        self.batches: list[int] = []
        self.said: list[str] = []
        pool = cast(Pool, self.sessions)
        inlets: Any = {PLAIN.topic: self._ledger, ROUTING: LifecycleInlet(a_part(), RING)}
        self.settler = Settler(
            *("notifier", "notifier", pool, RING, inlets, self.server.now),
            FloodGate(flood_limit),
            self._count,
        )
        self.log = partitions()
        trouble = Trouble(self.loop, Faults(), lambda _: None, lambda _, __: None, lambda *_: None)
        self.client = Client(self.log, trouble)

    def play(self, test: Coroutine[Any, Any, T]) -> T:
        """Run to the end under virtual time."""
        with virtual(self.loop, self.sessions, lambda *what: self.said.append(str(what[-1]))):
            try:
                return self.loop.run_until_complete(test)
            finally:
                self.loop.finish()

    def records(self, *bodies: bytes | None, tp: TopicPartition = PLAIN) -> list[Any]:
        """Append records to the log and return them; None is a hole."""
        rows = self.log[tp].records
        for body in bodies:
            offset = len(rows)
            rows.append(
                body and a_record(tp.topic, body, b"portal", offset=offset, partition=tp.partition)
            )
        return [row for row in rows if row is not None]

    def member(self, *tps: TopicPartition) -> Member:
        """Return a consumer that has the partitions."""
        self.client.assign(tps)
        return Member(self.settler, self.client)

    async def start_at(self, offset: int, tp: TopicPartition = PLAIN) -> None:
        """Have the database want that offset next."""
        async with self.sessions.acquire() as conn:
            await begin(cast(Conn, conn), "notifier", tp, offset)

    async def move(self, before: int, after: int, tp: TopicPartition = PLAIN) -> None:
        """Move the offset as another owner does."""
        async with self.sessions.acquire() as conn:
            step = Step(tp.partition, before, after)
            await advance(cast(Conn, conn), "notifier", tp.topic, [step])

    async def offset(self, tp: TopicPartition = PLAIN) -> int | None:
        """Return the offset the database wants."""
        async with self.sessions.acquire() as conn:
            return await load_next(cast(Conn, conn), "notifier", tp)

    def counted(self) -> Counter[int]:
        """Return how often each offset was settled."""
        return Counter(row["place"][1] for row in self.server.tables["toy_ledger"].values())

    def dead(self) -> list[tuple[int, str]]:
        """Return offset and reason of each dead letter."""
        rows = self.server.tables["dead_letter"].values()
        return sorted((row["place"][2], row["reason"]) for row in rows)

    async def _ledger(self, conn: Conn, records: Sequence[Any], now: datetime) -> Settled:
        self.batches.append(len(records))
        settled = await ledger(conn, records, now)
        for record in records:
            if errors := self.errors.get(record.value):
                raise errors.pop(0) if len(errors) > 1 else errors[0]
        return settled

    def _count(self) -> None:
        self.settled += 1

    @staticmethod
    async def _no_trouble(_: str) -> None:
        return
