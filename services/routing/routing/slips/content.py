"""What the one-stop's slips and its control sheet say, as values; nothing is drawn here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.events import Due
from routing.domain import SlipKey

Outcome = Literal["trước hạn", "đúng hạn", "quá hạn", ""]


@dataclass(frozen=True)
class Citizen:
    """Who handed the dossier in; personal, so never in a log, an address or an event."""

    full_name: str
    address: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class Dossier:
    """What every paper about a dossier needs to know of it.

    `papers` are the kinds handed in, `due` the appointment as it stands; `citizen` is None once
    the personal data are erased.
    """

    code: str
    procedure_code: str
    unit_code: str
    papers: tuple[str, ...] = ()
    copies: int = 1
    received_at: datetime | None = None
    due: Due | None = None
    citizen: Citizen | None = None


@dataclass(frozen=True)
class Slip:
    """A slip as the citizen reads it; every text is Vietnamese, every moment Vietnam's.

    `number` is that of the form, "01". `due` is the appointment, for a supplement the last day to
    complete the dossier, for an apology the appointment that is not kept; `new_due` replaces it.
    `named`: whether the person stands on it; `receipt`: a signed text for a QR code of its own.
    """

    key: SlipKey
    number: str
    title: str
    form_source: str
    authority: str
    locality: str
    province: str
    dossier_code: str
    procedure: str
    issued_at: datetime
    officer: str
    citizen: Citizen | None
    papers: tuple[str, ...] = ()
    copies: int = 1
    received_at: str = ""
    due: str = ""
    new_due: str = ""
    explanation: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    result_place: str = ""
    verification: bool = False
    final: bool = False
    notes: tuple[str, ...] = ()
    legal_basis: tuple[str, ...] = ()
    named: bool = True
    receipt: str = ""


@dataclass(frozen=True)
class ControlRow:
    """One step of a dossier's way: who handed it to whom, when, and whether that was in time."""

    step: str
    handed_by: str
    received_by: str
    at: str
    due: str
    result: Outcome
    note: str


@dataclass(frozen=True)
class ControlSheet:
    """The sheet that controls how a dossier was dealt with; no personal data."""

    number: str
    title: str
    form_source: str
    authority: str
    locality: str
    province: str
    dossier_code: str
    procedure: str
    issued_at: datetime
    rows: tuple[ControlRow, ...]
