"""Days on which the same rows are in force: no answer by rows tells them apart."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import fields
from datetime import date, timedelta
from functools import lru_cache

from reference.lookups import Reference
from reference.tables import Table

_ONE_DAY = timedelta(days=1)


class Eras:
    """The spans between days on which, in any of these data, a row begins or ceases to hold.

    Working calendars are no rows here: they have a word for every day.
    """

    def __init__(self, *known: Reference) -> None:
        """Take the data that are asked."""
        self._begins = sorted(set(_changes(known)))
        self._first = lru_cache(maxsize=4096)(self._first_of)

    def first_of(self, day: date) -> date:
        """Return the first day of the span of a day; `date.min` where no row was yet."""
        return self._first(day)

    def _first_of(self, day: date) -> date:
        before = bisect_right(self._begins, day)
        return self._begins[before - 1] if before else date.min


def _changes(known: tuple[Reference, ...]) -> Iterator[date]:
    tables = {
        id(table): table
        for data in known
        for one in fields(data)
        if isinstance(table := getattr(data, one.name), Table)
    }
    for table in tables.values():
        for _, row in table.numbered():
            yield row.valid_from
            if row.valid_to is not None and row.valid_to < date.max:
                yield row.valid_to + _ONE_DAY
