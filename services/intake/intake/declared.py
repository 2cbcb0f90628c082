"""The declared facts that rules ask about, read one by one from a document that may be broken."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from contracts.model import ContactChannel, PortalReference, ProcedureCode, ProvinceCode, UnitCode

T = TypeVar("T")

_REFERENCE = TypeAdapter[str](PortalReference)
_PROCEDURE = TypeAdapter[str](ProcedureCode)
_PROVINCE = TypeAdapter[str](ProvinceCode)
_UNIT = TypeAdapter[str](UnitCode)
_INSTANT = TypeAdapter[datetime](AwareDatetime)
_DAY = TypeAdapter(date)
_CHANNELS = TypeAdapter[tuple[ContactChannel, ...]](tuple[ContactChannel, ...])
_TEXT = TypeAdapter(str)


@dataclass(frozen=True)
class Declared:
    """What a submission declares; None for what is absent or cannot be read."""

    portal_reference: str | None
    procedure_code: str | None
    province_code: str | None
    unit_code: str | None
    residence_unit_code: str | None
    submitted_at: datetime | None
    form_kind: str | None
    born_on: date | None
    died_on: date | None
    notify_by: tuple[ContactChannel, ...]
    contacts: frozenset[ContactChannel]


def read_declared(document: Any) -> Declared:
    """Return the facts that can be read, whatever else the document is."""
    applicant = _at(document, "applicant")
    contacts: set[ContactChannel] = set()
    # A contact that is there but malformed is the business of the schema.
    if _at(applicant, "phone") is not None:
        contacts.add("sms")
    if _at(applicant, "email") is not None:
        contacts.add("email")
    return Declared(
        portal_reference=read_reference(document),
        procedure_code=_read(_PROCEDURE, document, "procedure_code"),
        province_code=_read(_PROVINCE, document, "province_code"),
        unit_code=_read(_UNIT, document, "unit_code"),
        residence_unit_code=_read(_UNIT, document, "residence_unit_code"),
        submitted_at=_read(_INSTANT, document, "submitted_at"),
        form_kind=_read(_TEXT, document, "form", "kind"),
        born_on=_read(_DAY, document, "form", "deceased", "born_on"),
        died_on=_read(_DAY, document, "form", "died_on"),
        notify_by=_read(_CHANNELS, document, "notify_by") or (),
        contacts=frozenset(contacts),
    )


def read_reference(document: Any) -> str | None:
    """Return the portal reference of a submission, or None if it has no valid one."""
    return _read(_REFERENCE, document, "portal_reference")


def is_reference(text: str) -> bool:
    """Return whether the text may be a portal reference."""
    return read_reference({"portal_reference": text}) is not None


def _read(adapter: TypeAdapter[T], document: Any, *path: str) -> T | None:
    value = document
    for name in path:
        value = _at(value, name)
    if value is None:
        return None
    try:
        return adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return None


def _at(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
