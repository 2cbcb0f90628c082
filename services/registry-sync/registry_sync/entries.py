"""The entry in the register's book as it is now, and whether that is a correction."""

from dataclasses import replace
from datetime import date
from typing import Final

from reference import Reference
from registry_sync.registration import BookEntry, RegisterEntry, Registration

#: More corrections at once are no clerk's work: a change in how the register writes its entries.
MOST_CORRECTIONS: Final = 20


def entry_now(case: Registration, said: RegisterEntry) -> BookEntry:
    """Return the entry as the register now says it, for comparison with `case.entry`.

    What it does not say is as it was: of who entered it and of the page it need not tell. So is
    what differs in its spaces only.
    """
    known = case.entry
    if known is None:
        unit_code = said.unit_code or case.told_unit or case.unit_code
        return BookEntry(unit_code, said.number, said.book, said.page, said.registered_on)
    return BookEntry(
        said.unit_code or known.unit_code,
        _as_it_was(known.number, said.number),
        _as_it_was(known.book, said.book),
        known.page if said.page is None else _as_it_was(known.page or "", said.page),
        said.registered_on,
    )


def _as_it_was(known: str, said: str) -> str:
    return known if known.split() == said.split() else said


def is_correction(case: Registration, entry: BookEntry, known: Reference) -> bool:
    """Return whether the entry is another one than was published, and so is to be published.

    Who entered it is no news when the register tells it for the first time, or tells the unit
    that succeeded it or that it belonged to.
    """
    before = case.entry
    if before is None or entry == before:
        return False
    if replace(entry, unit_code=before.unit_code) != before:
        return True
    one, other = before.unit_code, entry.unit_code
    return case.unit_told and not _is_same_place(known, one, other, before.registered_on)


def _is_same_place(known: Reference, one: str, other: str, on: date) -> bool:
    return _is_related(known, one, other, on) or _is_related(known, other, one, on)


def _is_related(known: Reference, one: str, other: str, on: date) -> bool:
    unit = known.unit(one, on)
    return unit is not None and (other == unit.district_code or other in unit.successors)


def are_too_many(corrections: int, before: int = 0, compared: int = 0) -> bool:
    """Return whether so many corrections at once are for a person to look at.

    `before` were published by the same comparison, of the `compared`: one in a hundred may be.
    """
    is_too_much = before + corrections > max(MOST_CORRECTIONS, compared // 100)
    return corrections > MOST_CORRECTIONS or (corrections > 0 and is_too_much)
