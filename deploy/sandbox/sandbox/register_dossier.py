"""A dossier as it reaches the register, and as the register knows it."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

CODE = re.compile(r"[A-Z0-9](?:[A-Z0-9.-]{0,58})[A-Z0-9]")
#: A commune, or one of the districts there were until 2025-06-30.
UNIT = re.compile(r"\d{5}|\d{3}")
LATE_ID = timedelta(seconds=5)
_WAITS = re.compile(r"sandbox:(slow|silent)=([0-9]{1,4})")


class Module(Enum):
    """The register's parts, one kind of book each; the last three are not in the known contract."""

    BIRTH = "LTKS"
    DEATH = "LTKT"
    MARRIAGE = "LTKH"
    MARITAL_STATUS = "LTHN"
    EXTRACT_COPY = "LTTL"
    CHANGE = "LTTD"


MODULES = tuple(module.value for module in Module)


class Status(Enum):
    """Where a dossier stands in the register (`trangThai`)."""

    RECEIVED = 1
    SUPPLEMENT = 2
    ACCEPTED = 3
    REGISTERED = 4
    REFUSED = 6


@dataclass(frozen=True, slots=True)
class Push:
    """A dossier as the one-stop sends it; `note` is the e-form's, where tests ask for outcomes."""

    code: str
    unit: str
    module: Module
    note: str
    payload: bytes

    @property
    def asks(self) -> int:
        """How often the note wants a supplement asked for."""
        if "sandbox:supplement-twice" in self.note:
            return 2
        return int("sandbox:supplement" in self.note)

    def seconds(self, what: str) -> int | None:
        """Return how long the note wants the register to be `slow` or `silent`, None for not."""
        return next((int(n) for one, n in _WAITS.findall(self.note) if one == what), None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided when, journaled; the line of the book is there if it was to register.

    `at` is the real moment, `dated` the one the outside is told.
    """

    at: datetime
    dated: datetime
    serial: int
    number: int | None
    book: str | None
    page: int | None


@dataclass(slots=True)
class RegisterDossier:
    """What the register knows of one dossier; `asks` counts the supplements still to ask for.

    `correction` is what was changed in its entry since, by the register's own names. Until
    `silent_until` nothing is said of it.
    """

    code: str
    unit: str
    module: Module
    outcome: str
    asks: int
    late_id: bool
    accepted_at: datetime
    decided_at: datetime
    form_sha256: str
    verdict: Verdict | None = None
    correction: dict[str, str] = field(default_factory=dict)
    silent_until: datetime | None = None

    def is_silent(self, now: datetime) -> bool:
        """Return whether the register has it and says nothing of it."""
        return self.silent_until is not None and now < self.silent_until

    def status(self, now: datetime) -> Status:
        """Return the status at `now`; a verdict counts only once it is journaled."""
        if self.verdict is None:
            return Status.ACCEPTED if now >= self.accepted_at else Status.RECEIVED
        match self.outcome:
            case "register":
                return Status.REGISTERED
            case "refuse":
                return Status.REFUSED
            case _:
                return Status.SUPPLEMENT

    def personal_number(self, now: datetime) -> str | None:
        """Return the number the population database gave the child, None while it has not."""
        if self.verdict is None or self.verdict.number is None or self.module is not Module.BIRTH:
            return None
        if self.late_id and now < self.verdict.at + LATE_ID:
            return None
        # No birthplace has code 000, and a journal number is given once.
        return f"000{self.verdict.serial:09d}"
