"""One row per field: where it stands in our documents, and its name in the register's exchange."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from contracts.forms import PartialDate

#: Whether a name was seen in exchange code, follows from one seen, or is ours for want of one.
Confidence = Literal["found", "derived", "ours"]


def plain(value: Any) -> Any:
    """Return the value as it is."""
    return value


def day(value: Any) -> str:
    """Return a date as `dd.MM.yyyy`; of a partial one the last parts, as far as they are known."""
    text = str(value) if isinstance(value, PartialDate) else value.isoformat()
    return ".".join(reversed(text.split("-")))


def one_of(codes: dict[Any, str]) -> Callable[[Any], str]:
    """Return what writes a value as its code in a closed list."""
    return codes.__getitem__


@dataclass(frozen=True)
class Field:
    """A field of the particulars by path, its exchange name by path, and its English name."""

    group: str
    path: str
    name: str
    english: str
    confidence: Confidence = "found"
    write: Callable[[Any], Any] = plain


@dataclass(frozen=True)
class Rows:
    """A list in the particulars, its exchange name, and the fields of one of its members."""

    path: str
    name: str
    fields: tuple[Field, ...]


Mapping = Sequence[Field | Rows]


def exchange(document: BaseModel, mapping: Mapping) -> dict[str, Any]:
    """Return the document under exchange names; what is absent is empty.

    The fields of a part that is absent as a whole are left out.
    """
    written: dict[str, Any] = {}
    for one in mapping:
        whole, _, last = one.path.rpartition(".")
        part = _at(document, whole)
        if part is None:
            continue
        value = getattr(part, last)
        if isinstance(one, Rows):
            _put(written, one.name, [exchange(member, one.fields) for member in value])
        else:
            _put(written, one.name, "" if value is None else one.write(value))
    return written


def leaves(mapping: Mapping) -> Iterator[Field]:
    """Yield every field with its whole paths; a member of a list stands after `[]`."""
    for one in mapping:
        if isinstance(one, Field):
            yield one
            continue
        for field in one.fields:
            path, name = f"{one.path}[].{field.path}", f"{one.name}[].{field.name}"
            yield Field(field.group, path, name, field.english, field.confidence, field.write)


def _at(document: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        document = None if document is None else getattr(document, name)
    return document


def _put(written: dict[str, Any], name: str, value: Any) -> None:
    whole, _, last = name.rpartition(".")
    target = written.setdefault(whole, {}) if whole else written
    target[last] = value
