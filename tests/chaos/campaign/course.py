"""What is known of a campaign once it is over: its faults, what was sent in, what was forged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Fault:
    """One fault of the timeline: `at` and `seconds` count from the begin of the load."""

    number: int
    kind: str
    target: str
    at: float
    seconds: float
    how: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Happened:
    """A fault as it was carried out; `recovered_at` is when nothing waited any more after it.

    `note` says why it could not be carried out, empty when it was.
    """

    fault: Fault
    began_at: datetime
    ended_at: datetime
    recovered_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Sent:
    """One dossier a portal sent: `ok` with its code, `refused`, or `info`: no answer came.

    `expect` is how its sample ends: registered, refused by the register, returned, withdrawn.
    `times` counts how often it was sent, clients' retries and doubles included.
    """

    portal: str
    reference: str
    road: Literal["http", "bus"]
    expect: str
    sent_at: datetime
    outcome: Literal["ok", "refused", "info"]
    code: str | None = None
    dossier_id: str | None = None
    times: int = 1


@dataclass(frozen=True)
class Place:
    """Where a record lies: topic, partition and offset."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class Course:
    """A whole campaign; `forged` are poison records, `again` are true records sent once more.

    `memory_mb` gives for each process its resident memory after the warm-up and at the end; a
    process that was killed began anew, so it is measured from its last start. `personal` are the
    names, phones, addresses and numbers of people that were sent. `intake_away` says from when to
    when the intake was not ready, asked past its detour.
    """

    seed: int
    minutes: float
    brokers: int
    began_at: datetime
    load_ended_at: datetime
    healed_at: datetime
    drained_at: datetime | None
    faults: tuple[Happened, ...]
    sent: tuple[Sent, ...]
    forged: tuple[Place, ...]
    again: tuple[Place, ...]
    memory_mb: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    intake_away: tuple[tuple[datetime, datetime], ...] = ()
