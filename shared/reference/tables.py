"""Reading the CSV files of the reference data into checked tables of dated rows."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Generic, TypeVar, cast

from pydantic import ValidationError

from reference.rows import Row

R = TypeVar("R", bound=Row)


class BadReferenceData(Exception):
    """The reference data contradict themselves: names the file, the rows and the fact."""

    def __init__(self, file: str, lines: Iterable[int], fact: str) -> None:
        """Keep what is wrong; `lines` count from 1, the header included, none for the whole."""
        self.file = file
        self.lines = tuple(lines)
        self.fact = fact
        named = f"row{'s' * (len(self.lines) > 1)} {' and '.join(map(str, self.lines))}"
        super().__init__(f"{file}, {named}: {fact}" if self.lines else f"{file}: {fact}")


class Table(Generic[R]):
    """The rows of one file by key, those of a key in order of time and without a shared day."""

    def __init__(self, file: str, rows: Mapping[str, tuple[tuple[int, R], ...]]) -> None:
        """Take rows with their line numbers, sorted and checked."""
        self.file = file
        self._rows = rows

    @property
    def name(self) -> str:
        """Return the name of the file without its ending."""
        return self.file.removesuffix(".csv")

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

    def keyed(self) -> Iterator[tuple[str, R]]:
        """Yield every row with its key, by key and then oldest first."""
        for key, rows in self._rows.items():
            for _, row in rows:
                yield key, row

    def __iter__(self) -> Iterator[R]:
        """Yield every row, by key and then oldest first."""
        return (row for _, row in self.numbered())


def read_table(path: Path, model: type[R], key: Callable[[R], str]) -> Table[R]:
    """Return the checked table in a CSV file.

    Raises BadReferenceData for a file that is missing, empty, not UTF-8 or without a row, a header
    that lacks a column or has one too many, a row of another length, a cell that is not what
    `model` says, a period that ends before it begins, and two rows of one key that share a day.
    """
    grouped: dict[str, list[tuple[int, R]]] = defaultdict(list)
    for line, row in _read_rows(path, model):
        grouped[key(row)].append((line, row))
    if not grouped:
        raise BadReferenceData(path.name, [1], "there is no row below the header")
    for rows in grouped.values():
        rows.sort(key=lambda numbered: numbered[1].valid_from)
        _refuse_shared_days(path.name, key, rows)
    return Table(path.name, {name: tuple(rows) for name, rows in grouped.items()})


def _read_rows(path: Path, model: type[R]) -> Iterator[tuple[int, R]]:
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header = next(reader, [])
        _check_header(path.name, header, model)
        columns = set(header)
        for cells in reader:
            row = _checked(path.name, reader.line_num, model, header, cells)
            if row.valid_to is not None and row.valid_to < row.valid_from:
                raise BadReferenceData(path.name, [reader.line_num], "it ends before it begins")
            # Every row has every column: one note of that for all takes 2 MB less.
            yield reader.line_num, cast(R, model.model_construct(columns, **vars(row)))
    except csv.Error as error:
        raise BadReferenceData(path.name, [reader.line_num], f"not CSV: {error}") from None


def _text(path: Path) -> str:
    if not path.is_file():
        raise BadReferenceData(path.name, [1], "the file is missing")
    try:
        # Spreadsheets write a mark before the first column's name.
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadReferenceData(path.name, [1], f"not UTF-8 at byte {error.start}") from None
    if not text.strip():
        raise BadReferenceData(path.name, [1], "the file is empty")
    return text


def _check_header(file: str, header: list[str], model: type[Row]) -> None:
    expected, counted = model.columns(), Counter(header)
    wrong = {
        "lacks": expected - counted.keys(),
        "does not know": counted.keys() - expected,
        "repeats": {name for name, times in counted.items() if times > 1},
    }
    facts = [f"{what} {', '.join(sorted(names))}" for what, names in wrong.items() if names]
    if facts:
        raise BadReferenceData(file, [1], f"the header {'; '.join(facts)}")


def _checked(file: str, line: int, model: type[R], header: list[str], cells: list[str]) -> R:
    if len(cells) != len(header):
        fact = f"{len(cells)} cells where the header has {len(header)}"
        raise BadReferenceData(file, [line], fact)
    try:
        return model.model_validate(dict(zip(header, cells, strict=True)))
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
