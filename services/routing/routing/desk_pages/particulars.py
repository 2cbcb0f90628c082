"""The personal data of a dossier as an officer reads them: sections of labels and values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.forms import (
    Address,
    ChangedItem,
    ForeignPlace,
    IdentityPaper,
    PartialDate,
    Requester,
    Residence,
)
from contracts.model import Contract
from contracts.particulars import Particulars
from routing.desk_pages.names import Names


@dataclass(frozen=True)
class Line:
    """A label and what was declared there; `wide` texts may run over several lines."""

    label: str
    text: str
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """One person or matter of the form."""

    key: str
    title: str
    lines: tuple[Line, ...]


#: Fields of a form that are not its matter, or stand elsewhere.
_ELSEWHERE = {"kind", "requester", "register_holds_form"}
_WIDE = {"note", "ground", "cause"}


def sections_of(particulars: Particulars, names: Names, on: date) -> tuple[Section, ...]:
    """Return who asks, then each part of the form, then the rest of it; empty parts left out.

    Places are called as on that day, the one of the submission.
    """
    reader = _Reader(names, on)
    applicant = [*reader.lines(particulars.applicant), *reader.requester(particulars.form)]
    notify = ", ".join(names.said(f"desk.value.{one}", one) for one in particulars.notify_by)
    applicant += [Line(names.say("desk.field.notify_by"), notify)] if notify else []
    found = [Section("applicant", names.say("desk.part.applicant"), tuple(applicant))]
    rest: list[Line] = []
    for name, value in _fields(particulars.form):
        if name in _ELSEWHERE:
            continue
        if isinstance(value, Contract) and not isinstance(value, _IN_A_LINE):
            lines = tuple(reader.lines(value))
            found.append(Section(name, names.said(f"desk.part.{name}", name), lines))
        else:
            rest += reader.line(name, value)
    if rest:
        found.append(Section("rest", names.say("desk.part.rest"), tuple(rest)))
    return tuple(section for section in found if section.lines)


def _fields(model: Contract) -> Iterator[tuple[str, Any]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if value is not None and value not in ("", ()):
            yield name, value


@dataclass(frozen=True)
class _Reader:
    names: Names
    on: date

    def requester(self, form: Contract) -> list[Line]:
        """Return what a form adds to the applicant."""
        requester = getattr(form, "requester", None)
        return self.lines(requester) if isinstance(requester, Requester) else []

    def lines(self, model: Contract) -> list[Line]:
        """Return a line for each field of a part, what is in it put into words."""
        return [line for name, value in _fields(model) for line in self.line(name, value)]

    def line(self, name: str, value: Any) -> list[Line]:
        """Return the lines of one field: one for most, of a list one for each item."""
        if isinstance(value, tuple):
            return [line for one in value for line in self.line(name, one)]
        if isinstance(value, ChangedItem):
            return [self._changed(value)]
        label = self.names.said(f"desk.field.{name}", name)
        return [Line(label, self.text(name, value), name in _WIDE)]

    def text(self, name: str, value: Any) -> str:
        """Return a value in words."""
        for kind, said in _IN_WORDS.items():
            if isinstance(value, kind):
                return said(self, value)
        if name.endswith("unit_code"):
            return self.names.place(str(value), self.on)
        if name in ("nationality", "country"):
            return self.names.country(str(value))
        return self.names.said(f"desk.value.{value}", str(value)) if name in _CODED else str(value)

    def _yes(self, value: bool) -> str:
        return self.names.say("desk.value.yes" if value else "desk.value.no")

    def _day(self, value: date) -> str:
        return f"{value:%d/%m/%Y}"

    def _partial(self, value: PartialDate) -> str:
        known = (value.day, value.month, value.year)
        return "/".join(f"{part:02d}" for part in known if part is not None)

    def _residence(self, value: Residence) -> str:
        kind = self.names.say(f"desk.value.{value.kind}")
        where = value.abroad or (self._address(value.address) if value.address else "")
        return f"{where} ({kind.lower()})" if where else kind

    def _address(self, value: Address) -> str:
        parts = [value.detail]
        if value.unit_code:
            parts.append(self.names.place(value.unit_code, self.on))
        else:
            parts.append(value.district_code and self.names.unit(value.district_code, self.on))
            parts.append(value.province_code and self.names.province(value.province_code, self.on))
        return ", ".join(part for part in parts if part)

    def _abroad(self, value: ForeignPlace) -> str:
        return f"{value.detail}, {self.names.country(value.country)}"

    def _paper(self, value: IdentityPaper) -> str:
        kind = value.kind_other or self.names.say(f"desk.value.{value.kind}")
        parts = [f"{kind} {value.number}"]
        if value.issued_on:
            parts.append(self.names.say("desk.issued_on", day=self._day(value.issued_on)))
        if value.issued_by:
            parts.append(self.names.say("desk.issued_by", issuer=value.issued_by))
        return ", ".join(parts)

    def _changed(self, value: ChangedItem) -> Line:
        label = value.item_other or self.names.say(f"desk.item.{value.item}")
        if value.old_value is None:
            return Line(label, self.names.say("desk.added", new=value.new_value), True)
        changed = self.names.say("desk.changed", old=value.old_value, new=value.new_value)
        return Line(label, changed, True)

    def _part(self, value: Contract) -> str:
        return "; ".join(f"{line.label}: {line.text}" for line in self.lines(value))


_IN_A_LINE = (Address, Residence, IdentityPaper, ForeignPlace)
#: Fields whose values are codes of ours; what a person typed is shown as it is.
_CODED = frozenset(
    """
    sex relation marital_status purpose record matter kind recognised_by delivery
    """.split()  # noqa: SIM905
)
#: The first kind that fits says it: a bool is an int, a moment a date.
_IN_WORDS: Mapping[type, Callable[[_Reader, Any], str]] = {
    bool: _Reader._yes,
    PartialDate: _Reader._partial,
    date: _Reader._day,
    Residence: _Reader._residence,
    Address: _Reader._address,
    ForeignPlace: _Reader._abroad,
    IdentityPaper: _Reader._paper,
    Contract: _Reader._part,
}
