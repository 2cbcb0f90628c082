"""What the one-stop says: who is competent, received, returned, moved, and by when."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PositiveInt

from contracts.events.base import Actor, Code, Due, EventData, LegalSource, Round
from contracts.model import ProcedureCode, ProvinceCode, ReturnKind, UnitCode


class Routed(EventData):
    """The one-stop found the authority competent for the procedure and the place.

    `reception_due` is when an officer must have looked at it (NĐ 87/2020/NĐ-CP, Điều 12).
    `resubmission` says which submission brought it back to the desk, 2 for the first supplement;
    it is the one-stop's word that the supplement was taken.
    """

    name = "routed"
    service = "routing"

    unit_code: UnitCode
    reference_version: str
    reception_due: Due | None = None
    resubmission: Annotated[Round, Field(ge=2)] | None = None


class Accepted(EventData):
    """The one-stop received the dossier (tiếp nhận); the register may be told.

    `due` is the appointment, counted from `received_at` with every pause so far. The register is
    told exactly `particulars_version`; not at all when it has the dossier `at_register`.
    `province_code` is the unit's on the day whose map the unit is of: codes are used again.
    """

    name = "accepted"
    service = "routing"

    unit_code: UnitCode
    procedure_code: ProcedureCode
    actor: Actor
    reference_version: str
    due: Due | None = None
    received_at: AwareDatetime | None = None
    particulars_version: PositiveInt = 1
    round: Round = 1
    at_register: bool = False
    province_code: ProvinceCode | None = None


class Returned(EventData):
    """The one-stop gave the dossier back, with reasons from the closed list.

    A `supplement` says until when the citizen may complete the dossier; meanwhile no deadline runs.
    """

    name = "returned"
    service = "routing"

    kind: ReturnKind
    reasons: Annotated[tuple[Code, ...], Field(min_length=1)]
    papers: tuple[Code, ...] = ()
    actor: Actor
    supplement_due: Due | None = None


class Forwarded(EventData):
    """The dossier went to another authority, which goes on where the first one stood.

    `certain` is False when several took over and the first of them was chosen.
    """

    name = "forwarded"
    service = "routing"

    from_unit_code: UnitCode
    to_unit_code: UnitCode
    reason: Code
    source: LegalSource
    certain: bool = True
    actor: Actor
    reference_version: str
    reception_due: Due | None = None
    province_code: ProvinceCode | None = None


class Rescheduled(EventData):
    """The appointment moved, and why: an apology, or a check with another authority.

    Source: NĐ 61/2018/NĐ-CP, Điều 19; the extension the procedure's row allows.
    """

    name = "rescheduled"
    service = "routing"

    kind: Literal["apology", "verification"]
    reason: Code
    old_due_on: date
    due: Due
    actor: Actor


class Withdrawn(EventData):
    """The citizen has the dossier back; nothing more is decided."""

    name = "withdrawn"
    service = "routing"

    actor: Actor
    on_request: bool


class Stopped(EventData):
    """The one-stop stopped the dossier, for a time or, when `final`, for good."""

    name = "stopped"
    service = "routing"

    reason: Code
    final: bool
    actor: Actor


class Resumed(EventData):
    """A stopped dossier goes on; `due` is its appointment with the pause counted in."""

    name = "resumed"
    service = "routing"

    actor: Actor
    due: Due | None = None


class HandedOver(EventData):
    """The result is with the citizen (NĐ 87/2020/NĐ-CP, Điều 12 khoản 4)."""

    name = "handed_over"
    service = "routing"

    actor: Actor
    method: Literal["in_person", "post", "electronic"]
