"""What the forms have in common: names, places, papers, people's ties."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from contracts.model import CommuneCode, Contract, PastDay, ProvinceCode

#: Letters and signs that are seen: no control characters, no marks that turn or hide text.
_SEEN = r"^[^\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+$"
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True, pattern=_SEEN)
]
Short = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=_SEEN)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_SEEN)]
#: As `_SEEN`, and lines may end.
_SEEN_LINES = (
    r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*$"
)
Note = Annotated[str, StringConstraints(max_length=500, pattern=_SEEN_LINES)]
PersonalNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
DistrictCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Sex = Literal["male", "female"]
Relation = Literal["mother", "father", "guardian", "spouse", "child", "sibling", "other"]
MaritalStatus = Literal["never_married", "divorced", "widowed"]


class Address(Contract):
    """A place in Vietnam; a district stands in addresses until 2025-06-30."""

    province_code: ProvinceCode | None = None
    district_code: DistrictCode | None = None
    unit_code: CommuneCode | None = None
    detail: Line | None = None


class Residence(Contract):
    """Where someone lives, in Vietnam or abroad (Luật Cư trú 2020, Điều 11).

    `permanent` and `abroad` together declare a person settled abroad.
    """

    kind: Literal["permanent", "temporary", "current"]
    address: Address | None = None
    abroad: Line | None = None


class IdentityPaper(Contract):
    """A paper that proves who someone is (NĐ 123/2015/NĐ-CP, Điều 2)."""

    kind: Literal["identity_card", "old_identity_card", "passport", "other"]
    kind_other: Short | None = None
    number: Short
    issued_on: PastDay | None = None
    issued_by: Line | None = None


class Requester(Contract):
    """What a form adds to the applicant: where they live, and their paper."""

    residence: Residence | None = None
    paper: IdentityPaper | None = None


class CitizenForm(Contract):
    """What every form a citizen fills in ends with: who asks, how many copies, a note."""

    requester: Requester | None = None
    copies: Annotated[int, Field(ge=0, le=20)] | None = None
    note: Note | None = None
