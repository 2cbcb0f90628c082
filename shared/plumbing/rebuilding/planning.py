"""What a service plugs into a rebuild: its rules, and how its own words tell what led to them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from contracts.decision import Context, State
from contracts.envelope import Cause
from contracts.events import EventData
from plumbing.applying import Part
from plumbing.database import Conn
from plumbing.rebuilding.stories import Group
from plumbing.rebuilding.tables import CORE, Table

S = TypeVar("S", bound=State)

#: The states of a call that waits for no answer any more.
ENDED = frozenset({"DONE", "REJECTED", "MANUAL"})


class Call(NamedTuple):
    """A call a decision asked for; `state` is one of the table's, IN_DOUBT while nobody knows."""

    effect_id: UUID
    kind: str
    lane: str
    turn: str
    request: bytes
    cause: Cause
    at: datetime
    state: str = "IN_DOUBT"


class KnownAnswer(NamedTuple):
    """What the live table says of a call: the log has no word of many an answer."""

    state: str
    reason: str
    attempt: int
    ended_at: datetime | None


class Silent(NamedTuple):
    """A message that led to no event, and when it may have come; None for not known."""

    message: Any
    at: datetime | None


@dataclass(frozen=True)
class Plan(ABC, Generic[S]):
    """A service's rules and tables, and its answers to what the log alone does not say.

    `opens_particulars`: its rules hear the personal data, and not only that they were erased.
    `tells_outside`: it makes calls that must happen once.
    """

    service: str
    part: Part[S]
    migrations: Path
    own_tables: tuple[Table, ...]
    opens_particulars: bool = True
    tells_outside: bool = True

    @property
    def tables(self) -> tuple[Table, ...]:
        """Return the declaration of every table of the schema."""
        own = {table.name for table in self.own_tables}
        return (*(table for table in CORE if table.name not in own), *self.own_tables)

    def contexts(self, now: datetime) -> Sequence[Context]:
        """Return what the rules may have known at that instant, the likeliest first."""
        return (self.part.context(now),)

    def message(
        self,
        group: Group,
        state: Any,
        calls: Sequence[Call],
        known: Mapping[str, KnownAnswer],
    ) -> object | None:
        """Return the command or answer a decision came from, by what it said; None if unknown."""
        return None

    def kind_of(
        self, dossier_id: UUID, kind: str, known: Mapping[str, KnownAnswer], causes: Collection[str]
    ) -> str:
        """Return the kind under which a call was made, where a setting of then has a part in it.

        `causes` are those of the dossier's decisions: `effect:<id>` names a call.
        """
        return kind

    def silent(self, state: Any, calls: Sequence[Call], group: Group | None) -> Iterable[Silent]:
        """Return answers that may have come before a decision and led to no event."""
        return ()

    @abstractmethod
    def as_said(
        self, before: Any, decided: Any | None, message: Any, group: Group, *, is_same: bool
    ) -> Any:
        """Return the state after a decision as its events tell it, where the rules say otherwise.

        `decided` is the rules' own state, None where they can make none; `is_same`: they said
        events of the same kinds. `message` is what led to it, None where nobody knows.
        """

    def noted(self, state: Any, message: Any, at: datetime) -> Any:
        """Return the state after a message that led to nothing, where the rules say otherwise."""
        return state

    def finished(self, state: Any) -> Any:
        """Return the state as it may be written: without what only stood for something unknown."""
        return state

    async def also(self, conn: Conn, told: Sequence[Any]) -> None:
        """Write what else the service keeps of these dossiers beside their states."""

    async def after_swap(self, conn: Conn) -> None:
        """Undo what was taken over from the live tables and must not come back, in the new ones."""


def same_kinds(decided: Sequence[EventData], group: Group) -> bool:
    """Return whether a decision said events of the kinds the log has, in that order."""
    return [type(one) for one in decided] == [type(one) for one in group.data]
