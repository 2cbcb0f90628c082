"""The forms of the main-path procedures. Personal data: never on a lifecycle topic."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from contracts.model import Contract, PastDay, UnitCode

#: Letters and signs that are seen: no control characters, no marks that turn or hide text.
_SEEN = r"^[^\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+$"
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True, pattern=_SEEN)
]
Short = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=_SEEN)]
Note = Annotated[str, StringConstraints(max_length=500)]
PersonalNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Sex = Literal["male", "female"]
Relation = Literal["mother", "father", "guardian", "spouse", "child", "sibling", "other"]


class Parent(Contract):
    """A parent as the birth certificate names them (Luật Hộ tịch 2014, Điều 14)."""

    full_name: Name
    born_on: PastDay
    personal_number: PersonalNumber | None = None
    ethnicity: Short
    nationality: Country


class Child(Contract):
    """The child to be registered (Luật Hộ tịch 2014, Điều 14)."""

    full_name: Name
    sex: Sex
    born_on: PastDay
    birthplace_unit_code: UnitCode
    ethnicity: Short
    nationality: Country


class BirthForm(Contract):
    """Đăng ký khai sinh."""

    kind: Literal["birth"]
    child: Child
    mother: Parent
    father: Parent | None = None
    relation: Relation
    note: Note | None = None


class Spouse(Contract):
    """One party to a marriage (Luật Hộ tịch 2014, Điều 17)."""

    full_name: Name
    born_on: PastDay
    personal_number: PersonalNumber
    ethnicity: Short
    nationality: Country
    marriages_before: Annotated[int, Field(ge=0, le=20)] = 0


class MarriageForm(Contract):
    """Đăng ký kết hôn."""

    kind: Literal["marriage"]
    groom: Spouse
    bride: Spouse
    note: Note | None = None


class Deceased(Contract):
    """The deceased (Luật Hộ tịch 2014, Điều 33)."""

    full_name: Name
    sex: Sex
    born_on: PastDay
    personal_number: PersonalNumber | None = None
    ethnicity: Short
    nationality: Country


class DeathForm(Contract):
    """Đăng ký khai tử."""

    kind: Literal["death"]
    deceased: Deceased
    died_on: PastDay
    place_unit_code: UnitCode
    cause: Annotated[str, StringConstraints(max_length=200)] | None = None
    relation: Relation
    note: Note | None = None


class Person(Contract):
    """A person whose marital status is certified."""

    full_name: Name
    born_on: PastDay
    personal_number: PersonalNumber
    ethnicity: Short
    nationality: Country


class MaritalStatusForm(Contract):
    """Cấp giấy xác nhận tình trạng hôn nhân."""

    kind: Literal["marital_status"]
    person: Person
    purpose: Literal["marriage", "property", "other"]
    note: Note | None = None


class ExtractCopyForm(Contract):
    """Cấp bản sao trích lục hộ tịch."""

    kind: Literal["extract_copy"]
    record: Literal["birth", "marriage", "death"]
    subject_full_name: Name
    number: Short | None = None
    book: Short | None = None
    registered_on: PastDay | None = None
    copies: Annotated[int, Field(ge=1, le=20)]
    note: Note | None = None


Form = Annotated[
    BirthForm | MarriageForm | DeathForm | MaritalStatusForm | ExtractCopyForm,
    Field(discriminator="kind"),
]
