"""What operators see of one replica at a glance: lag, outbox, calls, what is stuck, comparisons."""

from pydantic import AwareDatetime, NonNegativeInt

from contracts.model import Contract
from contracts.reconciliation import Scope


class TopicLag(Contract):
    """What waits in this replica's partitions of a topic, and the age of the oldest record."""

    topic: str
    partitions: int
    waiting: int
    oldest_seconds: float


class Outbox(Contract):
    """Events that are not published yet."""

    waiting: int
    oldest_seconds: float


class Calls(Contract):
    """Open calls of one lane and neighbour: all of them, and those that are due.

    `due_seconds` is how long the first that is due has been so, zero when none is.
    """

    lane: str
    call: str
    open: int
    due: int
    due_seconds: float


class Valve(Contract):
    """A valve of this replica: `open`, `shut` or `trying`, its window and the calls under way.

    `ramping`: it opens slowly, after it was shut.
    """

    call: str
    turn: str
    state: str
    window: int
    flying: int
    ramping: bool


class PausedLane(Contract):
    """Who stopped a lane, or one turn of it, since when and why; an empty `turn`: all of it."""

    lane: str
    turn: str
    paused_by: str
    reason: str
    at: AwareDatetime


class StuckCount(Contract):
    """How much of one kind waits for people, and the age of the oldest."""

    kind: str
    count: int
    oldest_seconds: float


class LastRun(Contract):
    """The last comparison with a neighbour, and what stands open from all of them.

    `open`: differences not repaired; `for_people`: those that no event repairs; `numbers`: those
    of them that say another entry or number, corrections held back among them; `oldest_seconds`
    the age of the oldest of `for_people`.
    """

    neighbour: str
    scope: Scope
    asked_by: str
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    compared: int
    passed_over: int
    open: NonNegativeInt
    for_people: NonNegativeInt
    numbers: NonNegativeInt
    oldest_seconds: float


class Overview(Contract):
    """One replica and its service's database; `lag` is none while it has no partitions.

    `proposals` counts acts that wait for a second person; `lanes` are those the service has.
    `reads` says whether it reads topics at all.
    """

    service: str
    replica: str
    at: AwareDatetime
    reads: bool
    lag: tuple[TopicLag, ...] | None
    outbox: Outbox
    calls: tuple[Calls, ...]
    valves: tuple[Valve, ...]
    stuck: tuple[StuckCount, ...]
    comparisons: tuple[LastRun, ...]
    proposals: int
    proposals_oldest_seconds: float
    lanes: tuple[str, ...]
    pauses: tuple[PausedLane, ...]
