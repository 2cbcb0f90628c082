"""The forms of a marriage and of the certificate of marital status."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.forms.dates import PartialDate
from contracts.forms.parts import (
    CitizenForm,
    Country,
    IdentityPaper,
    Line,
    MaritalStatus,
    Name,
    PersonalNumber,
    Relation,
    Residence,
    Sex,
    Short,
)
from contracts.model import Contract, PastDay, UnitCode


class Spouse(Contract):
    """One party to a marriage (Luật Hộ tịch 2014, Điều 17); the full birth date tells the age."""

    full_name: Name
    born_on: PastDay
    personal_number: PersonalNumber | None = None
    ethnicity: Short
    nationality: Country
    residence: Residence | None = None
    paper: IdentityPaper | None = None
    marriages_before: Annotated[int, Field(ge=0, le=20)] = 0
    marital_status: MaritalStatus | None = None
    marital_status_detail: Line | None = None
    status_lookup_asked: bool | None = None
    status_lookup_unit_code: UnitCode | None = None


class MarriageForm(CitizenForm):
    """Đăng ký kết hôn; `established_on` is the day of an earlier registration that was lost."""

    kind: Literal["marriage"]
    groom: Spouse
    bride: Spouse
    established_on: PartialDate | None = None


class Person(Contract):
    """A person whose marital status is certified."""

    full_name: Name
    sex: Sex | None = None
    born_on: PartialDate
    personal_number: PersonalNumber | None = None
    ethnicity: Short
    nationality: Country
    residence: Residence | None = None
    paper: IdentityPaper | None = None
    marital_status: MaritalStatus | None = None


class MaritalStatusForm(CitizenForm):
    """Cấp giấy xác nhận tình trạng hôn nhân."""

    kind: Literal["marital_status"]
    person: Person
    relation: Relation | None = None
    purpose: Literal["marriage", "property", "other"]
    intended_spouse: Name | None = None
