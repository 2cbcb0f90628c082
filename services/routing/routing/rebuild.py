"""How the one-stop's database is made once more from the log: commands from what they led to."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import reference
from contracts.decision import ParticularsArrived
from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    EventData,
    Forwarded,
    HandedOver,
    Rescheduled,
    Resumed,
    Returned,
    Stopped,
    Withdrawn,
)
from plumbing.applying import Part
from plumbing.database import Conn
from plumbing.inlets import PARTICULARS
from plumbing.rebuilding.planning import Call, KnownAnswer, Plan
from plumbing.rebuilding.stories import Group
from plumbing.rebuilding.tables import Table
from plumbing.sealing import KeyRing
from routing.arguments import Command
from routing.domain import (
    RULES,
    Accept,
    Apologise,
    Case,
    Expire,
    Forward,
    GiveBack,
    HandOver,
    Merge,
    Resume,
    RoutingContext,
    Stop,
    Verify,
    Withdraw,
)
from routing.rebuild_events import as_said, noted
from routing.store import SERVICE, CaseStore
from routing.tracking.factors import save_factors

TABLES = (
    Table(
        "dossier_case",
        "rebuilt",
        key=("dossier_id",),
        columns=(
            *("code", "status", "unit_code", "procedure_code", "papers", "submitted_at"),
            *("unit_on", "due_at", "due_on", "reception_due_at", "supplement_due_at", "road"),
        ),
        documents=("rest",),
        personal=("held_version",),
        unknown={
            "counted": "the board counts the facts of a rebuilt trail once more",
            "counted_in": "the board's era begins anew with them",
        },
        inexact={
            "pauses": "when a pause ended by what the register said: the moment it was heard",
            "trail": "the place of a note that led to no event, between decisions",
        },
    ),
    Table(
        "case_particulars",
        "rebuilt",
        key=("dossier_id",),
        columns=("erased",),
        sealed=("particulars",),
        needs_particulars=True,
    ),
    Table(
        "tracking_factor",
        "rebuilt",
        key=("dossier_id",),
        sealed=("factor",),
        needs_particulars=True,
    ),
    Table("tracking_attempt", "carried", "wrong tries at a tracking page are in no event"),
    Table("board_era", "derived", "the facts are written anew"),
    Table("board_fact", "derived", "written with each case; the service counts them"),
    Table("board_day", "derived", "counted by the service from the facts"),
)


@dataclass(frozen=True)
class RoutingPlan(Plan[Case]):
    """The one-stop's rules; commands of officers and sweeps are made of the events they led to."""

    keys: KeyRing = field(kw_only=True)

    def contexts(self, now: datetime) -> Sequence[RoutingContext]:
        """Return both: who receives by hand is a setting, and the log shows who did."""
        return [RoutingContext(now, _KNOWN, _NOBODY), RoutingContext(now, _KNOWN, _EVERYBODY)]

    def message(
        self,
        group: Group,
        state: Case,
        calls: Sequence[Call],
        known: Mapping[str, KnownAnswer],
    ) -> object | None:
        """Return the command; where its hash is the cause's, it is the very one."""
        cause = group.cause
        if cause.id.startswith("sweep:"):
            return {"expire": Expire(), "merge": Merge()}.get(cause.id.split(":")[1])
        found = list(_commands(group))
        for command in found:
            if hashlib.sha256(repr(command).encode()).hexdigest() == cause.hash:
                return command
        return found[0] if found else None

    def as_said(
        self, before: Case, decided: Case | None, message: Any, group: Group, *, is_same: bool
    ) -> Case:
        """Return the case as the events tell it."""
        return as_said(before, decided, message, group, is_same=is_same)

    def noted(self, state: Case, message: Any, at: datetime) -> Case:
        """Return the case with the event on its trail and nothing else."""
        return noted(state, message) if isinstance(message, Envelope) else state

    async def also(self, conn: Conn, told: Sequence[Any]) -> None:
        """Write what citizens prove a dossier theirs with: it outlives the personal data."""
        states, news = [], []
        for one in told:
            last = one.heard.get(PARTICULARS)
            if last is not None and isinstance(last.message, ParticularsArrived):
                states.append(one.state)
                news.append(last.message.particulars)
        await save_factors(conn, self.keys, states, news)


def _nobody(unit_code: str) -> bool:
    return False


def _everybody(unit_code: str) -> bool:
    return True


_KNOWN = reference.load()
_NOBODY: Callable[[str], bool] = _nobody
_EVERYBODY: Callable[[str], bool] = _everybody


def plan(keys: KeyRing | None) -> RoutingPlan:
    """Return the one-stop's plan; without keys nothing personal can be read or written."""
    ring = keys or KeyRing("none", {"none": bytes(32)})
    part: Part[Case] = Part(
        SERVICE, RULES, CaseStore(ring), lambda now: RoutingContext(now, _KNOWN, _nobody)
    )
    folder = Path(__file__).parent / "migrations"
    return RoutingPlan(SERVICE, part, folder, TABLES, tells_outside=False, keys=ring)


def _commands(group: Group) -> Iterator[Command | Merge | Expire]:
    """Yield the commands that may have led to the events, by the first one that names an act."""
    for data in group.data:
        yield from _command(data)


def _command(data: EventData) -> Iterator[Command]:
    match data:
        case Accepted():
            yield Accept(data.actor)
        case Returned():
            yield GiveBack(data.actor, data.kind, data.reasons, data.papers)
            yield Accept(data.actor)
        case Forwarded():
            yield Forward(data.actor, data.to_unit_code, data.reason)
        case Withdrawn():
            yield Withdraw(data.actor)
        case Stopped():
            yield Stop(data.actor, data.reason)
        case Resumed():
            yield Resume(data.actor)
        case Rescheduled(kind="apology"):
            yield Apologise(data.actor, data.reason, data.due.due_on)
        case Rescheduled():
            yield Verify(data.actor, data.reason)
        case HandedOver():
            yield HandOver(data.actor, data.method)
