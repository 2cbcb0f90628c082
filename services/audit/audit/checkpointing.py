"""Checkpointing: rounds of checkpoints, on the log and time-stamped too, beside the archiving.

The archiving only tells what it has written; nothing here makes it wait.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import structlog
from confluent_kafka import Producer

from audit.archive import Unreadable
from audit.checkpoints import TIMESTAMPS, Ledger
from audit.frontiers import Frontiers, Place
from audit.kafka_reading import BrokerAway
from audit.looking_back import Published, look_back
from audit.notes import is_note
from audit.proof_settings import ProofSettings
from audit.publishing import Producer as Publishing
from audit.publishing import Publisher
from audit.rounds import Made, Rounds
from audit.signing import BadKeys
from audit.timestamps import NotStamped, Stamper, asking
from audit.writing import SERVICE
from contracts.topics import ARCHIVED, Topic
from plumbing.logs import describe
from plumbing.metrics import (
    ARCHIVE_DIFFERS,
    CHECKPOINTS_OVERDUE,
    CHECKPOINTS_WAITING,
    TIMESTAMPS_FAILING,
)

log = structlog.get_logger()

TICK_SECONDS = 0.2
RETRY_SECONDS = 5.0
#: So long an end waits for Kafka to take the last checkpoints; a later start sends them else.
LAST_SECONDS = 3.0


def open_producer(servers: str, settings: Mapping[str, str]) -> Producer:
    """Return a producer that loses nothing it was given and keeps its order while it runs."""
    ours: dict[str, Any] = {
        "bootstrap.servers": servers,
        "client.id": "audit",
        "enable.idempotence": True,
        "message.timeout.ms": 60_000,
        "reconnect.backoff.max.ms": 1_000,
        "allow.auto.create.topics": False,
    }
    return Producer({**settings, **ours}, logger=logging.getLogger("librdkafka"))


def now() -> datetime:
    """Return the moment, aware."""
    return datetime.now(UTC)


class Checkpointing:
    """Signs, publishes and time-stamps checkpoints: `run`, in a thread of its own, until `stop`.

    Raises BadKeys when the keys cannot be used.
    """

    def __init__(
        self,
        root: Path,
        origin: str,
        settings: ProofSettings,
        producer: Callable[[], Publishing],
        topics: Iterable[Topic] = ARCHIVED,
        clock: Callable[[], datetime] = now,
        published: Published | None = None,
        renewed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._root, self._origin, self._producer = root, origin, producer
        self._places = [(topic.name, n) for topic in topics for n in range(topic.partitions)]
        self._keys, self._pause = settings.keys(), settings.checkpoint_minutes * 60
        self._frontiers = Frontiers(root)
        self._rounds = Rounds(root, origin, self._keys, self._frontiers, clock)
        self._stamper = _stamper(root, settings)
        self._publisher: Publisher | None = None
        #: Whether the producer's files are others, so that another has to take its place.
        self._renewed = renewed
        #: What was published and is not in the archive is looked for once, before anything is.
        self._published = published
        #: When a round is due and when it is tried, by the monotonic clock; not due without keys.
        self._due: float | None = None
        self._next = float("-inf")
        #: Places where what was published does not follow from the archive's own.
        self._forked: set[Place] = set()
        self._ended = False
        self.opened, self.stop = threading.Event(), threading.Event()

    def open(self) -> Callable[[str, int, int, int, pa.Table], None]:
        """Begin with what the archive has; return what is to be called for every file written.

        To be called by who holds the archive. With keys that do not fit the archive's, or when
        its list of them is damaged, nothing is signed, which is told; the archiving goes on.
        """
        if not self._keys.keys:
            log.warning("checkpoints_not_signed", reason="no_keys")
            return lambda *_: None
        self._due = time.monotonic()
        try:
            self._keys.make_known(self._root, self._origin)
        except (BadKeys, Unreadable) as error:
            log.error("keys_not_usable", reason=str(error))
            return lambda *_: None
        self._rounds.open(self._places)
        self._publisher = Publisher(self._root, self._producer())
        self._publisher.open(self._places)
        if self._stamper is not None:
            self._stamper.add(self._not_stamped())
        self.opened.set()
        return self.written

    def written(
        self, topic: str, partition: int, _first: int, _count: int, records: pa.Table
    ) -> None:
        """Take the records of a file that is lasting."""
        self._frontiers.grow((topic, partition), records)

    def differing(self) -> list[Place]:
        """Return the places whose archive is not what was signed before; they are not signed."""
        return self._frontiers.differing()

    def run(self) -> None:
        """Sign a round now and then, and publish, until `stop` is set."""
        if self._stamper is not None:
            threading.Thread(target=self._stamper.run, name="timestamps", daemon=True).start()
        while not self.stop.wait(TICK_SECONDS):
            self._tell()
            if not self.opened.is_set():
                continue
            try:
                if time.monotonic() >= self._next:
                    self._round()
                self._publish()
            except OSError as error:
                # A full disk: what was signed so far is in the archive, the rest comes later.
                log.error("checkpoints_not_written", error=describe(error))
                self._next = time.monotonic() + RETRY_SECONDS
            except BrokerAway as error:
                log.warning("published_not_read", reason=str(error))
                self._next = time.monotonic() + RETRY_SECONDS
        if self._stamper is not None:
            self._stamper.stop.set()
        self._ended = True

    def end(self) -> None:
        """Sign what was archived last, and give Kafka some seconds to take it.

        To be called by who holds the archive, once `run` has returned and nothing is archived any
        more. Signs nothing that could contradict what was published and not read yet.
        """
        if not self._ended or not self.opened.is_set() or self._published is not None:
            return
        try:
            self._round()
            self._publish()
            give_up = time.monotonic() + LAST_SECONDS
            while self._publisher is not None and self._publisher.waiting:
                if time.monotonic() > give_up:
                    break
                time.sleep(TICK_SECONDS / 10)
                self._publish()
        except OSError as error:
            log.error("checkpoints_not_written", error=describe(error))

    def _round(self) -> None:
        self._next = time.monotonic() + self._pause
        self._look_back()
        self._take(self._rounds.round())
        if not self._rounds.lacks_key:
            self._due = self._next

    def _tell(self) -> None:
        overdue = 0.0 if self._due is None else time.monotonic() - self._due
        CHECKPOINTS_OVERDUE.labels(SERVICE).set(max(0.0, overdue))
        ARCHIVE_DIFFERS.labels(SERVICE).set(len({*self.differing(), *self._forked}))
        if self._publisher is not None:
            CHECKPOINTS_WAITING.labels(SERVICE).set(self._publisher.waiting)
        if self._stamper is not None:
            TIMESTAMPS_FAILING.labels(SERVICE).set(self._stamper.failing_seconds)

    def _look_back(self) -> None:
        """Go on from what was published, if an older copy of the archive was put back."""
        if self._published is None:
            return
        keys = Ledger(self._root).keys()
        for one in look_back(self._root, self._origin, self._places, keys, self._published):
            self._rounds.go_on_from(one.place, one.newest)
            if one.newest is None:
                self._forked.add(one.place)
            # Once more does no harm, and what was published counts the archive's lines.
            self._take(Made(one.place, note) for note in one.added)
        self._published = None

    def _take(self, made: Iterable[Made]) -> None:
        made = list(made)
        if self._publisher is not None:
            self._publisher.add(made)
        if self._stamper is not None:
            self._stamper.add(made)

    def _not_stamped(self) -> list[Made]:
        """Return the newest checkpoint of each place that has no time stamp."""
        ledger = Ledger(self._root)
        newest = [Made(place, ledger.last(*place) or "") for place in self._places]
        return [
            made
            for made in newest
            if is_note(made.note) and not (self._root / TIMESTAMPS / f"{made.digest}.tsr").exists()
        ]

    def _publish(self) -> None:
        if self._publisher is not None:
            if self._renewed() or self._publisher.wants_another:
                self._publisher.exchange(self._producer())
            self._publisher.publish()


def _stamper(root: Path, settings: ProofSettings) -> Stamper | None:
    if not settings.tsa_url:
        return None

    def certificate() -> bytes:
        if settings.tsa_certificate is None:
            raise NotStamped("no root certificate is named")
        return settings.tsa_certificate.read_bytes()

    overdue = settings.tsa_overdue_minutes * 60
    return Stamper(root, asking(settings.tsa_url), certificate, overdue)
