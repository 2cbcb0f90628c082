"""The reference data as if the law of one day were that of every day: for asking what if."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TypeVar

from reference.lookups import Reference
from reference.rows import Row
from reference.tables import Table

R = TypeVar("R", bound=Row)


class OneDay(Table[R]):
    """A table that answers every question about a day with the rows of one day.

    Its rows are valid always, not yet or no more: as they are on that day.
    """

    def __init__(self, table: Table[R], day: date) -> None:
        """Take the table and the day."""
        super().__init__(table.file, table._rows)
        self._day = day
        self._always = tuple(_always(row, day) for row in table)

    def on(self, key: str, day: date) -> R | None:
        """Return the row of that key that is valid on the one day, or None."""
        return super().on(key, self._day)

    def __iter__(self) -> Iterator[R]:
        """Yield every row, by key and then oldest first."""
        return iter(self._always)


def _always(row: R, day: date) -> R:
    """Return the row with the days for which it is on every day what it is on that one."""
    if row.is_valid(day):
        return row.model_copy(update={"valid_from": date.min, "valid_to": None})
    if row.valid_from > day:
        return row.model_copy(update={"valid_from": date.max, "valid_to": None})
    return row.model_copy(update={"valid_from": date.min, "valid_to": date.min})


def law_of(known: Reference, day: date) -> Reference:
    """Return the data with the law of that day in force on every day.

    Procedures, limits, channels, the move, the lists of reasons and what a one-stop does that is
    not competent are those of the day; places and working calendars stay as they are, so that a
    dossier keeps its own.
    """
    return replace(
        known,
        procedures=OneDay(known.procedures, day),
        channels=OneDay(known.channels, day),
        lawful_ways=OneDay(known.lawful_ways, day),
        time_limits=OneDay(known.time_limits, day),
        redirections=OneDay(known.redirections, day),
        moves=OneDay(known.moves, day),
        return_reasons=OneDay(known.return_reasons, day),
        act_reasons=OneDay(known.act_reasons, day),
    )
