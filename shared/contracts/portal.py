"""What portals send and what they hear back, over HTTP and on the bus alike."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from contracts.applicant import Applicant
from contracts.events import AttachmentRef
from contracts.forms import Form
from contracts.model import (
    CommuneCode,
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
SUPPLEMENT_TYPE = "vn.hotich.portal.supplement.v1"
WITHDRAWAL_TYPE = "vn.hotich.portal.withdrawal.v1"
RECEIVED_TYPE = "vn.hotich.portal.submission_received.v1"
REFUSED_TYPE = "vn.hotich.portal.submission_refused.v1"

#: A number of the National Portal's TrangThaiHoSo.
PortalStatus = Annotated[int, Field(ge=1, le=10)]
#: What a portal sent that an answer is about.
About = Literal["submission", "supplement", "withdrawal"]
PortalSource = Annotated[str, StringConstraints(pattern=r"^/portals/[a-z0-9-]{1,40}$")]


class Attachment(AttachmentRef):
    """An attachment as the portal declares it; its file name stays with the personal data."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


Attachments = Annotated[tuple[Attachment, ...], Field(max_length=30)]


class Submission(Contract):
    """A dossier as a portal hands it in: `data` on the bus, the body of `POST /v1/submissions`."""

    portal_reference: PortalReference
    procedure_code: ProcedureCode
    province_code: ProvinceCode
    unit_code: UnitCode
    residence_unit_code: CommuneCode
    submitted_at: AwareDatetime
    applicant: Applicant
    notify_by: Annotated[tuple[ContactChannel, ...], Field(max_length=2)] = ()
    form: Form
    attachments: Attachments = ()


class Supplement(Contract):
    """More papers or a corrected form for a dossier that was submitted: at least one of them.

    A form replaces the one before, of the same kind; an attachment those of its kind.

    Source: TT 01/2018/TT-VPCP and TT 03/2025/TT-VPCP, Mẫu 02.
    """

    portal_reference: PortalReference
    resubmitted_at: AwareDatetime
    form: Form | None = None
    attachments: Attachments = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.form is None and not self.attachments:
            raise PydanticCustomError("supplement_empty", "neither a form nor an attachment")
        return self


class Withdrawal(Contract):
    """That the citizen asks to have the dossier back (status 7 of the National Portal)."""

    portal_reference: PortalReference
    requested_at: AwareDatetime


class PortalEvent(Contract):
    """What every CloudEvent on `portal.submissions.v1` says of itself."""

    specversion: Literal["1.0"]
    id: UUID
    type: str
    source: PortalSource
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: Contract


class PortalSubmission(PortalEvent):
    """The CloudEvent of a submission on `portal.submissions.v1`."""

    type: Literal["vn.hotich.portal.submission.v1"]
    data: Submission


class PortalSupplement(PortalEvent):
    """The CloudEvent of a supplement on `portal.submissions.v1`."""

    type: Literal["vn.hotich.portal.supplement.v1"]
    data: Supplement


class PortalWithdrawal(PortalEvent):
    """The CloudEvent of a withdrawal on `portal.submissions.v1`."""

    type: Literal["vn.hotich.portal.withdrawal.v1"]
    data: Withdrawal


class Receipt(Contract):
    """The portal's proof that what it sent was taken, with the code (NĐ 87/2020, Điều 12).

    `received_at` is when that which it is `about` came in first.
    """

    portal: PortalId
    portal_reference: PortalReference
    dossier_id: UUID
    dossier_code: DossierCode
    received_at: AwareDatetime
    about: About = "submission"


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
    """The portal's answer on the bus when what it sent cannot be taken."""

    portal: PortalId
    portal_reference: PortalReference
    problem: Problem
    about: About = "submission"


class PortalReply(Contract):
    """The CloudEvent of an answer on the portal's own `portal.replies.<portal>.v1`."""

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
    """`data` of the signed callback that tells a portal where a dossier stands.

    `passed` are the statuses since the last one told, in order, ending with `status`; empty when
    it did not change. `due_at` is the appointment, when the step sets one.
    """

    portal_reference: PortalReference
    dossier_code: DossierCode
    status: PortalStatus
    step: Step
    event_id: UUID
    occurred_at: AwareDatetime
    passed: Annotated[tuple[PortalStatus, ...], Field(max_length=10)] = ()
    due_at: AwareDatetime | None = None


class StatusCallback(Contract):
    """The body of the signed callback (Standard Webhooks)."""

    type: Literal["dossier.status"] = "dossier.status"
    timestamp: AwareDatetime
    data: StatusUpdate


class PortalFeed(Contract):
    """A page of what a portal is told of its own dossiers, each as in a callback, in order.

    `next` is the place after the last of them, to be given as `after`; it is never empty.
    """

    items: Annotated[tuple[StatusCallback, ...], Field(max_length=1000)]
    next: Annotated[str, StringConstraints(min_length=1, max_length=400)]


class PortalQuestion(Contract):
    """What a portal is asked about its dossiers, signed like a callback.

    `references`: about these, at most a thousand. Else the list after the place `after`, of all
    or of those that changed `since`.
    """

    references: Annotated[tuple[PortalReference, ...], Field(max_length=1000)] | None = None
    after: Annotated[str, StringConstraints(max_length=256)] | None = None
    since: AwareDatetime | None = None


class PortalDossier(Contract):
    """A dossier as the portal knows it; without a code or a status none has come there yet."""

    portal_reference: PortalReference
    submitted_at: AwareDatetime
    dossier_code: DossierCode | None = None
    status: PortalStatus | None = None


class PortalDossiers(Contract):
    """A portal's answer; `next` is where the list goes on, empty at its end.

    What the portal was refused is no dossier and is not in it.
    """

    dossiers: Annotated[tuple[PortalDossier, ...], Field(max_length=1000)]
    next: Annotated[str, StringConstraints(max_length=256)] = ""


def problem_document(problem: Problem) -> dict[str, Any]:
    """Return the problem as JSON-ready data for `application/problem+json`."""
    return problem.model_dump(mode="json")
