"""Follows the log to its end and on, in no group: where to go on is said by the archive alone."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from audit.archive import day_of
from audit.consuming import OnError, record_of
from audit.followed import Followed
from audit.resuming import Place, Reached
from audit.writing import Writer
from contracts.topics import Topic

log = structlog.get_logger()

#: Why a topic-partition is not archived.
REASONS = (
    "archive_behind_log_start",
    "log_shorter_than_archive",
    "log_differs_from_archive",
    "record_unreadable",
    "segment_unreadable",
)
#: What was found in the records stays so until a new start looks again.
_FOR_GOOD = ("log_differs_from_archive", "record_unreadable")
BATCH = 5_000
POLL_SECONDS = 0.2
ASK_SECONDS = 5.0
LOOK_SECONDS, SLOW_LOOK_SECONDS = 1.0, 10.0

_AWAY = (
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError._RESOLVE,
)


class Follower:
    """Reads what the archive does not have yet; a topic-partition that does not fit is refused.

    It is looked at again and again: one whose offsets fit later is read on. `deaf` says that the
    client brings no more of a topic-partition though the broker has more: another one is needed.
    """

    def __init__(
        self,
        connect: Callable[[OnError], Consumer],
        topics: Iterable[Topic],
        reached: Mapping[Place, Reached],
        writer: Writer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer, self._reached, self._writer = connect(self._hear), reached, writer
        self._clock = clock
        places = [(topic.name, number) for topic in topics for number in range(topic.partitions)]
        self.followed = {place: Followed(place) for place in places}
        self.away = self.deaf = False
        self._looked_at = self._looked_slowly_at = float("-inf")

    @property
    def trouble(self) -> str | None:
        """Return why not everything is followed, None when it is."""
        for one in self.followed.values():
            if one.refused:
                return f"{one.refused} {one.place[0]}/{one.place[1]}"
        if self.away:
            return "kafka_away"
        missing = [one.place for one in self.followed.values() if not one.reading]
        return f"topic_missing {missing[0][0]}/{missing[0][1]}" if missing else None

    @property
    def refusals(self) -> Counter[str]:
        """Return how many topic-partitions are refused, by reason."""
        return Counter(one.refused for one in self.followed.values() if one.refused)

    def lag(self, topic: str) -> int:
        """Return how many records are on the log and not lasting in the archive."""
        lag = 0
        for one in self.followed.values():
            if one.place[0] == topic:
                known = self._reached.get(one.place)
                kept = known.next_offset if known is not None else 0
                lag += max(0, one.end - one.read_to)
                lag += max(0, self._writer.position(one.place) - kept)
        return lag

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()

    def round(self) -> None:
        """Take what has come, waiting a moment for it; raises KafkaException for a broken client.

        A broker that is away is waited for.
        """
        self._look()
        for message in self._consumer.consume(BATCH, POLL_SECONDS):
            if (error := message.error()) is not None:
                self._on_error(message, error)
            else:
                self.away = False
                self._on_message(message)
        for one in self.followed.values():
            if one.reading:
                place = TopicPartition(*one.place)
                _, end = self._consumer.get_watermark_offsets(place, cached=True)
                one.end = max(one.end, end)

    def _look(self) -> None:
        """Compare log and archive where it is time to, and read on what fits."""
        now = self._clock()
        everything = now - self._looked_slowly_at >= SLOW_LOOK_SECONDS
        some = self.away or any(
            one.suspected or one.stands or not one.reading for one in self.followed.values()
        )
        if not everything and (not some or now - self._looked_at < LOOK_SECONDS):
            return
        self._looked_at = now
        try:
            known = self._consumer.list_topics(timeout=ASK_SECONDS).topics
            for one in self.followed.values():
                found = known.get(one.place[0])
                if found is not None and one.place[1] in found.partitions:
                    self._compare(one)
        except KafkaException as error:
            self._not_reached(error.args[0])
            return
        self.away = False
        if everything:
            self._looked_slowly_at = now

    def _compare(self, one: Followed) -> None:
        topic, partition = one.place
        start, end = self._consumer.get_watermark_offsets(
            TopicPartition(topic, partition), timeout=ASK_SECONDS
        )
        one.end = end
        position = self._writer.position(one.place)
        reason = self._mismatch(one, start, end, position)
        # A log that is too short may be that of a leader that does not know all yet.
        if reason == "log_shorter_than_archive" and one.suspected != reason:
            one.suspected = reason
            return
        one.suspected = ""
        if reason:
            self._refuse(one, reason, expected=position, found=start if start > position else end)
        elif not one.reading and one.refused not in _FOR_GOOD:
            self._read(one, position)
        elif one.is_silent(self._clock()):
            log.warning("client_hears_nothing", topic=topic, partition=partition, expected=end)
            self.deaf = True

    def _mismatch(self, one: Followed, start: int, end: int, position: int) -> str:
        known = self._reached.get(one.place)
        if known is not None and known.unreadable:
            return "segment_unreadable"
        if start > position:
            return "archive_behind_log_start"
        return "log_shorter_than_archive" if end < position else ""

    def _read(self, one: Followed, position: int) -> None:
        known = self._reached.get(one.place)
        one.expected = known.last if known is not None and known.next_offset == position else None
        begin = one.expected.offset if one.expected is not None else position
        self._consumer.incremental_assign([TopicPartition(*one.place, begin)])
        if one.refused:
            log.info("partition_archived_again", topic=one.place[0], partition=one.place[1])
        one.reading, one.refused, one.read_to = True, "", position

    def _on_message(self, message: Message) -> None:
        one = self.followed[str(message.topic()), int(message.partition() or 0)]
        if not one.reading:
            return
        try:
            record = record_of(message)
            day_of(record.timestamp_ms)
        except (ValueError, OverflowError, OSError):  # a name that is no text, or no such day
            self._refuse(one, "record_unreadable", found=message.offset())
            return
        if one.expected is not None:
            expected, one.expected = one.expected, None
            if record != expected:
                self._refuse(
                    one, "log_differs_from_archive", expected=expected.offset, found=record.offset
                )
            return
        self._writer.take(one.place, record)
        one.read_to = record.offset + 1

    def _on_error(self, message: Message, error: KafkaError) -> None:
        if error.fatal():
            raise KafkaException(error)
        one = self.followed.get((str(message.topic()), int(message.partition() or 0)))
        if one is None or error.code() in _AWAY:
            self._not_reached(error)
        elif error.code() == KafkaError._PARTITION_EOF:
            self.away = False
            one.read_to = max(one.read_to, int(message.offset() or 0))
        elif one.reading:
            # The topic is gone or was cut: whether what is there now fits is looked at anew.
            log.warning(
                "partition_not_read",
                topic=one.place[0],
                partition=one.place[1],
                reason=error.name(),
            )
            self._let_go(one)

    def _hear(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._not_reached(error)

    def _not_reached(self, error: KafkaError) -> None:
        if not self.away:
            log.warning("kafka_away", reason=error.name())
        self.away = True

    def _refuse(
        self, one: Followed, reason: str, *, expected: int | None = None, found: int | None = None
    ) -> None:
        if one.refused != reason:
            log.error(
                "partition_not_archived",
                topic=one.place[0],
                partition=one.place[1],
                reason=reason,
                expected=expected,
                found=found,
            )
        one.refused = reason
        self._let_go(one)

    def _let_go(self, one: Followed) -> None:
        if one.reading:
            self._consumer.incremental_unassign([TopicPartition(*one.place)])
        one.reading = False
