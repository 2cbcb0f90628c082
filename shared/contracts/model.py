"""What every contract model has in common, and the small types they share."""

from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

#: Vietnam's civil time; the country has had no other offset since 1975.
VIETNAM = timezone(timedelta(hours=7), "ICT")


def local_day(at: datetime) -> date:
    """Return the day it is in Vietnam at that moment (aware): the one the law counts."""
    return at.astimezone(VIETNAM).date()


class Contract(BaseModel):
    """A closed, frozen document; error texts never quote the input."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


#: No day in a form lies before it: earlier ones are slips of the pen.
EARLIEST_DAY = date(1800, 1, 1)


def _not_in_future(value: date, info: ValidationInfo) -> date:
    if value < EARLIEST_DAY:
        raise PydanticCustomError("date_too_old", "the day is before 1800")
    today = (info.context or {}).get("today")
    if today is not None and value > today:
        raise PydanticCustomError("date_in_future", "the day is after today")
    return value


#: A day since 1800 that has come: checked against `context["today"]` when the caller gives one.
PastDay = Annotated[date, AfterValidator(_not_in_future)]

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
#: A commune: its five-digit code (QĐ 124/2004/QĐ-TTg; QĐ 19/2025/QĐ-TTg).
CommuneCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
#: An authority: a commune, or one of the districts that were competent until 2025-06-30 (3 digits).
UnitCode = Annotated[str, StringConstraints(pattern=r"^([0-9]{3}|[0-9]{5})$")]
ProvinceCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
ProcedureCode = Annotated[str, StringConstraints(pattern=r"^[0-9]\.[0-9]{6}$")]
PortalId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
PortalReference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]{1,64}$")]
DossierCode = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Z0-9]{1,5}(\.[A-Z0-9]{1,5}){0,5}-([0-9]{6}|[0-9]{8})-[0-9]{4,7}$"
    ),
]
Channel = Literal["national-portal", "provincial-portal", "moj-direct"]
ContactChannel = Literal["sms", "email"]
#: What citizens are written in; Vietnamese unless they chose.
Language = Literal["vi", "en"]
#: Which words a message had: their language and version, `vi-2`.
TemplateId = Annotated[str, StringConstraints(pattern=r"^(vi|en)-[0-9]{1,4}$")]
#: The steps of a dossier's life that people or portals are told of.
Step = Literal[
    "submitted",
    "resubmitted",
    "forwarded",
    "accepted",
    "returned",
    "rescheduled",
    "stopped",
    "resumed",
    "withdrawn",
    "registered",
    "personal_id_assigned",
    "registration_corrected",
    "handed_over",
]
ReturnKind = Literal["supplement", "refused", "wrong_authority"]


def problems_of(error: ValidationError) -> list[dict[str, Any]]:
    """Return every problem of a validation error as `field` and `rule`, without any input."""
    return [
        {"field": ".".join(str(part) for part in item["loc"]), "rule": item["type"]}
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
