"""What is known of a dossier's way through the register, and what the register says of it."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from contracts.particulars import Particulars

Status = Literal[
    "unseen", "accepted", "pushing", "pushed", "registered", "returned", "refused_meanwhile"
]
Outcome = Literal["registered", "supplement", "refused"]

PUSH = "push"
#: The revision that a question knows which was put before there was an entry.
UNKNOWN: Final = -1
#: Versions kept beside the newest; more are not handed in while the one-stop decides on one.
MOST_EARLIER = 20
#: How far the register's clock may be behind ours; its times are whole seconds besides.
LEEWAY = timedelta(minutes=1)


@dataclass(frozen=True)
class BookEntry:
    """The entry in the register's book as it was published last; nothing of it is personal."""

    unit_code: str
    number: str
    book: str
    page: str | None
    registered_on: date


@dataclass(frozen=True)
class Registration:
    """What is known of a dossier's way through the register.

    `round` is that of the last acceptance. Its push tells `particulars_version`; `held_version`
    is the version of `particulars`, the newest, and `earlier` are those before that may still be
    accepted, oldest first. `pushed_at` is when the push of the round was decided.
    `unit_code` and `province_code` are of the authority that goes on, `told_unit` and
    `told_province` those the register was told last.
    `closed`: nothing more is told to the register, neither a first time nor again.
    `particulars` is personal: kept until nothing more will be told, then dropped.
    `personal_number` is personal too; it never enters an event.
    A dossier `refused_meanwhile` was refused while the citizen was asked to complete it.
    `entry` is what was published of a registered one; `revision` counts its corrections since.
    `unit_told`: the register said itself who entered it; else it is who was told.
    `awaits_number`: a registered birth whose child had no personal number yet.
    `discarded`: two people took telling the register out of our hands; it is never told again by
    itself. `refused`: it was the register that refused it.
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
    earlier: tuple[tuple[int, Particulars], ...] = ()
    pushed_at: datetime | None = None
    told_unit: str = ""
    told_province: str = ""
    entry: BookEntry | None = None
    revision: int = 0
    awaits_number: bool = False
    unit_told: bool = False
    discarded: bool = False
    refused: bool = False

    @property
    def known_revision(self) -> int:
        """What a question of now knows of the entry: its revision, UNKNOWN while none is kept."""
        is_kept = self.status == "registered" and self.entry is not None
        return self.revision if is_kept else UNKNOWN

    @property
    def is_over(self) -> bool:
        """Whether no personal data will be needed any more."""
        return self.closed or self.status == "registered"

    @property
    def held(self) -> tuple[tuple[int, Particulars], ...]:
        """Every version that is here, oldest first."""
        newest = () if self.particulars is None else ((self.held_version, self.particulars),)
        return (*self.earlier, *newest)

    def keeping(self, version: int, particulars: Particulars) -> "Registration":
        """Return it with a newer version, and those before that may still be accepted."""
        earlier = self.held[-MOST_EARLIER:]
        return replace(self, particulars=particulars, held_version=version, earlier=earlier)

    def to_be_told(self) -> tuple[int, Particulars] | None:
        """Return the version to tell the register: the accepted one; None while it may come.

        Versions come in order. Once a newer one is here the accepted one never comes: the topic
        keeps the latest only, and a replica that starts anew may not have seen it. Then the next
        newer one is told. It holds all the accepted one held, completed by the citizen since;
        what was added no officer of the one-stop has seen, but the register's has to look at it.
        To wait would be for ever, and to ask the citizen once more would use up the one
        supplement the law allows for a fault of ours.
        """
        wanted = self.particulars_version
        return next((one for one in self.held if one[0] >= wanted), None)

    def forgetting(self) -> "Registration":
        """Return it without the form."""
        return replace(self, particulars=None, earlier=())


@dataclass(frozen=True)
class RegisterEntry:
    """The entry in the register's book; `unit_code` is who entered it, if the register says."""

    number: str
    book: str
    page: str | None
    registered_on: date
    personal_number: str | None
    unit_code: str | None = None


@dataclass(frozen=True)
class RegisterSaid:
    """A final word of the register about a dossier, fetched by polling or for a comparison.

    `round` is the one whose push had been answered when the register was asked, `revision` how
    many corrections of its entry were known then, UNKNOWN when there was no entry: a word that was
    overtaken counts no more. `at` is since when the register says so, by its own clock.
    `may_correct`: what it changes in an entry may be published; not when too much changes at once.
    """

    outcome: Outcome
    entry: RegisterEntry | None = None
    round: int = 1
    at: datetime | None = None
    revision: int = UNKNOWN
    may_correct: bool = True


def is_from_before(at: datetime | None, pushed_at: datetime | None) -> bool:
    """Return whether what the register says since `at` is no answer to that push.

    A word without a time cannot be told from an old one. Of pushes that were decided before
    their time was kept, none is.
    """
    return pushed_at is not None and (at is None or at < pushed_at - LEEWAY)


def push_kind(round_: int) -> str:
    """Return the kind of the effect that tells the register of that round: `push`, `push:2`."""
    return PUSH if round_ == 1 else f"{PUSH}:{round_}"


def round_of(kind: str) -> int:
    """Return the round a push is for, by its kind."""
    _, _, number = kind.partition(":")
    return int(number or 1)
