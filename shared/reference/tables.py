"""Reading the CSV files of the reference data into checked tables of dated rows."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from reference.rows import Row

R = TypeVar("R", bound=Row)


class BadReferenceData(Exception):
    """The reference data contradict themselves: names the file, the rows and the fact."""

    def __init__(self, file: str, lines: Iterable[int], fact: str) -> None:
        """Keep what is wrong; `lines` count from 1, the header included."""
        self.file = file
        self.lines = tuple(lines)
        self.fact = fact
        rows = f"row{'s' * (len(self.lines) > 1)} {' and '.join(map(str, self.lines))}"
        super().__init__(f"{file}, {rows}: {fact}")


class Table(Generic[R]):
    """The rows of one file by key, those of a key in order of time and without a shared day."""

    def __init__(self, file: str, rows: Mapping[str, tuple[tuple[int, R], ...]]) -> None:
        """Take rows with their line numbers, sorted and checked."""
        self.file = file
        self._rows = rows

    def on(self, key: str, day: date) -> R | None:
        """Return the row of that key that is valid on that day, or None."""
        for _, row in self._rows.get(key, ()):
            if row.is_valid(day):
                return row
        return None

    def last(self, key: str) -> R | None:
        """Return the latest row of that key whatever the day, or None."""
        rows = self._rows.get(key)
        return rows[-1][1] if rows else None

    def history(self, key: str) -> tuple[R, ...]:
        """Return every row of that key, oldest first."""
        return tuple(row for _, row in self._rows.get(key, ()))

    def numbered(self) -> Iterator[tuple[int, R]]:
        """Yield every row with its line in the file, by key and then oldest first."""
        for rows in self._rows.values():
            yield from rows

    def __iter__(self) -> Iterator[R]:
        """Yield every row, by key and then oldest first."""
        return (row for _, row in self.numbered())


def read_table(path: Path, model: type[R], key: Callable[[R], str]) -> Table[R]:
    """Return the checked table in a CSV file.

    Raises BadReferenceData for a missing file, a cell that is not what `model` says, a period
    that ends before it begins, and two rows of one key that share a day.
    """
    grouped: dict[str, list[tuple[int, R]]] = defaultdict(list)
    for line, row in _read_rows(path, model):
        grouped[key(row)].append((line, row))
    for rows in grouped.values():
        rows.sort(key=lambda numbered: numbered[1].valid_from)
        _refuse_shared_days(path.name, key, rows)
    return Table(path.name, {name: tuple(rows) for name, rows in grouped.items()})


def _read_rows(path: Path, model: type[R]) -> Iterator[tuple[int, R]]:
    if not path.is_file():
        raise BadReferenceData(path.name, [1], "the file is missing")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, restkey="surplus cells")
        for cells in reader:
            row = _checked(path.name, reader.line_num, model, cells)
            if row.valid_to is not None and row.valid_to < row.valid_from:
                raise BadReferenceData(path.name, [reader.line_num], "it ends before it begins")
            yield reader.line_num, row


def _checked(file: str, line: int, model: type[R], cells: Mapping[str, object]) -> R:
    try:
        return model.model_validate(cells)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise BadReferenceData(file, [line], problems) from None


def _refuse_shared_days(file: str, key: Callable[[R], str], rows: list[tuple[int, R]]) -> None:
    for (earlier_line, earlier), (later_line, later) in pairwise(rows):
        if earlier.is_valid(later.valid_from):
            fact = f"overlapping validity of {key(later)} on {later.valid_from}"
            raise BadReferenceData(file, sorted((earlier_line, later_line)), fact)
