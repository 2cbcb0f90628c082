"""Follows the log of a campaign, in which records come again and brokers are killed."""

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.envelope import MalformedEvent, decode, event_id
from contracts.topics import LIFECYCLE
from local_stack.following import Follower
from local_stack.status import Status
from local_stack.tracks import Track


class Once(Follower):
    """Takes every event once, however often it is read and by whom it is sent again."""

    def __init__(self, status: Status, tracks: list[Track]) -> None:
        super().__init__(status, tracks)
        self._taken: set[object] = set()

    async def start(self) -> None:
        """Connect; every topic is read from its begin."""
        # A client that loses its place behind a killed broker reads all again and misses nothing.
        self._consumer = AIOKafkaConsumer(
            **self._status.kafka_client(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise

    async def _read(self) -> None:
        places = {
            TopicPartition(topic.name, number)
            for topic in LIFECYCLE.values()
            for number in range(topic.partitions)
        }
        # A drill adds partitions while it follows; then all is read again.
        if self._consumer.assignment() != places:
            self._consumer.assign(list(places))
        await super()._read()

    def _see(self, value: bytes | None) -> None:
        try:
            event = decode(value or b"")
        except MalformedEvent:
            return
        # A forged event may carry a true dossier's reference, but no true id.
        true = event.id == event_id(event.dossierid, event.service, event.sequence)
        if true and event.id not in self._taken:
            self._taken.add(event.id)
            super()._see(value)
