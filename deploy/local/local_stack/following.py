"""Follows the event log and moves the sample dossiers along."""

import asyncio
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.envelope import Envelope, MalformedEvent, decode
from contracts.events import Submitted
from contracts.topics import LIFECYCLE
from local_stack.status import Status
from local_stack.tracks import Track


class Follower:
    """Reads the lifecycle topics from their present end, and moves the tracks along."""

    def __init__(self, status: Status, tracks: list[Track]) -> None:
        self._status = status
        self._by_reference = {t.sample.submission.get("portal_reference"): t for t in tracks}
        self._by_dossier: dict[UUID, Track] = {}
        self._early: dict[UUID, list[Envelope]] = {}
        self.events = 0
        self.changed = asyncio.Event()

    async def start(self) -> None:
        """Connect and stand at the end of every topic, so that only what follows is seen."""
        self._consumer = AIOKafkaConsumer(
            **self._status.kafka_client(), enable_auto_commit=False, auto_offset_reset="latest"
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
            await self._read()

    async def stop(self) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def _read(self) -> None:
        batches = await self._consumer.getmany(timeout_ms=200)
        for records in batches.values():
            for record in records:
                self._see(record.value)
        if batches:
            self.changed.set()

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
            track.see(event)
            for early in self._early.pop(event.dossierid, []):
                track.see(early)
        elif event.dossierid in self._by_dossier:
            self._by_dossier[event.dossierid].see(event)
        else:
            self._early.setdefault(event.dossierid, []).append(event)
