"""What portals send and what they hear back, over HTTP and on the bus alike."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, EmailStr, Field, StringConstraints

from contracts.events import AttachmentRef
from contracts.forms import Form, Name, PersonalNumber
from contracts.model import (
    ContactChannel,
    Contract,
    DossierCode,
    PortalId,
    PortalReference,
    ProcedureCode,
    ProvinceCode,
    Step,
    UnitCode,
)

SUBMISSION_TYPE = "vn.hotich.portal.submission.v1"
RECEIVED_TYPE = "vn.hotich.portal.submission_received.v1"
REFUSED_TYPE = "vn.hotich.portal.submission_refused.v1"


class Applicant(Contract):
    """The person who asks, and how to reach them; at least one contact is needed to be told."""

    full_name: Name
    personal_number: PersonalNumber
    phone: Annotated[str, StringConstraints(pattern=r"^\+84[0-9]{9}$")] | None = None
    email: EmailStr | None = None


class Attachment(AttachmentRef):
    """An attachment as the portal declares it; its file name stays with the personal data."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Submission(Contract):
    """A dossier as a portal hands it in: `data` on the bus, the body of `POST /v1/submissions`."""

    portal_reference: PortalReference
    procedure_code: ProcedureCode
    province_code: ProvinceCode
    unit_code: UnitCode
    residence_unit_code: UnitCode
    submitted_at: AwareDatetime
    applicant: Applicant
    notify_by: Annotated[tuple[ContactChannel, ...], Field(max_length=2)] = ()
    form: Form
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=30)] = ()


class PortalSubmission(Contract):
    """The CloudEvent of a submission on `portal.submissions.v1`."""

    specversion: Literal["1.0"]
    id: UUID
    type: Literal["vn.hotich.portal.submission.v1"]
    source: Annotated[str, StringConstraints(pattern=r"^/portals/[a-z0-9-]{1,40}$")]
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: Submission


class Receipt(Contract):
    """The portal's proof that a dossier was taken, with its code (NĐ 87/2020, Điều 12)."""

    portal: PortalId
    portal_reference: PortalReference
    dossier_id: UUID
    dossier_code: DossierCode
    received_at: AwareDatetime


class FieldProblem(Contract):
    """One thing wrong with one field: which rule, in words, and where the rule comes from."""

    field: str
    rule: str
    detail: str
    source: str


class Problem(Contract):
    """An RFC 9457 problem; `errors` lists every field at once."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldProblem, ...] = ()


class Refusal(Contract):
    """The portal's answer on the bus when a submission cannot be taken."""

    portal: PortalId
    portal_reference: PortalReference
    problem: Problem


class PortalReply(Contract):
    """The CloudEvent of an answer on `portal.replies.v1`."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    type: Literal[
        "vn.hotich.portal.submission_received.v1", "vn.hotich.portal.submission_refused.v1"
    ]
    source: Literal["/hotich/intake"] = "/hotich/intake"
    subject: PortalReference
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: Receipt | Refusal


class StatusUpdate(Contract):
    """`data` of the signed callback that tells a portal where a dossier stands."""

    portal_reference: PortalReference
    dossier_code: DossierCode
    status: Annotated[int, Field(ge=1, le=10)]
    step: Step
    event_id: UUID
    occurred_at: AwareDatetime


class StatusCallback(Contract):
    """The body of the signed callback (Standard Webhooks)."""

    type: Literal["dossier.status"] = "dossier.status"
    timestamp: AwareDatetime
    data: StatusUpdate


def problem_document(problem: Problem) -> dict[str, Any]:
    """Return the problem as JSON-ready data for `application/problem+json`."""
    return problem.model_dump(mode="json")
