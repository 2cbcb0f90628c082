"""What the registry-sync says: what the register answered."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PositiveInt, StringConstraints

from contracts.events.base import Code, EventData, Round
from contracts.model import UnitCode

#: A number, book or page as the register writes it, for example `01/2026-ĐKKS`.
BookText = Annotated[str, StringConstraints(max_length=40, pattern=r"^[\w./ -]+$")]


class Registered(EventData):
    """The register entered the event in its book; `round` is that of the acceptance it answers."""

    name = "registered"
    service = "registry-sync"

    unit_code: UnitCode
    number: BookText
    book: BookText
    page: BookText | None = None
    registered_on: date
    personal_id_assigned: bool = False
    round: Round = 1


class RegisterReturned(EventData):
    """The register sent the dossier back; the one-stop tells the citizen."""

    name = "register_returned"
    service = "registry-sync"

    kind: Literal["supplement", "refused"]
    reasons: Annotated[tuple[Code, ...], Field(min_length=1)]
    round: Round = 1


class RegistrationInDoubt(EventData):
    """The register gave no answer: neither yes nor no is known; it is asked before it is told."""

    name = "registration_in_doubt"
    service = "registry-sync"

    attempt: PositiveInt
    since: AwareDatetime


class PersonalIdAssigned(EventData):
    """A registered child was given its personal number, days later; the number is in no event."""

    name = "personal_id_assigned"
    service = "registry-sync"

    round: Round = 1


class RegistrationCorrected(EventData):
    """The register changed the entry in its book; the whole entry as it now is.

    `revision` counts the corrections of a dossier from 1.
    """

    name = "registration_corrected"
    service = "registry-sync"

    unit_code: UnitCode
    number: BookText
    book: BookText
    page: BookText | None = None
    registered_on: date
    revision: PositiveInt
    round: Round = 1
