"""One run: a truth told badly, processes that die and freeze, and what must be so in the end."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from aiokafka import TopicPartition

from contracts.decision import Context, Decision
from contracts.envelope import Envelope
from contracts.events import Accepted, PortalInformed, Routed, Submitted
from contracts.topics import SUBMISSIONS
from plumbing.database import Conn, Pool
from plumbing.effects import Executor
from plumbing.inlets import LifecycleInlet, Settled
from plumbing.settling import FloodGate, Settler
from plumbing.valves import Valves
from tests.integration.core_kit import INTAKE, RING, ROUTING
from tests.integration.core_stress import ledger
from tests.integration.core_toy import Case, a_part
from tests.simulation import broker, statements_core, statements_effects, statements_relay
from tests.simulation.broker import Client, Group, Member, Partition, Producer, SimulatedRelay
from tests.simulation.client import Sessions
from tests.simulation.loop import CURRENT, Process, SimulatedLoop
from tests.simulation.outside import EFFECTS, KEYED, NEXT, Outside
from tests.simulation.server import Server
from tests.simulation.trouble import Faults, Trouble
from tests.simulation.truth import Truth
from tests.simulation.virtual import virtual

#: Faults stop after so many virtual seconds; all must be at rest after so many.
HEAL_SECONDS, REST_SECONDS = 120.0, 1500.0
_KNOWN_STATEMENTS = (statements_core, statements_effects, statements_relay)


def _on_event(event: Envelope, case: Case, _: Context) -> Decision[Case]:
    """Answer every event with one event; the first one brings the dossier's calls about."""
    said = PortalInformed(step="accepted", portal="toy", status=2, about=event.id)
    calls_ = () if case.trail else EFFECTS
    return Decision(case.saw(f"{event.service}:{event.sequence}"), (said,), calls_)


PART = a_part({Submitted: _on_event, Routed: _on_event, Accepted: _on_event})


class World:
    """Everything of one seed."""

    def __init__(self, seed: int, *, asks_first: bool = True, trace: bool = False) -> None:
        self.seed, self.trace = seed, trace
        self.loop = SimulatedLoop(seed)
        rng = self.rng = self.loop.rng
        self.trouble = Trouble(self.loop, Faults.of(rng), self._crash, self._pause, self.tell)
        self.server = Server(self.loop)
        self.sessions = Sessions(self.server, self.trouble)
        self.outside = Outside(self.loop, self.trouble, asks_first)
        self.topic: list[tuple[str, bytes, bytes | None]] = []
        self.faults: list[str] = []
        self.truth = Truth(rng)
        for dossier in self.truth.dossiers:
            for kind in (KEYED, NEXT):
                if rng.random() < 0.15:
                    self.outside.refuses.add((dossier.id, kind))
        self.log = broker.partitions()
        self.coming = 0
        self._bring()
        self.group = Group(sorted(self.log))
        self._restart_seconds = rng.choice([0.1, 5.0, 200.0])
        self.living: dict[str, Process] = {}

    def tell(self, *what: object) -> None:
        """Print a step of the run when it is traced."""
        if self.trace:
            process = CURRENT.get()
            name = process.name if process else "-"
            print(f"{self.loop.time() - 1000:10.3f} {self.loop.steps:7} {name:12}", *what)

    def _bring(self) -> None:
        """Let the records come over a while, each partition's in their order."""
        span = self.rng.choice([0.0, 20.0, 60.0])
        for tp, partition in self.truth.told.items():
            self.log[tp] = Partition()
            self.coming += len(partition.records)
            rest = iter(partition.records)
            for _ in partition.records:
                self.loop.outside(self.rng.uniform(0, span), self._arrive, tp, rest)

    def _arrive(self, tp: TopicPartition, rest: Iterator[Any]) -> None:
        self.log[tp].records.append(next(rest))
        self.coming -= 1

    # --- processes

    def _crash(self, process: Process) -> None:
        self.sessions.end_of(process)
        self.loop.kill(process)
        self.loop.outside(broker.SESSION_SECONDS, self._silent, process)

    def _pause(self, process: Process, seconds: float) -> None:
        self.sessions.paused(process, seconds)
        self.loop.pause(process, seconds)
        self.loop.outside(broker.SESSION_SECONDS, self._silent, process)

    def _silent(self, process: Process) -> None:
        if process.dead or process.paused:
            self.group.leave(process.name)

    def _clock(self) -> datetime:
        return self.server.now()

    async def _worker(self, name: str) -> None:
        """Be a whole service: consumer, executor and relay in one process."""
        pool = cast(Pool, self.sessions)
        outgoing = SimulatedRelay(
            Producer(self.loop, self.trouble, self.topic, self.trouble.faults.lost_answer)
        )
        executor = Executor(
            *(PART, pool, RING, self.outside.callers(), self._clock),
            owner=name,
            valves=Valves(clock=self.loop.time, jitter=self.rng.random),
            decided=outgoing.wake.set,
        )
        inlet = LifecycleInlet(PART, RING)
        inlets: Any = {INTAKE: inlet, ROUTING: inlet, SUBMISSIONS.name: _ledger}
        flood = FloodGate(1000)
        settler = Settler("notifier", "notifier", pool, RING, inlets, self._clock, flood)
        member = Member(settler, Client(self.log, self.trouble))
        await asyncio.gather(
            outgoing.run(),
            executor.run(),
            member.watch(),
            member.consume(self.group, name, self.rng.randint(1, 6), 3.0),
        )

    async def _supervise(self, name: str) -> None:
        """Start the worker again whenever it died."""
        while True:
            process = self.living[name] = Process(name)
            token = CURRENT.set(process)
            task = asyncio.create_task(self._worker(name))
            CURRENT.reset(token)
            await asyncio.wait([task])
            if not process.dead:
                self.faults.append(f"{name} ended by itself: {task.exception()!r}")
                return
            await self.loop.bury(process)
            self.tell("died", name)
            await asyncio.sleep(self._restart_seconds * self.rng.random())

    # --- the run

    async def play(self) -> None:
        """Return when all is at rest, or when it should long have been."""
        supervisors = [asyncio.create_task(self._supervise(name)) for name in "ab"]
        started = self.loop.time()
        while not (rest := self._at_rest()) and self.loop.time() - started < REST_SECONDS:
            await asyncio.sleep(2.0)
            if self.loop.time() - started > HEAL_SECONDS:
                self.trouble.healed = True
            if self.faults:
                break
        if not rest and not self.faults:
            self.faults.append("not at rest")
        # What a frozen process or the network still holds comes now.
        while self.loop.under_way:
            await asyncio.sleep(5.0)
        for task in supervisors:
            task.cancel()

    def _at_rest(self) -> bool:
        tables = self.server.tables
        if (
            self.coming
            or tables["outbox"]
            or any(
                row["state"] in ("PENDING", "IN_FLIGHT", "IN_DOUBT")
                for row in tables["effect"].values()
            )
        ):
            return False
        return all(self.offset(tp) == len(self.log[tp].records) for tp in self.log)

    def offset(self, tp: TopicPartition) -> int:
        """Return the committed next offset of a partition."""
        row = self.server.tables["consumer_offset"].get((tp.partition, tp.topic, "notifier"))
        return int(row["next_offset"]) if row else 0

    def run(self) -> Counter[str]:
        """Play the seed; return how often each fault happened."""
        with virtual(self.loop, self.sessions, self.tell):
            try:
                self.loop.run_until_complete(self.play())
            finally:
                self._close()
        self.faults += [str(one["message"]) for one in self.loop.troubles if "exception" in one]
        return self.trouble.counts

    def _close(self) -> None:
        for process in self.living.values():
            self._crash(process)
        self.loop.finish()


async def _ledger(conn: Conn, records: Sequence[Any], now: datetime) -> Settled:
    return await ledger(conn, records, now)
