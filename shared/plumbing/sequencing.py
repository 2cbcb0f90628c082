"""Puts records in their dossier's order: duplicates drop, gaps park, the next one is applied."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from aiokafka import ConsumerRecord

from contracts.envelope import (
    GENESIS,
    MAX_EVENT_BYTES,
    Cause,
    Envelope,
    MalformedEvent,
    decode,
    sha256,
)
from contracts.topics import WRITER_OF
from plumbing.applying import Item

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
Key = tuple[UUID, str]
Slot = tuple[UUID, str, int]
Waiting = dict[Slot, dict[str, "Arrived"]]


@dataclass(frozen=True)
class Arrived:
    """A well-formed event and where it came from; `hash` is of its exact bytes."""

    event: Envelope
    hash: str
    body: bytes
    topic: str
    partition: int
    offset: int

    @property
    def key(self) -> Key:
        """Return what is in order among itself: a dossier and a producing service."""
        return self.event.dossierid, self.event.service

    @property
    def slot(self) -> Slot:
        """Return its place in that order."""
        return (*self.key, self.event.sequence)


@dataclass(frozen=True)
class Unreadable:
    """A record that is no event: why, and everything needed to look at it later.

    `ours`: it claims to be of the topic's own writer.
    """

    record: Record
    reason: str
    problems: str = "[]"
    ours: bool = False


@dataclass
class Cursor:
    """The last event applied of one dossier and service."""

    sequence: int = 0
    event_id: UUID | None = None
    hash: str = GENESIS


@dataclass
class Sorted:
    """What a batch comes to, once every record met its cursor; `cursors` are those that moved."""

    items: list[Item] = field(default_factory=list)
    cursors: dict[Key, Cursor] = field(default_factory=dict)
    parked: list[Arrived] = field(default_factory=list)
    conflicts: list[tuple[Arrived, str]] = field(default_factory=list)
    broken: list[Arrived] = field(default_factory=list)
    duplicates: int = 0


def claims_to_be_ours(record: Record) -> bool:
    """Return whether the record, which cannot be read, looks like its topic's own writer's.

    Then the fault is in a release, there or here; anything else is somebody's garbage.
    """
    try:
        document = json.loads(record.value or b"")
    except ValueError:
        return False
    if not isinstance(document, dict):
        return False
    writer = WRITER_OF.get(record.topic)
    named = writer is None or document.get("source") == f"/hotich/{writer}"
    return named and str(document.get("dossierid")).encode() == record.key


def read(record: Record) -> Arrived | Unreadable:
    """Return the event in a record of a lifecycle topic, or why there is none."""
    if record.value is None:
        return Unreadable(record, "tombstone")
    if len(record.value) > MAX_EVENT_BYTES:
        return Unreadable(record, "too_large")
    try:
        event = decode(record.value)
    except MalformedEvent as malformed:
        problems = json.dumps(malformed.problems[:20])
        return Unreadable(record, malformed.reason, problems, claims_to_be_ours(record))
    if event.service != WRITER_OF.get(record.topic):
        return Unreadable(record, "wrong_source_for_topic")
    if record.key != str(event.dossierid).encode():
        return Unreadable(record, "key_is_not_the_dossier")
    return Arrived(
        event, sha256(record.value), record.value, record.topic, record.partition, record.offset
    )


def sort(arrived: Sequence[Arrived], cursors: dict[Key, Cursor], waiting: Waiting) -> Sorted:
    """Decide for each record, in log order: duplicate, next or ahead.

    `waiting` holds by slot and hash what was parked before, for these dossiers. An event whose
    `prevhash` is not the hash of the one before it is `broken`: never applied, and what follows
    it stays parked. Of several for one slot, only the one that fits the chain is applied; the
    others are conflicts.
    """
    result = Sorted()
    ahead = {slot: dict(candidates) for slot, candidates in waiting.items()}
    for record in arrived:
        cursor = cursors.setdefault(record.key, Cursor())
        sequence = record.event.sequence
        if sequence <= cursor.sequence:
            result.duplicates += 1
            if sequence == cursor.sequence and record.hash != cursor.hash:
                result.conflicts.append((record, cursor.hash))
        elif sequence > cursor.sequence + 1:
            _park(result, ahead, record)
        elif record.event.prevhash != cursor.hash:
            result.broken.append(record)
        else:
            _advance(result, ahead, cursor, record)
    known = {(slot, digest) for slot, candidates in waiting.items() for digest in candidates}
    result.parked = [
        one
        for slot, candidates in ahead.items()
        for digest, one in candidates.items()
        if (slot, digest) not in known
    ]
    return result


def _park(result: Sorted, ahead: Waiting, record: Arrived) -> None:
    candidates = ahead.setdefault(record.slot, {})
    if record.hash in candidates:
        result.duplicates += 1
        return
    if candidates:
        result.conflicts.append((record, next(iter(candidates))))
    candidates[record.hash] = record


def _advance(result: Sorted, ahead: Waiting, cursor: Cursor, first: Arrived) -> None:
    record: Arrived | None = first
    while record is not None:
        cursor.sequence, cursor.event_id = record.event.sequence, record.event.id
        cursor.hash = record.hash
        result.cursors[record.key] = cursor
        rivals = ahead.pop(record.slot, {})
        result.conflicts += [
            (rival, record.hash) for digest, rival in rivals.items() if digest != record.hash
        ]
        cause = Cause(str(record.event.id), record.hash, record.event.traceparent)
        result.items.append(Item(record.event.dossierid, record.event, cause))
        candidates = ahead.get((*record.key, cursor.sequence + 1), {})
        record = next((c for c in candidates.values() if c.event.prevhash == cursor.hash), None)
