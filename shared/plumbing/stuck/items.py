"""The names of what may be stuck: `routing/parked/<dossier>/intake`, one name for each thing."""

from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, TypeAlias
from uuid import UUID

from plumbing.database import Conn

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnknownItem(Exception):
    """A name of nothing that this service could have."""


@dataclass(frozen=True)
class EffectItem:
    """A call to the outside."""

    sort: ClassVar[str] = "effect"
    effect_id: UUID


@dataclass(frozen=True)
class ParkedItem:
    """What waits, of one dossier and producer, for an event that has not come."""

    sort: ClassVar[str] = "parked"
    dossier_id: UUID
    source: str


@dataclass(frozen=True)
class LetterItem:
    """A dead letter by its coordinates; `at` in microseconds since 1970."""

    sort: ClassVar[str] = "dead_letter"
    topic: str
    partition: int
    offset: int
    at: int

    @property
    def instant(self) -> datetime:
        """Return when it was written, to the microsecond."""
        return _EPOCH + timedelta(microseconds=self.at)


@dataclass(frozen=True)
class ConflictItem:
    """The same sequence said twice, with other bytes."""

    sort: ClassVar[str] = "conflict"
    number: int


@dataclass(frozen=True)
class SentItem:
    """Events of a dossier that this service published: what another one misses, inclusive."""

    sort: ClassVar[str] = "sent"
    dossier_id: UUID
    first: int
    last: int


Item: TypeAlias = EffectItem | ParkedItem | LetterItem | ConflictItem | SentItem


def name_of(service: str, item: Item) -> str:
    """Return the one name of the item."""
    return "/".join(map(str, (service, item.sort, *astuple(item))))


def micros(at: datetime) -> int:
    """Return the instant in microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def _int4(text: str) -> int:
    return _int8(text, 31)


def _int8(text: str, bits: int = 63) -> int:
    number = int(text)
    if not 0 <= number < 2**bits:
        raise ValueError
    return number


def read_name(service: str, name: str) -> Item:
    """Return the item of this service that has the name; raises UnknownItem.

    Numbers and ids are read as they may be written; `name_of` gives the one name of the item.
    """
    if not name.isprintable():
        raise UnknownItem
    try:
        match name.split("/"):
            case [of, "effect", effect_id] if of == service:
                return EffectItem(UUID(effect_id))
            case [of, "parked", dossier_id, source] if of == service:
                return ParkedItem(UUID(dossier_id), source)
            case [of, "dead_letter", topic, partition, offset, at] if of == service:
                letter = LetterItem(topic, _int4(partition), _int8(offset), _int8(at))
                assert letter.instant
                return letter
            case [of, "conflict", number] if of == service:
                return ConflictItem(_int8(number))
            case [of, "sent", dossier_id, first, last] if of == service:
                return SentItem(UUID(dossier_id), _int4(first), _int4(last))
    except (ValueError, OverflowError):
        pass
    raise UnknownItem(name)


async def dossier_of(conn: Conn, item: Item) -> UUID | None:
    """Return whose dossier the item is of; None when it is of none or there is no such item."""
    match item:
        case EffectItem(effect_id):
            sql, values = "SELECT dossier_id FROM effect WHERE effect_id = $1", (effect_id,)
            found: UUID | None = await conn.fetchval(sql, *values)
        case LetterItem(topic, partition, offset):
            found = await conn.fetchval(
                "SELECT dossier_id FROM dead_letter"
                " WHERE topic = $1 AND part = $2 AND off = $3 AND at = $4",
                *(topic, partition, offset, item.instant),
            )
        case ConflictItem(number):
            found = await conn.fetchval("SELECT dossier_id FROM conflict WHERE id = $1", number)
        case ParkedItem(dossier_id) | SentItem(dossier_id):
            found = dossier_id
    return found
