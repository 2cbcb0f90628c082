"""The forms about an entry that is in the register: its change, and a copy of its extract."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

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
from contracts.model import Contract, PastDay, UnitCode

Change = Literal["change", "correction", "addition", "ethnicity_redetermination"]
Item = Literal[
    "surname",
    "middle_name",
    "given_name",
    "sex",
    "born_on",
    "birthplace",
    "home_town",
    "ethnicity",
    "nationality",
    "mother",
    "father",
    "other",
]


class BookEntry(Contract):
    """An entry in a register book, as far as the applicant knows it."""

    kind: Literal["birth", "marriage", "death", "parent_recognition", "guardianship", "other"]
    number: Short | None = None
    book: Short | None = None
    registered_on: PastDay | None = None
    unit_code: UnitCode | None = None
    place: Line | None = None


class Subject(Contract):
    """The person whose entry changes."""

    full_name: Name
    sex: Sex | None = None
    born_on: PartialDate
    personal_number: PersonalNumber | None = None
    ethnicity: Short
    nationality: Country
    residence: Residence | None = None
    paper: IdentityPaper | None = None


class ChangedItem(Contract):
    """One item of the entry: what stands there and what is asked for."""

    item: Item
    item_other: Short | None = None
    old_value: Line | None = None
    new_value: Line


class ChangeForm(CitizenForm):
    """Thay đổi, cải chính, bổ sung thông tin hộ tịch, xác định lại dân tộc.

    Source: Luật Hộ tịch 2014, Điều 26 to 29.
    """

    kind: Literal["change"]
    matter: Change
    entry: BookEntry
    person: Subject
    items: Annotated[tuple[ChangedItem, ...], Field(min_length=1, max_length=20)]
    ground: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    relation: Relation | None = None


class ExtractCopyForm(CitizenForm):
    """Cấp bản sao trích lục hộ tịch."""

    kind: Literal["extract_copy"]
    record: Literal["birth", "marriage", "death"]
    subject_full_name: Name
    number: Short | None = None
    book: Short | None = None
    registered_on: PastDay | None = None
    relation: Relation | None = None
    copies: Annotated[int, Field(ge=1, le=20)]
