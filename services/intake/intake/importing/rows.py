"""The rows of a file of legacy dossiers, whatever the file is: cells as text, or what is broken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from intake.importing.row_problems import NONE, RowProblem, Tally, UnreadableFile, tally

MOST_ROWS: Final = 10_000
#: Lines and cells of a line looked at, blank ones included; what lies further is no list.
MOST_LINES: Final = 2 * MOST_ROWS
MOST_CELLS: Final = 40
MOST_BYTES: Final = 20 * 1024 * 1024

REQUIRED: Final = (
    "legacy_code",
    "province_code",
    "unit_code",
    "residence_unit_code",
    "procedure_code",
    "submitted_at",
    "stage",
    "full_name",
    "personal_number",
)
OPTIONAL: Final = ("received_at", "phone", "email", "notify_by", "form")
COLUMNS: Final = REQUIRED + OPTIONAL


@dataclass(frozen=True)
class Line:
    """A row before its header is known: the texts of its cells, and what is wrong with them.

    The column of a problem is the position of its cell, counted from 0, as text.
    """

    number: int
    cells: tuple[str, ...]
    problems: tuple[RowProblem, ...] = ()

    @property
    def is_blank(self) -> bool:
        """Return whether nothing is in it."""
        return not self.problems and not any(self.cells)


@dataclass(frozen=True)
class Row:
    """A row whose cells can be read: the text of each column that is not empty."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str | None:
        """Return the text of a column, None if it is empty or not there."""
        return self.cells.get(column)


@dataclass(frozen=True)
class Sheet:
    """The rows that can be read, and the problems of those that cannot, in order."""

    rows: tuple[Row, ...]
    tally: Tally = NONE

    @property
    def problems(self) -> tuple[RowProblem, ...]:
        """Return the problems that were kept."""
        return self.tally.kept

    @property
    def count(self) -> int:
        """Return how many rows there are, broken ones included, blank ones not."""
        return len(self.rows) + len(self.tally.rows)


def sheet_of(lines: Iterator[Line]) -> Sheet:
    """Return the sheet; raises UnreadableFile for a wrong header or too many rows."""
    header = _header(next(lines, None))
    rows: list[Row] = []
    found = tally(_problems(lines, header, rows))
    return Sheet(tuple(rows), found)


def _problems(
    lines: Iterator[Line], header: Sequence[str], rows: list[Row]
) -> Iterator[RowProblem]:
    """Yield what is wrong with the lines; those that can be read are added to the rows."""
    count = 0
    for line in lines:
        if line.is_blank:
            continue
        count += 1
        if count > MOST_ROWS:
            detail = f"Tệp có quá {MOST_ROWS} dòng; hãy chia nhỏ."
            raise UnreadableFile(RowProblem(line.number, "", "file.too_many_rows", detail))
        broken = _broken(line, header)
        yield from broken
        if not broken:
            texts = dict(zip(header, line.cells, strict=True))
            rows.append(Row(line.number, {name: text for name, text in texts.items() if text}))


def _header(line: Line | None) -> tuple[str, ...]:
    names = () if line is None else line.cells
    wrong = [
        *(("header.missing", name) for name in REQUIRED if name not in names),
        *(("header.unknown", str(n)) for n, name in enumerate(names, 1) if name not in COLUMNS),
        *(("header.repeated", name) for name in COLUMNS if names.count(name) > 1),
    ]
    if wrong:
        raise UnreadableFile(*(RowProblem(1, at, rule, _HEADERS[rule]) for rule, at in wrong))
    return names


_HEADERS: Final = {
    "header.missing": "Dòng tiêu đề thiếu cột này.",
    "header.unknown": "Dòng tiêu đề có cột (theo số thứ tự) không có trong đặc tả.",
    "header.repeated": "Dòng tiêu đề có cột này nhiều lần.",
}


def _broken(line: Line, header: Sequence[str]) -> list[RowProblem]:
    found = [
        RowProblem(one.row, _named(one.column, header), one.rule, one.detail, one.source)
        for one in line.problems
    ]
    if len(line.cells) != len(header) and not found:
        detail = f"Dòng có {len(line.cells)} ô, dòng tiêu đề có {len(header)} ô."
        found.append(RowProblem(line.number, "", "row.cells", detail))
    return found


def _named(position: str, header: Sequence[str]) -> str:
    return header[int(position)] if position and int(position) < len(header) else ""
