"""What the law of a day has in store for a submission: pure, so that two days can be compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from contracts.model import local_day
from reference import Reference, appointment, deadline, reception_limit


@dataclass(frozen=True)
class Outlook:
    """What would become of a submission handed in and received at one instant.

    Texts for people; empty where the law of the day has no answer.
    """

    channel: str
    procedure: str
    authority: str
    attachments: str
    reception: str
    due: str
    limit: str
    because: str


@dataclass(frozen=True)
class Difference:
    """One fact of one submission that is not the same on the other day."""

    name: str
    fact: str
    before: str
    after: str


def outlook(
    data: Reference,
    submission: Mapping[str, Any],
    channel: str,
    at: datetime,
    law_of: date | None = None,
) -> Outlook:
    """Return what the law of a day says of the submission, handed in and received at `at` (aware).

    The law is that of the local day of `at`, or of the day `law_of`. `submission` is the body of
    `POST /v1/submissions`; only its codes are looked at.
    """
    on = law_of or local_day(at)
    province, code = str(submission["province_code"]), str(submission["procedure_code"])
    refusal = data.may_submit(channel, province, on)
    procedure = data.procedure(code, on)
    if procedure is None:
        return Outlook(_channel(refusal), "not valid", "", "", "", "", "", "")
    unit = data.unit(str(submission["unit_code"]), on)
    calendar = data.calendar(unit.province_code if unit else province)
    units = data.competent_units(procedure, str(submission["residence_unit_code"]), on)
    reception = reception_limit(data, code, on)
    promised = appointment(data, procedure, on, at, calendar)
    looked_at = deadline(at, reception, calendar) if reception else None
    return Outlook(
        channel=_channel(refusal),
        procedure=f"{procedure.name_vi} ({procedure.level.value})",
        authority=_units(units),
        attachments=" ".join(procedure.attachments),
        reception=f"{looked_at.due_at:%Y-%m-%d %H:%M}" if looked_at else "",
        due=f"{promised.due.due_at:%Y-%m-%d %H:%M}" if promised else "no limit known",
        limit=f"{promised.due.limit_value} {promised.due.unit.value}" if promised else "",
        because=promised.due.source if promised else "",
    )


def differences(name: str, before: Outlook, after: Outlook) -> Iterator[Difference]:
    """Yield what is not the same, in the order of the outlook's facts."""
    for field in fields(Outlook):
        one, other = getattr(before, field.name), getattr(after, field.name)
        if one != other:
            yield Difference(name, field.name, one, other)


def _channel(refusal: Any) -> str:
    return "open" if refusal is None else f"refused: {refusal.rule}"


def _units(units: frozenset[str]) -> str:
    shown = sorted(units)
    return ", ".join(shown) if len(shown) <= 3 else f"{len(shown)} authorities of the province"
