"""Logs of dossiers that the one-stop's own rules decided, for replays."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import reference
from contracts.decision import Decision
from contracts.envelope import Cause, Envelope, decode
from contracts.events import EventData, Registered
from contracts.model import VIETNAM
from routing.domain import RULES, Case, RoutingContext
from tests.unit.archive_kit import Log, archive, dossier_of
from tests.unit.builders import a_paper, a_submission

KNOWN = reference.load()
BIRTH, CERTIFICATE = "1.001193", "1.004873"
UNITS = sorted(KNOWN.communes("79", datetime(2026, 11, 23, tzinfo=VIETNAM).date()))
NOBODY = "0" * 64


def at(text: str) -> datetime:
    """Return a moment of Vietnamese time."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


class Life:
    """A dossier whose every step the rules decide and the log keeps."""

    def __init__(self, log: Log, number: int, start: datetime, *, machine: bool = True) -> None:
        """Begin with nothing submitted; `machine` is whether one receives it."""
        self.log, self.machine, self.now = log, machine, start
        self.dossier_id, self.code = dossier_of(number)
        self.case = Case(self.dossier_id, self.code)
        self._commands = 0

    def submit(self, **changes: Any) -> "Life":
        """Hand it in, complete unless `changes` say otherwise."""
        procedure = KNOWN.procedure(changes.get("procedure_code", BIRTH), self.now.date())
        assert procedure is not None
        papers = tuple(a_paper(kind) for kind in procedure.attachments)
        data = a_submission(**({"submitted_at": self.now, "attachments": papers} | changes))
        return self.hear(data)

    def hear(self, data: EventData) -> "Life":
        """Let another service say something, a second later the one-stop decides."""
        came = Cause("request:1", NOBODY)
        cause = self.log.say(self.dossier_id, self.code, data, came, self.now)
        message = decode(self.log.records[-1].value or b"")
        self.now += timedelta(seconds=1, microseconds=7)
        return self._decide(message, cause)

    def told(self, message: Envelope) -> "Life":
        """Let the register say something that is on no topic judges hear."""
        return self._decide(message, Cause(str(message.id), NOBODY))

    def does(self, command: object) -> "Life":
        """Let an officer, or time, ask for something."""
        self._commands += 1
        return self._decide(command, Cause(f"command:{self.code}-{self._commands}", NOBODY))

    def later(self, **time: float) -> "Life":
        """Let time pass."""
        self.now += timedelta(**time)
        return self

    def _decide(self, message: object, cause: Cause) -> "Life":
        kind = type(message.data) if isinstance(message, Envelope) else type(message)
        context = RoutingContext(self.now, KNOWN, lambda _: not self.machine)
        decision = RULES[kind](message, self.case, context)
        assert isinstance(decision, Decision), decision
        self.case = decision.state
        for data in decision.events:
            self.log.say(self.dossier_id, self.code, data, cause, self.now)
        return self


def entered(life: Life) -> Life:
    """Let the register enter it."""
    data = Registered(
        unit_code=life.case.unit_code, number="1", book="01/2026", registered_on=life.now.date()
    )
    life.log.say(life.dossier_id, life.code, data, Cause("answer:1", NOBODY), life.now)
    return life


def kept(root: Path, log: Log) -> Path:
    """Write the log as an archive, its records in the order of time; return its folder."""
    log.records.sort(key=lambda record: record.at)
    ends: dict[tuple[str, int], int] = defaultdict(int)
    for record in log.records:
        record.offset = ends[record.topic, record.partition]
        ends[record.topic, record.partition] += 1
    return archive(root, log, rows=64)


def many(log: Log, count: int, choose: Callable[[int], int], **changes: Any) -> Iterator[Life]:
    """Yield received dossiers, usual ones, spread over days, hours, units and procedures."""
    from routing.domain import Accept

    start = at("2026-11-20 06:13:07")
    for number in range(count):
        moment = start + timedelta(minutes=37 * number, microseconds=choose(10**6))
        life = Life(log, number, moment, machine=bool(choose(2)))
        unit = UNITS[choose(len(UNITS))]
        procedure = (BIRTH, CERTIFICATE, "1.000894")[choose(3)]
        codes = {"unit_code": unit, "residence_unit_code": unit, "procedure_code": procedure}
        life.submit(**codes, **changes)
        if not life.machine:
            life.later(minutes=choose(3000)).does(Accept("officer-1"))
        yield entered(life.later(hours=1))


def dossier_ids(log: Log) -> set[UUID]:
    """Return the dossiers of the log."""
    return {dossier_id for dossier_id, _ in log.heads}
