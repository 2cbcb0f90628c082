"""What the one-stop remembers of a dossier, and what people and time may ask of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from contracts.decision import Context
from contracts.events import Due, EventData
from contracts.model import ReturnKind
from contracts.particulars import Particulars
from routing.domain.trail import TrailEntry

Status = Literal[
    "unseen",
    "received",
    "supplement",
    "accepted",
    "stopped",
    "registered",
    "handed_over",
    "refused",
    "wrong_authority",
    "withdrawn",
    "closed",
]
#: A dossier in one of these can still change; in the others everything is decided.
OPEN: frozenset[Status] = frozenset({"received", "supplement", "accepted", "stopped"})

#: Who acts when no officer does.
AUTOMATIC = "automatic"
REGISTER = "register"
IMPORT = "import"

SlipKey = Literal["acceptance", "supplement", "refusal", "apology", "stop"]
HandOverMethod = Literal["in_person", "post", "electronic"]


@dataclass(frozen=True)
class Pause:
    """A time in which no deadline runs; open while `to_at` is None. `status` is 5 or 8."""

    from_at: datetime
    to_at: datetime | None
    status: int


@dataclass(frozen=True)
class Issued:
    """A slip that was issued: which one, when, the event it puts on paper, the papers there then.

    Those of a slip issued before they were kept are not known, and empty.
    """

    key: SlipKey
    at: datetime
    data: EventData
    papers: tuple[str, ...] = ()


@dataclass(frozen=True)
class BookEntry:
    """Where the register has it; no personal number."""

    number: str
    book: str
    page: str | None
    registered_on: date


@dataclass(frozen=True)
class Case:
    """What the one-stop remembers of a dossier; only `particulars` is personal, and kept sealed.

    `received` means: on the desk of `unit_code`, waiting for an officer. `received_at` is the
    moment the appointment counts from. `rounds` counts acceptances, `submissions` what the portal
    handed in, `particulars_version` the newest personal data an event spoke of, `held_version` the
    newest that came: no officer accepts what they cannot have read.
    `resumes_to` is the status a stopped dossier goes back to; `unit_on` the day whose map
    `unit_code` is of, since codes are used again; `units_before` those of that map that sent it
    on. `by_officer`: officers held it, so no machine decides it. `submissions_unused` counts what
    came in while the register had it and was not told to it. `same_event_as` are the codes of
    dossiers that seem to be about the same civil event. `counted` says how many entries of the
    trail the board has; whoever saves the case writes the facts of the others.
    """

    dossier_id: UUID
    code: str
    status: Status = "unseen"
    unit_code: str = ""
    residence_unit_code: str = ""
    procedure_code: str = ""
    papers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    same_event_as: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    received_at: datetime | None = None
    reception_due: Due | None = None
    appointment: Due | None = None
    supplement_due: Due | None = None
    pauses: tuple[Pause, ...] = ()
    rounds: int = 0
    submissions: int = 1
    particulars_version: int = 1
    supplements: int = 0
    apologies: int = 0
    verifications: int = 0
    withdrawal_requested_at: datetime | None = None
    at_register: bool = False
    resumes_to: Status = "unseen"
    entry: BookEntry | None = None
    issued: tuple[Issued, ...] = ()
    trail: tuple[TrailEntry, ...] = ()
    held_version: int = 0
    particulars: Particulars | None = None
    erased: bool = False
    unit_on: date | None = None
    by_officer: bool = False
    submissions_unused: int = 0
    units_before: tuple[str, ...] = ()
    counted: int = field(default=0, compare=False)

    @property
    def stands(self) -> Status:
        """Return the status; of a stopped case the one it goes back to."""
        return self.resumes_to if self.status == "stopped" else self.status

    def but(self, **changes: Any) -> Self:
        """Return the case with these fields changed; `dataclasses.replace`, only faster."""
        case = object.__new__(type(self))
        case.__dict__.update(self.__dict__)
        case.__dict__.update(changes)
        if len(case.__dict__) != len(self.__dict__):
            raise TypeError(f"a case has no {changes.keys() - self.__dict__.keys()}")
        return case


@dataclass(frozen=True)
class RoutingContext(Context):
    """The instant, the reference data, and which units receive by hand."""

    by_officer: Callable[[str], bool]


@dataclass(frozen=True)
class Accept:
    """An officer receives the dossier (tiếp nhận)."""

    actor: str


@dataclass(frozen=True)
class GiveBack:
    """An officer returns the dossier, with reasons from the closed list and what papers to add."""

    actor: str
    kind: ReturnKind
    reasons: tuple[str, ...]
    papers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Forward:
    """An officer sends the dossier on to the competent authority."""

    actor: str
    to_unit_code: str
    reason: str


@dataclass(frozen=True)
class Withdraw:
    """An officer gives the dossier back because the citizen wants it back."""

    actor: str


@dataclass(frozen=True)
class Stop:
    """An officer stops the dossier for a reason from the closed list, until it is resumed."""

    actor: str
    reason: str


@dataclass(frozen=True)
class Resume:
    """An officer lets a stopped dossier go on."""

    actor: str


@dataclass(frozen=True)
class Apologise:
    """An officer apologises for a delay and sets a new day, with a reason from the closed list."""

    actor: str
    reason: str
    new_due_on: date


@dataclass(frozen=True)
class Verify:
    """An officer asks another authority; the appointment moves by what the procedure allows."""

    actor: str
    reason: str


@dataclass(frozen=True)
class HandOver:
    """An officer hands the result over."""

    actor: str
    method: HandOverMethod


@dataclass(frozen=True)
class Expire:
    """Time is up for a supplement that never came."""


@dataclass(frozen=True)
class Merge:
    """The unit that holds the dossier is no more; its successor goes on."""
