"""The personal data of a dossier: as it is, and as it travels, encrypted."""

from typing import Annotated
from uuid import UUID

from pydantic import Base64Bytes, Field, StringConstraints

from contracts.applicant import Applicant
from contracts.forms import Form
from contracts.model import ContactChannel, Contract
from contracts.portal import Attachment


class Particulars(Contract):
    """Everything personal in a dossier; exists only encrypted outside a process."""

    applicant: Applicant
    notify_by: tuple[ContactChannel, ...]
    form: Form
    attachments: tuple[Attachment, ...] = ()


class ParticularsRecord(Contract):
    """The value on `dossier.particulars.v1`: AES-256-GCM, bound to dossier and version."""

    dossierid: UUID
    version: Annotated[int, Field(ge=1, le=2**31 - 2)]
    kid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    nonce: Base64Bytes
    ciphertext: Base64Bytes
