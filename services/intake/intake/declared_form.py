"""The facts a form declares that the law asks about, whatever else the form is."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter

from contracts.forms import Change, Country, Item, PartialDate, PersonalNumber, Sex
from intake.lenient import at, read

_TEXT = TypeAdapter(str)
_SEX = TypeAdapter[Sex](Sex)
_DATE = TypeAdapter(PartialDate)
_COUNTRY = TypeAdapter[str](Country)
_NUMBER = TypeAdapter[str](PersonalNumber)
_CHANGE = TypeAdapter[Change](Change)
_ITEM = TypeAdapter[Item](Item)
_PARENTS: Final[dict[str, Sex | None]] = {"child": None, "mother": "female", "father": "male"}
#: The people of each form, with the sex that follows from the role.
ROLES: Final[dict[str, dict[str, Sex | None]]] = {
    "birth": _PARENTS,
    "birth_parent": _PARENTS,
    "linked_birth": _PARENTS,
    "marriage": {"groom": "male", "bride": "female"},
    "death": {"deceased": None},
    "marital_status": {"person": None},
    "change": {"person": None},
}


@dataclass(frozen=True)
class DeclaredPerson:
    """A person of a form; None for what is absent or cannot be read.

    `has_number` and `has_paper` say that something is there, readable or not.
    """

    sex: Sex | None
    born_on: PartialDate | None
    nationality: str | None
    personal_number: str | None
    has_number: bool
    has_paper: bool
    settled_abroad: bool


@dataclass(frozen=True)
class DeclaredForm:
    """What a form declares; `people` by role, only those who are there.

    `birthplaces` counts the commune and the place abroad; `items` has None for what is no item.
    """

    kind: str | None
    people: dict[str, DeclaredPerson]
    birthplaces: int
    born_abroad: bool
    died_on: PartialDate | None
    recognised_by: str | None
    change: Change | None
    items: tuple[Item | None, ...]


def read_form(form: Any) -> DeclaredForm:
    """Return the facts that can be read, whatever else the form is."""
    kind = read(_TEXT, form, "kind")
    roles = ROLES.get(kind or "", {})
    child = at(form, "child")
    places = [at(child, name) for name in ("birthplace_unit_code", "birthplace_abroad")]
    items = at(form, "items")
    return DeclaredForm(
        kind=kind,
        people={
            role: _person(at(form, role), sex)
            for role, sex in roles.items()
            if isinstance(at(form, role), dict)
        },
        birthplaces=sum(place is not None for place in places),
        born_abroad=places[1] is not None,
        died_on=read(_DATE, form, "died_on"),
        recognised_by=read(_TEXT, form, "recognition", "recognised_by"),
        change=read(_CHANGE, form, "matter"),
        items=tuple(read(_ITEM, one, "item") for one in items) if isinstance(items, list) else (),
    )


def _person(person: Any, sex: Sex | None) -> DeclaredPerson:
    residence = at(person, "residence")
    return DeclaredPerson(
        sex=sex or read(_SEX, person, "sex"),
        born_on=read(_DATE, person, "born_on"),
        nationality=read(_COUNTRY, person, "nationality"),
        personal_number=read(_NUMBER, person, "personal_number"),
        has_number=at(person, "personal_number") is not None,
        has_paper=at(person, "paper") is not None,
        settled_abroad=at(residence, "kind") == "permanent" and at(residence, "abroad") is not None,
    )
