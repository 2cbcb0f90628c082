"""Keys, checkpoints and a producer for tests of proofs, on the archives of `archive_kit`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoints import Checkpoint, Ledger, parse_checkpoint
from audit.frontiers import Frontiers
from audit.notes import COSIGNS, Signer, split
from audit.rounds import Made, Rounds
from audit.signing import SigningKey, SigningKeys
from contracts.topics import ARCHIVED, LIFECYCLE
from tests.unit.archive_kit import ORIGIN, Log, archive, write_group

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
DAY = timedelta(days=1)
PLACES = [(topic.name, number) for topic in ARCHIVED for number in range(topic.partitions)]
INTAKE = LIFECYCLE["intake"].name


def a_signer(number: int, name: str | None = None) -> Signer:
    """Return the test key of that number, always the same."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return Signer(name or f"{ORIGIN}/k{number}", key)


def a_witness(number: int = 90) -> Signer:
    """Return the test key of a witness."""
    return Signer(f"witness.example/{number}", a_signer(number).key, COSIGNS)


def a_key(
    number: int, since: datetime = NOW - 30 * DAY, until: datetime | None = None
) -> SigningKey:
    """Return a test key that signs from then on."""
    return SigningKey(a_signer(number), since, until)


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Signing:
    """The writer of an archive's checkpoints, as it is made anew at every start."""

    root: Path
    keys: list[SigningKey] = field(default_factory=lambda: [a_key(1)])
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin as a new process would."""
        keys = SigningKeys(self.keys)
        keys.make_known(self.root, ORIGIN)
        self.frontiers = Frontiers(self.root)
        self.rounds = Rounds(self.root, ORIGIN, keys, self.frontiers, self.clock)
        self.rounds.open(PLACES)

    def round(self, after: timedelta = timedelta(minutes=5)) -> list[Made]:
        """Let time pass and sign."""
        self.clock.now += after
        return self.rounds.round()


def signed_archive(root: Path, log: Log) -> Signing:
    """Write the log as an archive with a first round of checkpoints."""
    archive(root, log)
    signing = Signing(root)
    signing.round()
    return signing


def add(root: Path, log: Log, count: int) -> None:
    """Write the log's records from that one on to an archive that has those before."""
    groups: dict[tuple[str, int], list[Any]] = {}
    for record in log.records[count:]:
        groups.setdefault((record.topic, record.partition), []).append(record)
    for group in groups.values():
        write_group(root, group)


def checkpoints(root: Path, place: tuple[str, int]) -> list[Checkpoint]:
    """Return the checkpoints of a place."""
    return [parse_checkpoint(split(note)[0]) for _, note in Ledger(root).notes(*place)]


def fullest(log: Log) -> tuple[str, int]:
    """Return the intake partition with most records."""
    ends = {place: end for place, end in log.ends.items() if place[0] == INTAKE}
    return max(sorted(ends), key=lambda place: ends[place])


@contextmanager
def logged() -> Iterator[list[str]]:
    """Yield the names of the log lines written meanwhile."""
    events: list[str] = []
    with structlog.testing.capture_logs() as lines:
        yield events
    events += [line["event"] for line in lines]


class FakeProducer:
    """Takes messages; acknowledges or fails those it was told, when polled."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.room = 1_000_000
        self.fails: set[int] = set()
        self._answered = 0

    def produce(self, topic: str, **message: Any) -> None:
        """Take a message; raises BufferError when there is no room."""
        if len(self.taken) - self._answered >= self.room:
            raise BufferError
        self.taken.append((topic, message))

    def poll(self, timeout: float) -> int:
        """Answer what was taken before."""
        for number in range(self._answered, len(self.taken)):
            self._answered = number + 1
            failed = "away" if number in self.fails else None
            self.taken[number][1]["on_delivery"](failed, None)
        return 0

    def values(self) -> list[str]:
        """Return the notes it acknowledged."""
        good: Iterable[int] = (n for n in range(self._answered) if n not in self.fails)
        return [self.taken[number][1]["value"].decode() for number in good]
