"""What a rule gets and what it gives back: plain values, decided without any input or output."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar
from uuid import UUID

from contracts.events import EventData
from contracts.particulars import Particulars
from reference import Reference


class State(Protocol):
    """What a service remembers of one dossier; frozen, replaced and never changed."""

    @property
    def dossier_id(self) -> UUID: ...


S = TypeVar("S", bound=State)


@dataclass(frozen=True)
class Effect:
    """A call to the outside that must happen once.

    `kind` is unique per dossier (`sms:accepted`); its part before the colon names the executor's
    call. Effects of one dossier and one `lane` happen one after the other, in order.
    `request` is kept and sent byte for byte. `turn` is who has equal turns with the others when
    much waits for the same neighbour: a province at the register, a portal.
    """

    kind: str
    lane: str
    request: bytes
    turn: str = ""


@dataclass(frozen=True)
class Decision(Generic[S]):
    """The new state, the events to publish and the effects to bring about."""

    state: S
    events: tuple[EventData, ...] = ()
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class Refused:
    """A legal no: the act is not allowed now, these are."""

    allowed: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Context:
    """The instant of the decision (aware) and the reference data."""

    now: datetime
    reference: Reference


@dataclass(frozen=True)
class ParticularsArrived:
    """A version of the personal data came in, newer than any seen before."""

    dossier_id: UUID
    version: int
    sha256: str
    particulars: Particulars


@dataclass(frozen=True)
class ParticularsErased:
    """The personal data was erased; nothing of it may be kept."""

    dossier_id: UUID


#: The reason of a `no` that no outside gave: two people gave the effect up for good.
DISCARDED = "discarded"


@dataclass(frozen=True)
class Answered:
    """The outside gave a final answer to an effect: `done`, or a business `no`.

    Or people did, with the reason DISCARDED.
    """

    kind: str
    outcome: Literal["done", "no"]
    reason: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class InDoubt:
    """An effect got no answer; whether it happened is not known. Said once per effect.

    `final`: it cannot be found out by asking; it is never repeated by itself.
    """

    kind: str
    attempt: int
    since: datetime
    final: bool = False
