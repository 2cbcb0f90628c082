"""What is known of a dossier's way through the register, and what the register says of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from contracts.particulars import Particulars

Status = Literal["unseen", "accepted", "pushing", "pushed", "registered", "returned"]
Outcome = Literal["registered", "supplement", "refused"]

PUSH = "push"


@dataclass(frozen=True)
class Registration:
    """What is known of a dossier's way through the register.

    `round` is that of the last acceptance. Its push needs the personal data in
    `particulars_version` or newer; `held_version` is the version of `particulars`.
    `closed`: nothing more is told to the register, neither a first time nor again.
    `particulars` is personal: kept until nothing more will be told, then dropped.
    `personal_number` is personal too; it never enters an event.
    """

    dossier_id: UUID
    code: str
    status: Status = "unseen"
    unit_code: str = ""
    province_code: str = ""
    procedure_code: str = ""
    accepted_at: datetime | None = None
    particulars: Particulars | None = None
    erased: bool = False
    personal_number: str | None = None
    round: int = 1
    particulars_version: int = 1
    held_version: int = 0
    closed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether no personal data will be needed any more."""
        return self.closed or self.status == "registered"


@dataclass(frozen=True)
class RegisterEntry:
    """The entry in the register's book."""

    number: str
    book: str
    page: str | None
    registered_on: date
    personal_number: str | None


@dataclass(frozen=True)
class RegisterSaid:
    """A final word of the register about a dossier, fetched by polling.

    `round` is the one whose push had been answered when the register was asked.
    """

    outcome: Outcome
    entry: RegisterEntry | None = None
    round: int = 1


def push_kind(round_: int) -> str:
    """Return the kind of the effect that tells the register of that round: `push`, `push:2`."""
    return PUSH if round_ == 1 else f"{PUSH}:{round_}"


def round_of(kind: str) -> int:
    """Return the round a push is for, by its kind."""
    _, _, number = kind.partition(":")
    return int(number or 1)
