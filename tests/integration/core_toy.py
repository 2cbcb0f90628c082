"""A toy service on the exactly-once core: every input gives one event, every dossier one effect."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar
from uuid import UUID

from contracts.decision import (
    Answered,
    Context,
    Decision,
    Effect,
    InDoubt,
    ParticularsArrived,
    ParticularsErased,
)
from contracts.envelope import Envelope
from contracts.events import Accepted, PortalInformed, Registered, Routed, Submitted
from plumbing.applying import Part, Rule
from plumbing.database import Conn
from reference import Reference, load

TOLD = "toy:told"


@dataclass(frozen=True)
class Case:
    """What the toy remembers of a dossier: everything it saw, in the order it saw it."""

    dossier_id: UUID
    trail: tuple[str, ...] = ()

    def saw(self, what: str) -> "Case":
        """Return the case with one step more."""
        return replace(self, trail=(*self.trail, what))


@dataclass(frozen=True)
class Bring:
    """A command: bring these effects about."""

    effects: tuple[Effect, ...]


def on_event(event: Envelope, case: Case, context: Context) -> Decision[Case]:
    """Answer every event with one event; the first one brings the dossier's effect about."""
    effects = () if case.trail else (Effect(TOLD, "told", b"tell the citizen"),)
    said = PortalInformed(step="accepted", portal="toy", status=2, about=event.id)
    return Decision(case.saw(f"{event.service}:{event.sequence}"), (said,), effects)


def on_particulars(message: ParticularsArrived, case: Case, _: Context) -> Decision[Case]:
    """Remember the version and whose it is."""
    name = message.particulars.applicant.full_name
    return Decision(case.saw(f"particulars:{message.version}:{name}"))


def on_erased(_: ParticularsErased, case: Case, __: Context) -> Decision[Case]:
    """Remember that there is nothing left to remember."""
    return Decision(case.saw("erased"))


def on_answered(message: Answered, case: Case, _: Context) -> Decision[Case]:
    """Publish one event for each answer."""
    said = PortalInformed(step="registered", portal="toy", status=9, about=case.dossier_id)
    return Decision(case.saw(f"{message.outcome} {message.kind} {message.reason}".strip()), (said,))


def on_in_doubt(message: InDoubt, case: Case, _: Context) -> Decision[Case]:
    """Remember the doubt."""
    return Decision(case.saw(f"doubt {message.kind} final={message.final}"))


RULES: dict[type, Rule] = {
    Submitted: on_event,
    Routed: on_event,
    Accepted: on_event,
    Registered: on_event,
    ParticularsArrived: on_particulars,
    ParticularsErased: on_erased,
    Answered: on_answered,
    InDoubt: on_in_doubt,
    Bring: lambda message, case, _: Decision(case.saw("brought"), (), message.effects),
}


class CaseStore:
    """The toy's table."""

    TABLE: ClassVar[str] = "CREATE TABLE toy_case (dossier_id uuid PRIMARY KEY, trail text)"

    def new(self, dossier_id: UUID, subject: str) -> Case:
        """Return a case that saw nothing."""
        return Case(dossier_id)

    async def load(self, conn: Conn, ids: Sequence[UUID]) -> dict[UUID, Case]:
        """Return the cases that exist."""
        sql = "SELECT dossier_id, trail FROM toy_case WHERE dossier_id = ANY($1::uuid[])"
        return {i: Case(i, tuple(json.loads(trail))) for i, trail in await conn.fetch(sql, ids)}

    async def save(self, conn: Conn, states: Sequence[Case]) -> None:
        """Write the cases in one statement."""
        await conn.execute(
            "INSERT INTO toy_case SELECT * FROM unnest($1::uuid[], $2::text[])"
            " ON CONFLICT (dossier_id) DO UPDATE SET trail = excluded.trail",
            [case.dossier_id for case in states],
            [json.dumps(case.trail) for case in states],
        )


@lru_cache
def _reference() -> Reference:
    return load()


def a_part(rules: Mapping[type, Rule] | None = None) -> Part[Case]:
    """Return the toy, with some of its rules replaced."""
    return Part(
        "notifier",
        {**RULES, **(rules or {})},
        CaseStore(),
        lambda now: Context(now, _reference()),
    )
