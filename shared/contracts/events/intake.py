"""What the intake says: what portals handed in."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from contracts.events.base import AttachmentRef, Code, EventData, ParticularsRef, Round
from contracts.model import (
    Channel,
    CommuneCode,
    Contract,
    DossierCode,
    PortalId,
    PortalReference,
    ProcedureCode,
    ProvinceCode,
    UnitCode,
)


class Imported(Contract):
    """That a dossier was under way on the old road and was taken over with its code.

    `stage`: `waiting` for an officer to receive it, or `at_register`, which has its form already.

    Source: letter of 12 October 2021.
    """

    batch: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    stage: Literal["waiting", "at_register"]
    received_at: AwareDatetime | None = None


class Submitted(EventData):
    """A portal handed in a dossier and has its code.

    `flags` are facts others need: `late_registration` and `foreign_element` by the form,
    `same_event` when dossiers taken before seem to be about the same birth, marriage or death:
    `same_event_as` names up to five of them.
    """

    name = "submitted"
    service = "intake"

    channel: Channel
    portal: PortalId
    portal_reference: PortalReference
    procedure_code: ProcedureCode
    province_code: ProvinceCode
    unit_code: UnitCode
    residence_unit_code: CommuneCode
    submitted_at: AwareDatetime
    particulars: ParticularsRef
    attachments: tuple[AttachmentRef, ...] = ()
    flags: tuple[Code, ...] = ()
    same_event_as: Annotated[tuple[DossierCode, ...], Field(max_length=5)] = ()
    imported: Imported | None = None


class Resubmitted(EventData):
    """A portal handed in more papers or a corrected form for a dossier it submitted before.

    `attachments` are those handed in this time; `round` counts submissions, 2 for the first
    resubmission. `received_at` is when the intake took it: no portal's claim moves a deadline.
    """

    name = "resubmitted"
    service = "intake"

    round: Annotated[Round, Field(ge=2)]
    particulars: ParticularsRef
    attachments: tuple[AttachmentRef, ...] = ()
    resubmitted_at: AwareDatetime
    received_at: AwareDatetime | None = None


class WithdrawalRequested(EventData):
    """The citizen asked through the portal to have the dossier back."""

    name = "withdrawal_requested"
    service = "intake"

    requested_at: AwareDatetime
