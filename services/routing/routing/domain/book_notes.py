"""How an entry of the register's book stands in a note of the trail."""

from dataclasses import dataclass
from datetime import date

#: Stands in no number, book or page (`BookText`), and neither does it in older notes.
_BETWEEN = ","


@dataclass(frozen=True)
class NotedEntry:
    """An entry as a note has it.

    A note of before says number and book alone: then `registered_on` is None and whether there
    is a page is not known.
    """

    number: str
    book: str
    page: str | None = None
    registered_on: date | None = None

    def __str__(self) -> str:
        """Return the note: `15, 01/2026, 16, 2026-11-23`, an empty page if there is none."""
        parts = (self.number, self.book, self.page or "", str(self.registered_on or ""))
        return f"{_BETWEEN} ".join(parts)


def noted_entry(note: str) -> NotedEntry | None:
    """Return the entry a note says, None for an empty note.

    Notes of before are number and book with a blank between; of a number with blanks of its own
    nobody can tell any more where it ends.
    """
    if _BETWEEN not in note:
        number, _, book = note.strip().partition(" ")
        return NotedEntry(number, book) if number else None
    number, book, page, day = (part.strip() for part in note.split(_BETWEEN))
    return NotedEntry(number, book, page or None, date.fromisoformat(day))
