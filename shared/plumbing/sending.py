"""Sends a turn of the outbox, and remembers which topics and keys to leave out for a while."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from contracts.envelope import CONTENT_TYPE
from contracts.topics import PARTICULARS

log = structlog.get_logger()

BEGIN_SECONDS = 5.0
SEND_SECONDS = 30.0
SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 60.0
FORGET_SECONDS = 600.0
TELL_SECONDS = 60.0
#: More failing keys than this are a failing topic: while some of its rows pass, and while none do.
KEYS_BESIDE_GOOD, KEYS_ALONE = 5000, 1000
_EVENT = [("content-type", CONTENT_TYPE.encode())]
#: Personal data is one sealed document, no event.
_HEADERS = {PARTICULARS.name: [("content-type", b"application/json")]}

Place = TypeVar("Place", str, tuple[str, bytes])


class Unsent(Exception):
    """The client never had the row, so nothing of it can arrive later: it waits its turn."""


class Refused(Unsent):
    """The client would not take the row; `reason` is the name of the error."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TopicAway(Refused):
    """No row of the topic can be begun."""


async def send(producer: AIOKafkaProducer, rows: Sequence[Any]) -> list[BaseException | None]:
    """Return per row None for acknowledged, or what went wrong, within a bounded time.

    The rows of a topic are begun in their order, the topics beside one another. An outcome other
    than `Unsent` may have left something in the producer that arrives later.
    """
    outcomes: list[BaseException | None] = [TopicAway("TimeoutError")] * len(rows)
    futures: dict[int, asyncio.Future[Any]] = {}
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        places[row["topic"]].append(place)
    tasks = [
        asyncio.create_task(_begin(producer, rows, own, futures, outcomes))
        for own in places.values()
    ]
    try:
        await asyncio.wait(tasks, timeout=BEGIN_SECONDS)
        await _end(tasks)
        if futures:
            await asyncio.wait(futures.values(), timeout=SEND_SECONDS)
        for place, future in futures.items():
            outcomes[place] = _outcome(future)
    finally:
        for unfinished in (*tasks, *futures.values()):
            unfinished.cancel()
    return outcomes


async def _begin(
    producer: AIOKafkaProducer,
    rows: Sequence[Any],
    places: Sequence[int],
    futures: dict[int, "asyncio.Future[Any]"],
    outcomes: list[BaseException | None],
) -> None:
    """Hand the rows of one topic to the client; behind a row it refused, its key waits."""
    stopped: set[bytes] = set()
    for number, place in enumerate(places):
        row = rows[place]
        if row["key"] in stopped:
            continue
        if number:
            outcomes[place] = Refused("TimeoutError")
        try:
            futures[place] = await producer.send(
                row["topic"],
                value=row["body"],
                key=row["key"],
                headers=_HEADERS.get(row["topic"], _EVENT),
            )
        except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError) as error:
            for later in places[number:]:
                outcomes[later] = TopicAway(type(error).__name__)
            return
        except KafkaError as error:
            small = isinstance(error, MessageSizeTooLargeError)
            outcomes[place] = Refused(type(error).__name__) if small else error
            stopped.add(row["key"])
        if not number:
            for later in places[1:]:
                outcomes[later] = Unsent()


async def _end(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Cancel what still waits for the client; raises what was no failure of a row."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def _outcome(future: "asyncio.Future[Any]") -> BaseException | None:
    if not future.done():
        return TimeoutError()
    return asyncio.CancelledError() if future.cancelled() else future.exception()


class _While(NamedTuple):
    until: float
    seconds: float


class SetAside:
    """The topics and keys that just failed: left out of the fetch, each time for twice as long.

    A key is set aside with all its rows of that topic, so that none passes an earlier one.
    """

    def __init__(self) -> None:
        self._topics: dict[str, _While] = {}
        self._keys: dict[tuple[str, bytes], _While] = {}
        self._told: dict[str, float] = {}

    def now(self) -> tuple[list[str], list[str], list[bytes]]:
        """Return the topics to leave out, and of the keys to leave out the topics and the keys."""
        now = time.monotonic()
        self._topics = _remembered(self._topics, now)
        self._keys = _remembered(self._keys, now)
        keys = [place for place, pause in self._keys.items() if pause.until > now]
        return (
            [topic for topic, pause in self._topics.items() if pause.until > now],
            [topic for topic, _ in keys],
            [key for _, key in keys],
        )

    def note(self, rows: Sequence[Any], outcomes: Sequence[BaseException | None]) -> None:
        """Set aside what failed in a turn, and forget what was said of topics and keys that passed.

        `Unsent` alone says nothing against a row.
        """
        if not self._topics and not self._keys and all(one is None for one in outcomes):
            return
        passed: set[tuple[str, bytes]] = set()
        failed: dict[tuple[str, bytes], BaseException] = {}
        for row, outcome in zip(rows, outcomes, strict=True):
            place = (row["topic"], row["key"])
            if outcome is None:
                passed.add(place)
            elif type(outcome) is not Unsent:
                failed.setdefault(place, outcome)
        good = {topic for topic, _ in passed}
        for topic in good:
            self._topics.pop(topic, None)
        for place in passed - failed.keys():
            self._keys.pop(place, None)
        self._set_aside(failed, good)

    def _set_aside(self, failed: Mapping[tuple[str, bytes], BaseException], good: set[str]) -> None:
        now = time.monotonic()
        for (topic, key), error in failed.items():
            self._tell(topic, error, now)
            if not isinstance(error, TopicAway):
                self._keys[topic, key] = _longer(self._keys.get((topic, key)), now)
        away = {topic for (topic, _), error in failed.items() if isinstance(error, TopicAway)}
        counts = Counter(topic for topic, _ in self._keys)
        for topic in {topic for topic, _ in failed}:
            again = topic in self._topics
            bound = KEYS_BESIDE_GOOD if topic in good else KEYS_ALONE
            if topic in away or again or counts[topic] > bound:
                self._topics[topic] = _longer(self._topics.get(topic), now)
                self._keys = {one: pause for one, pause in self._keys.items() if one[0] != topic}

    def _tell(self, topic: str, error: BaseException, now: float) -> None:
        if now < self._told.get(topic, 0.0):
            return
        self._told[topic] = now + TELL_SECONDS
        reason = error.reason if isinstance(error, Refused) else type(error).__name__
        log.warning("relay_topic_fails", topic=topic, error=reason)


def _longer(before: _While | None, now: float) -> _While:
    seconds = min(before.seconds * 2, LONGEST_SECONDS) if before else SHORTEST_SECONDS
    return _While(now + seconds, seconds)


def _remembered(pauses: dict[Place, _While], now: float) -> dict[Place, _While]:
    if all(pause.until + FORGET_SECONDS > now for pause in pauses.values()):
        return pauses
    return {one: pause for one, pause in pauses.items() if pause.until + FORGET_SECONDS > now}
