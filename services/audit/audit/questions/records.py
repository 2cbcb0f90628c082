"""Which records of a dossier are its events: those its services would take, each once."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.envelope import GENESIS, MAX_EVENT_BYTES, Envelope, MalformedEvent, decode, sha256
from contracts.topics import WRITER_OF

LeftKind = Literal["not_an_event", "conflict", "chain_broken", "event_missing", "copy"]
#: So many places are named of each kind; the others are counted.
MOST_NAMED = 20


@dataclass(frozen=True, order=True)
class Place:
    """Where a record stands in the log."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """Return it as auditors write it: `dossier.intake.v1/3@17`."""
        return f"{self.topic}/{self.partition}@{self.offset}"


@dataclass(frozen=True)
class Raw:
    """A record as the archive has it; `logged_at` is the broker's time."""

    place: Place
    logged_at: datetime
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True)
class Said:
    """An event of a dossier, where it stands, and the hash of its exact bytes."""

    event: Envelope
    place: Place
    logged_at: datetime
    hash: str

    @property
    def chain(self) -> tuple[UUID, str]:
        """Return the chain it belongs to: a dossier and a producing service."""
        return self.event.dossierid, self.event.service


@dataclass
class Told:
    """What an answer does not stand on, by kind, the first places of each; copies are counted."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: LeftKind, place: Place) -> None:
        """Remember one more of a kind."""
        self.counts[kind] += 1
        if kind != "copy" and len(self.places[kind]) < MOST_NAMED:
            self.places[kind].append(place)


def said_in(record: Raw) -> Said | None:
    """Return the event in a record of a lifecycle topic, None where a service would take none.

    It is whole, of the topic's own writer, and its key is its dossier.
    """
    if record.value is None or len(record.value) > MAX_EVENT_BYTES:
        return None
    try:
        event = decode(record.value)
    except MalformedEvent:
        return None
    ours = event.service == WRITER_OF.get(record.place.topic)
    if not ours or record.key != str(event.dossierid).encode():
        return None
    return Said(event, record.place, record.logged_at, sha256(record.value))


def chosen(records: Iterable[Raw], told: Told) -> list[Said]:
    """Return the events of a dossier's records, each once; what is left out is told.

    Of several for one place in the chain the one that fits counts. What does not fit, and what
    follows it, is left out, as the services never applied it. After a gap the chain goes on with
    what is there: the archive may be cut where the log is not, and the gap is told.
    """
    slots: dict[tuple[UUID, str], dict[int, dict[str, Said]]] = defaultdict(dict)
    for record in records:
        said = said_in(record)
        if said is None:
            told.add("not_an_event", record.place)
        elif said.hash in (slot := slots[said.chain].setdefault(said.event.sequence, {})):
            told.add("copy", said.place)
        else:
            slot[said.hash] = said
    return [said for chain in slots.values() for said in _along(chain, told)]


def _along(chain: dict[int, dict[str, Said]], told: Told) -> list[Said]:
    taken: list[Said] = []
    reached, head, broken = 0, GENESIS, False
    for sequence in sorted(chain):
        candidates = list(chain[sequence].values())
        follows = sequence == reached + 1
        if not follows and not broken:
            told.add("event_missing", candidates[0].place)
        fitting = [one for one in candidates if not follows or one.event.prevhash == head]
        broken = broken or not fitting
        kept = None if broken else fitting[0]
        for one in candidates:
            if one is not kept:
                told.add("chain_broken" if broken else "conflict", one.place)
        if kept is not None:
            taken.append(kept)
            reached, head = sequence, kept.hash
    return taken
