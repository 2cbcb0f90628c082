"""The form of a death."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from contracts.forms.dates import PartialDate
from contracts.forms.parts import (
    CitizenForm,
    Country,
    IdentityPaper,
    Line,
    Name,
    PersonalNumber,
    Relation,
    Residence,
    Sex,
    Short,
)
from contracts.model import CommuneCode, Contract, PastDay


class Deceased(Contract):
    """The deceased (Luật Hộ tịch 2014, Điều 33); `residence` is the last one."""

    full_name: Name
    sex: Sex
    born_on: PartialDate
    personal_number: PersonalNumber | None = None
    ethnicity: Short
    nationality: Country
    residence: Residence | None = None
    paper: IdentityPaper | None = None


class DeathNotice(Contract):
    """The death notice or what stands for it (NĐ 123/2015/NĐ-CP, Điều 4).

    `electronic_code` names the notice a hospital sent by itself.
    """

    electronic_code: Short | None = None
    electronic_issued_on: PastDay | None = None
    kind: Literal[
        "death_notice", "court_decision", "execution_record", "police_or_forensic_record", "other"
    ]
    number: Short | None = None
    issued_on: PastDay | None = None
    issued_by: Line | None = None


class DeathForm(CitizenForm):
    """Đăng ký khai tử."""

    kind: Literal["death"]
    deceased: Deceased
    died_on: PartialDate
    died_at: (
        Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None
    ) = None
    place_unit_code: CommuneCode
    place_detail: Line | None = None
    cause: Annotated[str, StringConstraints(max_length=200)] | None = None
    relation: Relation
    notice: DeathNotice | None = None
