"""The declared facts that rules ask about, read one by one from a document that may be broken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, TypeAdapter

from contracts.model import ContactChannel, PortalReference, ProcedureCode, ProvinceCode, UnitCode
from intake.declared_form import DeclaredForm, read_form
from intake.lenient import at, read

_REFERENCE = TypeAdapter[str](PortalReference)
_PROCEDURE = TypeAdapter[str](ProcedureCode)
_PROVINCE = TypeAdapter[str](ProvinceCode)
_UNIT = TypeAdapter[str](UnitCode)
_INSTANT = TypeAdapter[datetime](AwareDatetime)
_CHANNELS = TypeAdapter[tuple[ContactChannel, ...]](tuple[ContactChannel, ...])


@dataclass(frozen=True)
class Declared:
    """What a submission declares; None for what is absent or cannot be read."""

    portal_reference: str | None
    procedure_code: str | None
    province_code: str | None
    unit_code: str | None
    residence_unit_code: str | None
    submitted_at: datetime | None
    form: DeclaredForm
    notify_by: tuple[ContactChannel, ...]
    contacts: frozenset[ContactChannel]


def read_declared(document: Any) -> Declared:
    """Return the facts that can be read, whatever else the document is."""
    applicant = at(document, "applicant")
    contacts: set[ContactChannel] = set()
    # A contact that is there but malformed is the business of the schema.
    if at(applicant, "phone") is not None:
        contacts.add("sms")
    if at(applicant, "email") is not None:
        contacts.add("email")
    return Declared(
        portal_reference=read_reference(document),
        procedure_code=read(_PROCEDURE, document, "procedure_code"),
        province_code=read(_PROVINCE, document, "province_code"),
        unit_code=read(_UNIT, document, "unit_code"),
        residence_unit_code=read(_UNIT, document, "residence_unit_code"),
        submitted_at=read_submitted_at(document),
        form=read_form(at(document, "form")),
        notify_by=read(_CHANNELS, document, "notify_by") or (),
        contacts=frozenset(contacts),
    )


def read_reference(document: Any) -> str | None:
    """Return the portal reference of a submission, or None if it has no valid one."""
    return read(_REFERENCE, document, "portal_reference")


def read_submitted_at(document: Any) -> datetime | None:
    """Return when a submission says it was made, or None if it does not."""
    return read(_INSTANT, document, "submitted_at")


def is_reference(text: str) -> bool:
    """Return whether the text may be a portal reference."""
    return read_reference({"portal_reference": text}) is not None
