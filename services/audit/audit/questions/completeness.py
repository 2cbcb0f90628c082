"""Whether every dossier code that was issued has its dossier, and what the register's books show.

The intake counts the dossiers of a unit and day 1, 2, 3 …, in the code and without a gap. Codes
of dossiers taken over from the old road were issued elsewhere; one that has the form of ours moves
the counter up to its number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from audit.findings import Finding, Verdict
from audit.questions.codes import book_kind, numbered
from audit.questions.reading import Dossier, Source
from audit.questions.rows import Rows
from audit.questions.standing import IMPORTED, Standing, standing

_SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("issuer", pa.string()),
        ("unit_code", pa.string()),
        ("day", pa.date32()),
        ("number", pa.int32()),
        ("accepted", pa.bool_()),
        ("registered", pa.bool_()),
        ("imported", pa.bool_()),
        ("book_unit", pa.string()),
        ("form", pa.string()),
        ("book", pa.string()),
        ("entry", pa.string()),
    ]
)
_DAYS = """
SELECT unit_code, day, max(number), count(DISTINCT number), count(*) FILTER (accepted),
    count(*) FILTER (registered), count(DISTINCT number) FILTER (imported)
FROM codes WHERE number IS NOT NULL GROUP BY ALL ORDER BY unit_code, day
"""
# What was taken over with a code of that unit and day sets the counter to its number at least, so
# nothing can be said of numbers right before it.
_GAPS = """
SELECT unit_code, day, issuer, before + 1, number - 1 FROM (
    SELECT *, coalesce(lag(number) OVER (PARTITION BY unit_code, day ORDER BY number), 0) AS before
    FROM (SELECT unit_code, day, number, min(issuer) AS issuer, bool_or(imported) AS imported
        FROM codes WHERE number IS NOT NULL GROUP BY unit_code, day, number))
WHERE number > before + 1 AND NOT imported ORDER BY unit_code, day, 4
"""
_TWICE = "SELECT code, count(*) FROM codes GROUP BY code HAVING count(*) > 1 ORDER BY code"
_COUNTS = """
SELECT count(*) FILTER (number IS NOT NULL AND NOT imported), count(*),
    count(*) FILTER (accepted), count(*) FILTER (registered), count(*) FILTER (imported),
    count(*) FILTER (number IS NULL AND NOT imported)
FROM codes
"""
# The last digits of a number count: `12`, and in some books `12/2026` or `TP-12`.
_BOOKS = """
SELECT book_unit, form, book, count(DISTINCT n), coalesce(min(n), 0), coalesce(max(n), 0) FROM (
    SELECT *, TRY_CAST(regexp_extract(entry, '([0-9]+)', 1) AS BIGINT) AS n FROM codes
    WHERE entry IS NOT NULL)
GROUP BY book_unit, form, book ORDER BY book_unit, form, book
"""
_ENTRIES_TWICE = """
SELECT book_unit, form, book, entry, list(code ORDER BY code) FROM codes WHERE entry IS NOT NULL
GROUP BY book_unit, form, book, entry HAVING count(DISTINCT code) > 1
ORDER BY book_unit, form, book, entry
"""


@dataclass(frozen=True)
class DayOfUnit:
    """The codes of a unit and day: numbers 1 to `last`, and how many of them have a dossier.

    `imported` are those taken over with such a code.
    """

    unit_code: str
    day: date
    last: int
    present: int
    accepted: int
    registered: int
    imported: int


@dataclass(frozen=True)
class Gap:
    """Numbers no dossier has, first to last inclusive."""

    unit_code: str
    day: date
    issuer: str
    first: int
    last: int

    @property
    def count(self) -> int:
        """Return how many they are."""
        return self.last - self.first + 1

    @property
    def numbers(self) -> str:
        """Return them: `7`, or `7–9`."""
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


@dataclass(frozen=True)
class Book:
    """The entries of a book in the log; numbers without digits do not count as first or last."""

    unit_code: str
    form: str
    book: str
    count: int
    first: int
    last: int

    @property
    def missing(self) -> int:
        """Return how many numbers lie between that the log does not know; normal."""
        return max(0, self.last - self.first + 1 - self.count)


@dataclass
class Completeness:
    """The answer; lists are in the order of their keys."""

    counts: dict[str, int] = field(default_factory=dict)
    days: list[DayOfUnit] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    codes_twice: list[tuple[str, int]] = field(default_factory=list)
    books: list[Book] = field(default_factory=list)
    entries_twice: list[tuple[str, str, str, str, list[str]]] = field(default_factory=list)

    def findings(self) -> list[Finding]:
        """Return what is wrong: numbers without a dossier, and codes of several dossiers.

        A number of the register that stands for two dossiers is the register's to explain; it is
        told and changes no verdict.
        """
        return [*self._gaps(), *self._codes_twice(), *self._entries_twice()]

    def _gaps(self) -> Iterator[Finding]:
        for gap in self.gaps:
            text = f"{gap.issuer} of {gap.day}: no dossier has number {gap.numbers}"
            yield Finding(Verdict.INCOMPLETE, "dossier_missing", text)

    def _codes_twice(self) -> Iterator[Finding]:
        for code, count in self.codes_twice:
            yield Finding(Verdict.ALTERED, "conflict", f"{code}: the code of {count} dossiers")

    def _entries_twice(self) -> Iterator[Finding]:
        for unit, form, book, number, codes in self.entries_twice:
            text = f"number {number} of book {book} ({form}) of {unit}: {', '.join(codes)}"
            yield Finding(Verdict.SOUND, "entry_twice", text)


@dataclass(frozen=True)
class Wanted:
    """Which codes are looked at: of a unit, "" for all, issued on those days, both inclusive."""

    unit_code: str = ""
    first: date | None = None
    last: date | None = None

    def has(self, unit_code: str, day: date | None) -> bool:
        """Return whether a code of that unit and day is asked for."""
        if self.unit_code and unit_code != self.unit_code:
            return False
        if day is None:
            return self.first is None and self.last is None
        return not ((self.first and day < self.first) or (self.last and day > self.last))


def completeness_of(source: Source, wanted: Wanted) -> Completeness:
    """Return what the codes and the books show."""
    with Rows(source.base, "codes", _SCHEMA) as rows:
        for dossier in source.dossiers():
            now = standing(dossier.events)
            if now is not None and now.submitted_at is not None:
                _add(rows, dossier, now, wanted)
    names = ("issued", "submitted", "accepted", "registered", "imported", "unnumbered")
    (counts,) = rows.ask(_COUNTS)
    return Completeness(
        counts=dict(zip(names, counts, strict=True)),
        days=[DayOfUnit(*row) for row in rows.ask(_DAYS)],
        gaps=[Gap(*row) for row in rows.ask(_GAPS)],
        codes_twice=[(code, count) for code, count in rows.ask(_TWICE)],
        books=[Book(*row) for row in rows.ask(_BOOKS)],
        entries_twice=[(*row[:4], list(row[4])) for row in rows.ask(_ENTRIES_TWICE)],
    )


def _add(rows: Rows, dossier: Dossier, now: Standing, wanted: Wanted) -> None:
    issuer, unit_code, day, number = numbered(dossier.code)
    if not wanted.has(unit_code or now.unit_code, day):
        return
    entry = now.entry if now.status in ("registered", "handed_over") else None
    rows.add(
        dossier.code,
        issuer,
        unit_code,
        day,
        number,
        now.accepted_at is not None,
        now.entry is not None,
        now.road == IMPORTED,
        entry and entry.unit_code,
        entry and book_kind(now.procedure_code),
        entry and entry.book,
        entry and entry.number,
    )


def completeness_document(found: Completeness) -> dict[str, Any]:
    """Return the answer for a JSON document."""
    return {
        "counts": found.counts,
        "days": [vars(one) | {"day": one.day.isoformat()} for one in found.days],
        "books": [vars(one) | {"missing": one.missing} for one in found.books],
        "findings": [
            {"verdict": one.verdict.name, "kind": one.kind, "text": one.text}
            for one in found.findings()
        ],
    }
