"""The lifecycle events: what each service says about a dossier. No personal data."""

from datetime import date
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, PositiveInt, StringConstraints

from contracts.model import (
    Channel,
    ContactChannel,
    Contract,
    PortalId,
    PortalReference,
    ProcedureCode,
    ProvinceCode,
    ReturnKind,
    Sha256Hex,
    Step,
    UnitCode,
)

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
Actor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,80}$")]
#: A number, book or page as the register writes it, for example `01/2026-ĐKKS`.
BookText = Annotated[str, StringConstraints(pattern=r"^[\w./ -]{1,40}$")]


class EventData(Contract):
    """The `data` of a lifecycle event; `name` is the last part of its CloudEvents type."""

    name: ClassVar[str]
    service: ClassVar[str]

    @classmethod
    def event_type(cls) -> str:
        """Return the CloudEvents type, for example `vn.hotich.dossier.accepted.v1`."""
        return f"vn.hotich.dossier.{cls.name}.v1"


class ParticularsRef(Contract):
    """Which version of the personal data belongs to an event, by the hash of its ciphertext."""

    version: PositiveInt
    sha256: Sha256Hex


class AttachmentRef(Contract):
    """A claim check: where an attachment is and what its bytes hash to; never its name."""

    kind: Code
    uri: Annotated[str, StringConstraints(pattern=r"^(https|s3|claim)://[^\s?#@]{1,300}$")]
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]{1,80}$")]
    size_bytes: Annotated[int, Field(gt=0, le=50 * 1024 * 1024)]
    sha256: Sha256Hex


class Submitted(EventData):
    """A portal handed in a dossier and has its code."""

    name = "submitted"
    service = "intake"

    channel: Channel
    portal: PortalId
    portal_reference: PortalReference
    procedure_code: ProcedureCode
    province_code: ProvinceCode
    unit_code: UnitCode
    residence_unit_code: UnitCode
    submitted_at: AwareDatetime
    particulars: ParticularsRef
    attachments: tuple[AttachmentRef, ...] = ()


class Routed(EventData):
    """The one-stop found the authority competent for the procedure and the place."""

    name = "routed"
    service = "routing"

    unit_code: UnitCode
    reference_version: str


class Accepted(EventData):
    """The one-stop received the dossier (tiếp nhận); the register may be told."""

    name = "accepted"
    service = "routing"

    unit_code: UnitCode
    procedure_code: ProcedureCode
    actor: Actor
    reference_version: str


class Returned(EventData):
    """The one-stop gave the dossier back, with reasons from the closed list."""

    name = "returned"
    service = "routing"

    kind: ReturnKind
    reasons: Annotated[tuple[Code, ...], Field(min_length=1)]
    papers: tuple[Code, ...] = ()
    actor: Actor


class Registered(EventData):
    """The register entered the event in its book."""

    name = "registered"
    service = "registry-sync"

    unit_code: UnitCode
    number: BookText
    book: BookText
    page: BookText | None = None
    registered_on: date
    personal_id_assigned: bool = False


class RegisterReturned(EventData):
    """The register sent the dossier back; the one-stop tells the citizen."""

    name = "register_returned"
    service = "registry-sync"

    kind: Literal["supplement", "refused"]
    reasons: Annotated[tuple[Code, ...], Field(min_length=1)]


class RegistrationInDoubt(EventData):
    """The register gave no answer: neither yes nor no is known; it is asked before it is told."""

    name = "registration_in_doubt"
    service = "registry-sync"

    attempt: PositiveInt
    since: AwareDatetime


class CitizenNotified(EventData):
    """The citizen was told of one step, once."""

    name = "citizen_notified"
    service = "notifier"

    step: Step
    channel: ContactChannel
    about: UUID


class NotificationAbandoned(EventData):
    """The citizen could not be told of a step, and why."""

    name = "notification_abandoned"
    service = "notifier"

    step: Step
    reason: Literal["no_contact", "unreachable", "in_doubt", "erased"]
    about: UUID


class PortalInformed(EventData):
    """The portal confirmed that it has the status of one step."""

    name = "portal_informed"
    service = "notifier"

    step: Step
    portal: PortalId
    status: Annotated[int, Field(ge=1, le=10)]
    about: UUID


#: Every lifecycle event there is, in the order of a dossier's life.
EVENTS: tuple[type[EventData], ...] = (
    Submitted,
    Routed,
    Accepted,
    Returned,
    Registered,
    RegisterReturned,
    RegistrationInDoubt,
    CitizenNotified,
    NotificationAbandoned,
    PortalInformed,
)
