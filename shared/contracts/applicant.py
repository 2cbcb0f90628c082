"""Who asks, how they are reached, and in which language."""

from typing import Annotated

from pydantic import EmailStr, Field, StringConstraints

from contracts.forms import Name, PersonalNumber
from contracts.model import Contract, Language


class Applicant(Contract):
    """The person who asks, and how to reach them; at least one contact is needed to be told.

    `language` is what they want to be written in; where none was chosen nothing is published of
    it, so that a reader from before there was a choice reads on.
    """

    full_name: Name
    personal_number: PersonalNumber
    phone: Annotated[str, StringConstraints(pattern=r"^\+84[0-9]{9}$")] | None = None
    email: EmailStr | None = None
    language: Annotated[Language | None, Field(exclude_if=lambda one: one is None)] = None
