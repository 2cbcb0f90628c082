"""The reference data a command works on: those that ship, or a folder of the same files."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import reference
from console.failing import Failed
from contracts.model import VIETNAM
from reference import BadReferenceData, Reference, Table


def opened(folder: Path | None) -> Reference:
    """Return the data in the folder, without one those that are installed; raises Failed."""
    try:
        return reference.load() if folder is None else reference.load_from(folder)
    except BadReferenceData as bad:
        raise Failed(str(bad)) from None


def tables(data: Reference) -> Mapping[str, Table[Any]]:
    """Return every table by the name of its file, without the suffix."""
    found = (getattr(data, field.name) for field in fields(data))
    named = {one.file.removesuffix(".csv"): one for one in found if isinstance(one, Table)}
    return dict(sorted(named.items()))


def table(data: Reference, name: str) -> Table[Any]:
    """Return the table of that name; raises Failed naming those there are."""
    known = tables(data)
    if name not in known:
        raise Failed(f"no table {name!r}; there are: {', '.join(known)}")
    return known[name]


def day(text: str | None) -> date:
    """Return the day written as 2026-11-24, today in Vietnam for none; raises Failed."""
    if not text:
        return datetime.now(VIETNAM).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Failed(f"cannot read the day {text!r}; write it like 2026-11-24") from None
