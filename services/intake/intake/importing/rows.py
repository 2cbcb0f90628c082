"""The rows of a file of legacy dossiers, whatever the file is: cells as text, or what is broken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MOST_ROWS: Final = 10_000
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

FILE_SOURCE: Final = "Đặc tả tệp chuyển đổi hồ sơ v1"


@dataclass(frozen=True)
class RowProblem:
    """One thing wrong with a row as a spreadsheet numbers it; never quotes a cell.

    `column` is empty for the whole row; of the form it goes on into it (`form.child.born_on`).
    """

    row: int
    column: str
    rule: str
    detail: str
    source: str = FILE_SOURCE


class UnreadableFile(Exception):
    """No row of the file can be looked at; `problems` say why."""

    def __init__(self, *problems: RowProblem) -> None:
        super().__init__(problems[0].rule)
        self.problems = problems


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
    problems: tuple[RowProblem, ...]

    @property
    def count(self) -> int:
        """Return how many rows there are, broken ones included, blank ones not."""
        return len(self.rows) + len({problem.row for problem in self.problems})


def sheet_of(lines: Iterator[Line]) -> Sheet:
    """Return the sheet; raises UnreadableFile for a wrong header or too many rows."""
    header = _header(next(lines, None))
    rows: list[Row] = []
    problems: list[RowProblem] = []
    count = 0
    for line in lines:
        if line.is_blank:
            continue
        count += 1
        if count > MOST_ROWS:
            detail = f"Tệp có quá {MOST_ROWS} dòng; hãy chia nhỏ."
            raise UnreadableFile(RowProblem(line.number, "", "file.too_many_rows", detail))
        broken = _broken(line, header)
        problems += broken
        if not broken:
            texts = dict(zip(header, line.cells, strict=True))
            rows.append(Row(line.number, {name: text for name, text in texts.items() if text}))
    return Sheet(tuple(rows), tuple(problems))


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
