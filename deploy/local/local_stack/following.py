"""Follows the event log and keeps, per sample dossier, where it stands."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.envelope import Envelope, MalformedEvent, decode
from contracts.events import (
    Accepted,
    CitizenNotified,
    NotificationAbandoned,
    PortalInformed,
    Registered,
    Returned,
    Submitted,
)
from contracts.topics import LIFECYCLE
from sandbox.samples import Sample


@dataclass
class Track:
    """One sample on its way; `steps` are what its citizen and portal must hear of."""

    sample: Sample
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: str = "sent"
    dossier_id: UUID | None = None
    code: str = ""
    unit_code: str = ""
    steps: list[str] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)
    informed: set[str] = field(default_factory=set)
    returned: str = ""
    reasons: tuple[str, ...] = ()
    number: str = ""
    book: str = ""
    submitted_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def decided(self) -> bool:
        """Return whether nothing more is decided about the dossier."""
        return self.state in ("registered", "returned", "refused")

    @property
    def ended(self) -> bool:
        """Return whether it is decided and everyone has heard of every step."""
        if self.state == "refused":
            return True
        everyone = set(self.steps)
        return self.decided and everyone == set(self.told) and everyone == self.informed

    @property
    def outcome(self) -> str:
        """Return what became of it, in the words of `Sample.expect`."""
        if self.state == "refused":
            return "rejected"
        return f"returned:{self.returned}" if self.state == "returned" else self.state


class Follower:
    """Reads the lifecycle topics from their present end, and moves the tracks along."""

    def __init__(self, bootstrap: str, tracks: list[Track]) -> None:
        self._bootstrap = bootstrap
        self._by_reference = {t.sample.submission.get("portal_reference"): t for t in tracks}
        self._by_dossier: dict[UUID, Track] = {}
        self._early: dict[UUID, list[Envelope]] = {}
        self.events = 0
        self.changed = asyncio.Event()

    async def start(self) -> None:
        """Connect and stand at the end of every topic, so that only what follows is seen."""
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, enable_auto_commit=False, auto_offset_reset="latest"
        )
        try:
            await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        places = [
            TopicPartition(topic.name, number)
            for topic in LIFECYCLE.values()
            for number in range(topic.partitions)
        ]
        self._consumer.assign(places)
        await self._consumer.seek_to_end(*places)

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            batches = await self._consumer.getmany(timeout_ms=200)
            for records in batches.values():
                for record in records:
                    self._see(record.value)
            if batches:
                self.changed.set()

    async def stop(self) -> None:
        """Disconnect."""
        await self._consumer.stop()

    def _see(self, value: bytes | None) -> None:
        try:
            event = decode(value or b"")
        except MalformedEvent:
            return
        self.events += 1
        if isinstance(event.data, Submitted):
            track = self._by_reference.get(event.data.portal_reference)
            if track is None:
                return
            self._by_dossier[event.dossierid] = track
            _move(track, event)
            for early in self._early.pop(event.dossierid, []):
                _move(track, early)
        elif event.dossierid in self._by_dossier:
            _move(self._by_dossier[event.dossierid], event)
        else:
            self._early.setdefault(event.dossierid, []).append(event)


def _move(track: Track, event: Envelope) -> None:
    data = event.data
    match data:
        case Submitted():
            track.dossier_id, track.code = event.dossierid, event.subject
            track.unit_code, track.submitted_at = data.unit_code, event.time
            _step(track, "submitted")
        case Accepted():
            _step(track, "accepted")
        case Returned():
            track.returned, track.reasons = data.kind, data.reasons
            track.ended_at = event.time
            _step(track, "returned")
        case Registered():
            track.number, track.book, track.ended_at = data.number, data.book, event.time
            _step(track, "registered")
        case CitizenNotified():
            track.told[data.step] = data.channel
        case NotificationAbandoned():
            track.told[data.step] = data.reason
        case PortalInformed():
            track.informed.add(data.step)


_RANK = ("sent", "submitted", "accepted", "returned", "registered")


def _step(track: Track, step: str) -> None:
    track.steps.append(step)
    # Topics are read side by side: a later step may be seen before an earlier one.
    if _RANK.index(step) > _RANK.index(track.state):
        track.state = step
