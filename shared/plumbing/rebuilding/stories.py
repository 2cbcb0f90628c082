"""What a service heard of one dossier and what it said of it, read from the log's records."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from contracts.decision import ParticularsArrived, ParticularsErased
from contracts.envelope import Cause, Envelope, MalformedEvent, decode, sha256
from contracts.particulars import Particulars, ParticularsRecord
from contracts.topics import PARTICULARS as PARTICULARS_TOPIC
from contracts.topics import WRITER_OF
from plumbing.accesses.opening import Opening
from plumbing.inlets import ERASED, PARTICULARS
from plumbing.rebuilding.spooling import LogRecord
from plumbing.sealing import Sealed, Unsealable, particulars_purpose
from plumbing.sequencing import Arrived, Cursor, sort


@dataclass(frozen=True)
class Heard:
    """A message from a topic: its number in its source, what it is as a cause, and where it stood.

    `at` is the broker's time.
    """

    source: str
    number: int
    message: Any
    cause: Cause
    at: datetime
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class Said:
    """An event the service published, and the hash of its exact bytes."""

    event: Envelope
    hash: str


@dataclass(frozen=True)
class Group:
    """What one decision said: events with one cause and one moment, in order."""

    said: tuple[Said, ...]

    @property
    def cause(self) -> Cause:
        """Return what led to it."""
        first = self.said[0].event
        return Cause(first.causeid, first.causehash, first.traceparent)

    @property
    def time(self) -> datetime:
        """Return the moment it was decided."""
        return self.said[0].event.time

    @property
    def data(self) -> tuple[Any, ...]:
        """Return what the events say."""
        return tuple(one.event.data for one in self.said)


@dataclass
class Story:
    """All of one dossier: streams of what was heard by source, and the decisions in order.

    `parked` came before their predecessor; `strange` counts records that are no event that fits.
    `unopened` are places (topic, partition, offset) of personal data the keys do not open, of
    versions above any that they do.
    """

    dossier_id: UUID
    streams: dict[str, tuple[Heard, ...]] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    parked: tuple[Arrived, ...] = ()
    strange: int = 0
    subject: str = ""
    unopened: tuple[tuple[str, int, int], ...] = ()


def read_story(
    service: str, key: bytes, records: Iterable[LogRecord], access: Opening | None
) -> Story | None:
    """Return the story of the dossier with that key, None if it is no dossier's.

    Without `access` personal data are left out, but not that they were erased.
    """
    try:
        story = Story(UUID(key.decode("ascii")))
    except ValueError:
        return None
    arrived: list[Arrived] = []
    at: dict[tuple[str, int, int], datetime] = {}
    data: dict[int, Heard] = {}
    closed: list[tuple[int, tuple[str, int, int]]] = []
    for record in records:
        moment = datetime.fromtimestamp(record.at_ms / 1000, UTC)
        if record.topic == PARTICULARS_TOPIC.name:
            heard = _particulars(record, story.dossier_id, moment, access)
            if isinstance(heard, Heard):
                data.setdefault(heard.number, heard)
            elif access is not None:
                story.strange += 1
            if isinstance(heard, int):
                closed.append((heard, (record.topic, record.partition, record.offset)))
            continue
        one = _event(record, key)
        if one is None:
            story.strange += 1
            continue
        arrived.append(one)
        at[one.topic, one.partition, one.offset] = moment
    _in_order(story, service, arrived, at)
    story.unopened = tuple(place for version, place in closed if version > max(data, default=0))
    if data:
        story.streams[PARTICULARS] = tuple(data[number] for number in sorted(data))
    return story


def _event(record: LogRecord, key: bytes) -> Arrived | None:
    try:
        event = decode(record.value or b"")
    except MalformedEvent:
        return None
    if event.service != WRITER_OF.get(record.topic) or str(event.dossierid).encode() != key:
        return None
    body = record.value or b""
    return Arrived(event, sha256(body), body, record.topic, record.partition, record.offset)


def _in_order(
    story: Story,
    service: str,
    arrived: Sequence[Arrived],
    at: dict[tuple[str, int, int], datetime],
) -> None:
    """Put the events in the order of their chains; copies drop, what does not fit is strange."""
    cursors: dict[tuple[UUID, str], Cursor] = {}
    result = sort(arrived, cursors, {})
    places = {one.hash: one for one in arrived}
    own: list[Said] = []
    streams: dict[str, list[Heard]] = {}
    for item in result.items:
        event = item.message
        assert isinstance(event, Envelope)
        one = places[item.cause.hash]
        if event.service == service:
            own.append(Said(event, one.hash))
            continue
        place = one.topic, one.partition, one.offset
        heard = Heard(event.service, event.sequence, event, item.cause, at[place], *place)
        streams.setdefault(event.service, []).append(heard)
    story.streams |= {source: tuple(stream) for source, stream in streams.items()}
    story.groups = tuple(Group(tuple(same)) for _, same in groupby(own, key=_decision))
    story.parked = tuple(one for one in result.parked if one.event.service != service)
    story.strange += len(result.broken) + len(result.conflicts)
    story.strange += sum(one.event.service == service for one in result.parked)
    story.subject = next((one.event.subject for one in arrived), "")


def _decision(said: Said) -> tuple[str, str, datetime]:
    event = said.event
    return event.causeid, event.causehash, event.time


def _particulars(
    record: LogRecord, dossier_id: UUID, at: datetime, access: Opening | None
) -> Heard | int | None:
    """Return what was heard, the version when it does not open, None when it is none."""
    place = record.topic, record.partition, record.offset
    if record.value is None:
        cause = Cause(f"{PARTICULARS}:{ERASED}", sha256(b""))
        return Heard(PARTICULARS, ERASED, ParticularsErased(dossier_id), cause, at, *place)
    if access is None:
        return None
    try:
        sealed = ParticularsRecord.model_validate_json(record.value)
        if sealed.dossierid != dossier_id:
            return None
        purpose = particulars_purpose(dossier_id, sealed.version)
        whole = Sealed(sealed.kid, sealed.nonce, sealed.ciphertext)
        plain = access.open(dossier_id, whole, purpose)
        particulars = Particulars.model_validate_json(plain)
    except Unsealable:
        return sealed.version
    except (ValidationError, json.JSONDecodeError):
        return None
    digest = sha256(sealed.ciphertext)
    message = ParticularsArrived(dossier_id, sealed.version, digest, particulars)
    cause = Cause(f"{PARTICULARS}:{sealed.version}", digest)
    return Heard(PARTICULARS, sealed.version, message, cause, at, *place)
