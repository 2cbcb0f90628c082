"""A paper from top to bottom, in the order it is read; the same for HTML and PDF."""

from dataclasses import dataclass

from routing.slips.content import ControlRow


@dataclass(frozen=True)
class Line:
    """A label and what is filled in after it."""

    label: str
    text: str


@dataclass(frozen=True)
class Section:
    """A heading and its numbered items."""

    heading: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Signature:
    """A place to sign: who signs, how, and the name below."""

    role: str
    hint: str
    name: str = ""


@dataclass(frozen=True)
class Head:
    """What every paper begins and ends with; a name or title in lines where it breaks well."""

    authority: tuple[str, ...]
    unit: str
    number: str
    dated: str
    title: str
    title_lines: tuple[str, ...]
    code: str
    footer: str


@dataclass(frozen=True)
class Page:
    """A slip from top to bottom; `highlight` is the day the citizen looks for."""

    head: Head
    who: tuple[Line, ...]
    lead: str
    sections: tuple[Section, ...]
    lines: tuple[Line, ...]
    highlight: Line | None
    closing: tuple[str, ...]
    small: tuple[Section, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class SheetPage:
    """The control sheet from top to bottom; a row has a cell for every column."""

    head: Head
    lines: tuple[Line, ...]
    columns: tuple[str, ...]
    rows: tuple[ControlRow, ...]
