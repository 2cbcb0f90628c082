"""Puts checkpoints on the log as well: every one of the archive at least once, with the same bytes.

Nobody waits for it. What Kafka does not take now is sent later, also by the next process.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import structlog

from audit.archive import write_file
from audit.checkpoints import Ledger
from audit.frontiers import STATE, Place
from audit.rounds import Made
from contracts.topics import CHECKPOINTS
from plumbing.logs import describe

log = structlog.get_logger()

FILE = f"{STATE}/published.json"
#: Sent and not yet acknowledged.
MOST_UNDER_WAY = 1_000


class Producer(Protocol):
    """The part of confluent-kafka's producer that is used."""

    def produce(self, topic: str, **message: Any) -> None:
        """Take a message into the queue; raises BufferError when that is full."""

    def poll(self, timeout: float) -> int:
        """Call back for what was acknowledged or failed."""


class Publisher:
    """Publishes checkpoints in the order of each place; for one thread."""

    def __init__(self, root: Path, producer: Producer) -> None:
        self._root, self._producer = root, producer
        self._next: Producer | None = None
        self._done: dict[str, int] = {}
        self._waiting: deque[Made] = deque()
        self._under_way: deque[Made] = deque()
        self._failed: list[Made] = []
        #: The producer failed to send: librdkafka may never recover.
        self.wants_another = False
        self._is_saved = True

    @property
    def waiting(self) -> int:
        """Return how many are not acknowledged yet."""
        return len(self._waiting) + len(self._under_way) + len(self._failed)

    def open(self, places: Iterable[Place]) -> None:
        """Begin with what is in the archive and was not acknowledged."""
        self._done = _read(self._root / FILE)
        ledger = Ledger(self._root)
        for place in places:
            done = self._done.get(_name(place), 0)
            self._waiting += [
                Made(place, note) for line, note in ledger.notes(*place) if line > done
            ]

    def exchange(self, producer: Producer) -> None:
        """Go on with another producer once it is known what became of all that is under way."""
        self._next, self.wants_another = producer, False

    def add(self, made: Iterable[Made]) -> None:
        """Take checkpoints that are in the archive now."""
        self._waiting += made

    def publish(self) -> None:
        """Send what waits and note what was acknowledged; returns at once. Raises OSError."""
        self._producer.poll(0)
        if self._next is not None and not self._under_way:
            self._producer, self._next = self._next, None
        if self._failed and not self._under_way:
            # In their order again, before what came after them.
            self._waiting.extendleft(reversed(self._failed))
            self._failed.clear()
        most = MOST_UNDER_WAY if self._next is None else 0
        while self._waiting and len(self._under_way) < most and not self._failed:
            made = self._waiting[0]
            try:
                self._producer.produce(
                    CHECKPOINTS.name,
                    key=_name(made.place).encode(),
                    value=made.note.encode(),
                    headers=[("content-type", b"text/plain")],
                    on_delivery=self._answer(made),
                )
            except BufferError:
                break
            self._under_way.append(self._waiting.popleft())
        self._producer.poll(0)
        if not self._is_saved:
            (self._root / STATE).mkdir(exist_ok=True)
            write_file(self._root / FILE, json.dumps(self._done, indent=1).encode() + b"\n")
            self._is_saved = True

    def _answer(self, made: Made) -> Callable[[Any, Any], None]:
        def on_delivery(error: Any, _: Any) -> None:
            self._under_way.remove(made)
            # After one that failed, those of its place are sent again too: their order is kept.
            if error is not None or any(one.place == made.place for one in self._failed):
                self._failed.append(made)
                self.wants_another = True
                log.warning("checkpoint_not_published", count=self.waiting)
                return
            name = _name(made.place)
            self._done[name] = self._done.get(name, 0) + 1
            self._is_saved = False

        return on_delivery


def _name(place: Place) -> str:
    return f"{place[0]}/{place[1]}"


def _read(path: Path) -> dict[str, int]:
    try:
        found = json.loads(path.read_bytes())
        return {str(name): int(count) for name, count in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        log.warning("published_unreadable", error=describe(error))
        return {}
