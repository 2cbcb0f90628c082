"""The parts of a report, in the order they are read."""

from dataclasses import dataclass
from typing import Literal

from pages.words import Language


@dataclass(frozen=True)
class Table:
    """Rows under columns; the first column names the row, `numbers` says which hold numbers."""

    caption: str
    columns: tuple[str, ...]
    numbers: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A part of the report: sentences, perhaps a table, and how its figures were computed."""

    heading: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...]
    how: str


@dataclass(frozen=True)
class Page:
    """A report; `tone` is whether the archive is sound."""

    language: Language
    title: str
    subtitle: str
    labels: dict[str, str]
    verdict: str
    tone: Literal["sound", "not_sound"]
    sections: tuple[Section, ...]
    footer: str
