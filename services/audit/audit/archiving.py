"""The thread that archives: holds the archive, goes on where it ends, follows the log for ever."""

import contextlib
import functools
import math
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import structlog

from audit import archive
from audit.consuming import open_consumer
from audit.following import REASONS, Follower
from audit.resuming import AlreadyWritten, Place, Reached, held, reached, tidy
from audit.settings import AuditSettings
from audit.writing import SERVICE, Limits, OnWritten, Writer
from contracts.topics import ARCHIVED, Topic
from plumbing.kafka_security import FileWatch
from plumbing.logs import describe
from plumbing.metrics import ARCHIVE_AGE, ARCHIVE_LAG, ARCHIVE_REFUSED

log = structlog.get_logger()

RETRY_SECONDS = 1.0
#: A round that lasts longer hangs.
LONGEST_ROUND_SECONDS = 120.0

#: Called once the archive is held and tidy; returns what is called for every file written.
Open = Callable[[], OnWritten]


class Archiving:
    """Archives as long as `run` runs, in a thread; the rest may be asked from any other.

    `reached` is what the archive has, once `opened` is set. `stop` ends it: what was taken is
    written before, and then `closing` is called while the archive is still held.
    """

    def __init__(
        self,
        settings: AuditSettings,
        opening: Open,
        topics: Iterable[Topic] = ARCHIVED,
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings, self._opening, self._topics = settings, opening, tuple(topics)
        self._closing = closing
        self._root = settings.archive_folder
        self._trouble: str | None = "starting"
        self._beat = time.monotonic()
        self._follower: Follower | None = None
        self.reached: dict[Place, Reached] = {}
        self.opened, self.stop = threading.Event(), threading.Event()

    @property
    def trouble(self) -> str | None:
        """Return why not everything is archived, None when it is."""
        return self._trouble

    @property
    def hangs(self) -> str | None:
        """Return why it makes no progress, None when it does; opening may take its time."""
        if self._follower is None:
            return None
        lasted = time.monotonic() - self._beat
        return "archiving_hangs" if lasted > LONGEST_ROUND_SECONDS else None

    def lag(self, topic: str) -> int:
        """Return how many records are known to be on the log and are not lasting here."""
        return self._follower.lag(topic) if self._follower is not None else 0

    def run(self) -> None:
        """Archive until `stop` is set; raises NotAnArchive, and what a broken client raises."""
        while not self.stop.is_set():
            try:
                with held(self._root):
                    self._archive()
            except AlreadyWritten:
                if self._trouble != "archive_written_by_another":
                    log.error("archive_written_by_another")
                self._trouble = "archive_written_by_another"
                self.stop.wait(RETRY_SECONDS)

    def _archive(self) -> None:
        archive.create(self._root, self._settings.archive_origin)
        tidy(self._root)
        self.reached = reached(self._root)
        limits = Limits(
            self._settings.segment_records,
            self._settings.segment_bytes,
            self._settings.flush_seconds,
        )
        writer = Writer(self._root, self.reached, limits, self._opening())
        self.opened.set()
        log.info("archive_opened", count=sum(one.records for one in self.reached.values()))
        servers, security = self._settings.kafka_bootstrap_servers, self._settings.kafka_security
        watch = FileWatch(security)
        while not self.stop.is_set():
            connect = functools.partial(open_consumer, servers, security.librdkafka())
            follower = Follower(connect, self._topics, self.reached, writer)
            with contextlib.closing(follower):
                self._follow(follower, writer, watch.changed)
        self._is_written(writer, everything=True)
        self._closing()

    def _follow(self, follower: Follower, writer: Writer, renewed: Callable[[], bool]) -> None:
        while not self.stop.is_set() and not renewed() and not follower.deaf:
            self._beat, self._follower = time.monotonic(), follower
            # What the disk does not take waits in memory, and no more is read meanwhile.
            if self._is_written(writer):
                follower.round()
                self._trouble = follower.trouble
            else:
                self.stop.wait(RETRY_SECONDS)
            self._tell(follower)

    def _is_written(self, writer: Writer, *, everything: bool = False) -> bool:
        try:
            writer.write(everything=everything)
        except OSError as error:
            if self._trouble != "archive_not_written":
                log.error("archive_not_written", error=describe(error))
            self._trouble = "archive_not_written"
            return False
        return True

    def _tell(self, follower: Follower) -> None:
        for topic in self._topics:
            ARCHIVE_LAG.labels(SERVICE, topic.name).set(follower.lag(topic.name))
            known = [self.reached.get((topic.name, number)) for number in range(topic.partitions)]
            now = datetime.now(UTC)
            ages = [one.age_seconds(now) for one in known if one is not None and one.records]
            if ages:
                # A time nobody can believe must not make old what is behind look fresh.
                age = min((one for one in ages if one is not None), default=math.inf)
                ARCHIVE_AGE.labels(SERVICE, topic.name).set(age)
        refusals = follower.refusals
        for reason in REASONS:
            ARCHIVE_REFUSED.labels(SERVICE, reason).set(refusals[reason])
