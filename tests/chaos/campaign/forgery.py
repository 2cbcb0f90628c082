"""What may become of a forged record at a reader, told from its bytes and the true log alone."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from contracts.envelope import MAX_EVENT_BYTES, MalformedEvent, decode
from contracts.topics import LIFECYCLE, PARTICULARS, SUBMISSIONS
from tests.chaos.campaign.course import Place
from tests.chaos.campaign.dump import Record
from tests.chaos.campaign.said import GENESIS, Key, Log, NotAnEvent, Said, read

#: A reader buries it, keeps it waiting, notes a clash, drops it as known, or takes it for true.
DEAD, PARKED, CLASH, DROPPED, APPLIED = "dead", "parked", "clash", "dropped", "applied"

_SIGNED = ("portal", "webhook-id", "webhook-timestamp", "webhook-signature")
_DEAD = frozenset({DEAD})
_LIFECYCLE = frozenset(topic.name for topic in LIFECYCLE.values())


@dataclass
class Forgeries:
    """By place what each forged record may have become; those that are events, by chain.

    `phantoms` are dossiers nobody submitted and a forged event began.
    """

    fates: dict[Place, frozenset[str]] = field(default_factory=dict)
    events: dict[Key, list[Said]] = field(default_factory=dict)
    phantoms: set[str] = field(default_factory=set)

    @property
    def hashes(self) -> set[str]:
        """Return the hashes of all forged events."""
        return {one.hash for chain in self.events.values() for one in chain}


def read_forgeries(
    topics: Mapping[str, Iterable[Record]], forged: frozenset[Place], log: Log
) -> Forgeries:
    """Return what may have become of every forged record that lies on its topic."""
    found = Forgeries()
    for topic in sorted({place.topic for place in forged} & topics.keys()):
        true: set[bytes] = set()
        records = []
        for record in topics[topic]:
            if record.place in forged:
                records.append(record)
            elif topic not in _LIFECYCLE:
                true.add(_digest(record))
        for record in records:
            found.fates[record.place] = _fate(record, true, log, found)
    return found


def _fate(record: Record, true: set[bytes], log: Log, found: Forgeries) -> frozenset[str]:
    topic = record.place.topic
    if topic in _LIFECYCLE:
        return _of_event(record, log, found)
    if topic == PARTICULARS.name and record.value is None:
        return frozenset({DEAD}) if not _is_uuid(record.key) else frozenset({APPLIED, DROPPED})
    is_copy = _digest(record) in true
    if topic == SUBMISSIONS.name:
        return frozenset({DROPPED}) if is_copy and _is_signed(record) else _DEAD
    return frozenset({DROPPED}) if is_copy else _DEAD


def _of_event(record: Record, log: Log, found: Forgeries) -> frozenset[str]:
    if record.value is None or len(record.value) > MAX_EVENT_BYTES:
        return _DEAD
    try:
        decode(record.value)
        said = read(record)
    except (MalformedEvent, NotAnEvent):
        return _DEAD
    found.events.setdefault(said.key, []).append(said)
    chain = log.of(*said.key)
    if not log.of(said.dossier, "intake"):
        found.phantoms.add(said.dossier)
    if said.sequence <= len(chain):
        return _beside(said, chain)
    return _beyond(said, chain)


def _beside(said: Said, chain: list[Said]) -> frozenset[str]:
    """Return the fates of a record with the sequence of a true event."""
    if chain[said.sequence - 1].hash == said.hash:
        return frozenset({DROPPED})
    fits = said.prevhash == chain[said.sequence - 1].prevhash
    return frozenset({DROPPED, CLASH, APPLIED if fits else DEAD})


def _beyond(said: Said, chain: list[Said]) -> frozenset[str]:
    """Return the fates of a record behind the last true event of its chain."""
    if said.sequence > len(chain) + 1:
        return frozenset({PARKED, CLASH})
    head = chain[-1].hash if chain else GENESIS
    if said.prevhash == head:
        return frozenset({APPLIED})
    return frozenset({DEAD, PARKED}) if chain else _DEAD


def _digest(record: Record) -> bytes:
    return hashlib.sha256((record.key or b"") + b"\0" + (record.value or b"")).digest()


def _is_signed(record: Record) -> bool:
    given = [(name, value) for name, value in record.headers if name in _SIGNED and value]
    try:
        return sorted(name for name, value in given if value.decode()) == sorted(_SIGNED)
    except UnicodeDecodeError:
        return False


def _is_uuid(key: bytes | None) -> bool:
    text = json.dumps((key or b"").decode(errors="replace"))
    return len(text) == 38 and text.count("-") == 4
