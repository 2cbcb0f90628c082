"""The forms of a birth: alone, with the recognition of a parent, and linked to what follows."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from contracts.forms.dates import PartialDate
from contracts.forms.parts import (
    Address,
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


class Parent(Contract):
    """A parent as the birth certificate names them (Luật Hộ tịch 2014, Điều 14)."""

    full_name: Name
    born_on: PartialDate
    personal_number: PersonalNumber | None = None
    ethnicity: Short
    nationality: Country
    residence: Residence | None = None
    paper: IdentityPaper | None = None


class ForeignPlace(Contract):
    """A place abroad, as the foreign paper names it."""

    country: Country
    detail: Line


class Child(Contract):
    """The child to be registered (Luật Hộ tịch 2014, Điều 14).

    Born in a commune or abroad; the birth certificate knows no partial date.
    """

    full_name: Name
    sex: Sex
    born_on: PastDay
    birthplace_unit_code: CommuneCode | None = None
    birthplace_detail: Line | None = None
    birthplace_abroad: ForeignPlace | None = None
    home_town: Address | None = None
    ethnicity: Short
    nationality: Country
    paper: IdentityPaper | None = None


class BirthNotification(Contract):
    """The hospital's notification of a birth (Luật Hộ tịch 2014, Điều 16)."""

    number: Short
    issued_on: PastDay | None = None


class ForeignRegistration(Contract):
    """An earlier registration by an authority abroad."""

    number: Short
    registered_on: PastDay
    authority: Line
    country: Country


class BirthForm(CitizenForm):
    """Đăng ký khai sinh."""

    kind: Literal["birth"]
    child: Child
    mother: Parent
    father: Parent | None = None
    relation: Relation
    notification: BirthNotification | None = None
    registered_abroad: ForeignRegistration | None = None


class KinshipProof(Contract):
    """What proves that two people are parent and child (TT 04/2020/TT-BTP, Điều 14)."""

    kind: Literal["dna_test", "witnessed_statement", "other"]
    number: Short | None = None
    issued_on: PastDay | None = None
    issued_by: Line | None = None


class Recognition(Contract):
    """Which parent recognises the child, and by what proof (Luật Hộ tịch 2014, Điều 25)."""

    recognised_by: Literal["father", "mother"]
    proof: KinshipProof


class BirthParentForm(CitizenForm):
    """Đăng ký khai sinh kết hợp đăng ký nhận cha, mẹ, con."""

    kind: Literal["birth_parent"]
    child: Child
    mother: Parent
    father: Parent | None = None
    relation: Relation
    recognition: Recognition
    notification: BirthNotification | None = None
    registered_abroad: ForeignRegistration | None = None


class ResidenceRegistration(Contract):
    """The household in which the child is registered as resident (Luật Cư trú 2020, Điều 20)."""

    head_full_name: Name
    head_personal_number: PersonalNumber | None = None
    relation_to_head: Short
    address: Address


class HealthInsurance(Contract):
    """Where the child is first treated on its health insurance card."""

    clinic_code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{3,10}$")] | None = None
    clinic_name: Line


class IdentityCard(Contract):
    """How the child's identity card is handed over (Luật Căn cước 2023, Điều 23)."""

    delivery: Literal["pickup", "post"]
    delivery_address: Address | None = None


class LinkedBirthForm(CitizenForm):
    """Liên thông: khai sinh, thường trú, thẻ bảo hiểm y tế, căn cước cho trẻ dưới 6 tuổi."""

    kind: Literal["linked_birth"]
    child: Child
    mother: Parent
    father: Parent | None = None
    relation: Relation
    notification: BirthNotification | None = None
    residence_registration: ResidenceRegistration
    health_insurance: HealthInsurance
    identity_card: IdentityCard | None = None
