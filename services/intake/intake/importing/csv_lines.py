"""The lines of a CSV file: UTF-8 with or without its mark, cells apart by commas or semicolons."""

import csv
import io
from collections.abc import Iterator
from itertools import chain, count
from typing import Final

from intake.importing.row_problems import RowProblem, unreadable
from intake.importing.rows import MOST_CELLS, MOST_LINES, Line

#: The characters of a line, and the lines of text with those in quotes; no list needs as many.
LONGEST_LINE: Final = 256 * 1024
MOST_TEXT_LINES: Final = 1_000_000


def csv_lines(body: bytes) -> Iterator[Line]:
    """Yield the lines, numbered as a spreadsheet shows them.

    Raises UnreadableFile if it is no UTF-8, for too many lines, blank or not, and for one too long.
    A cell may hold line breaks in quotes; what begins with `=` would be a formula there.
    """
    pieces = _Pieces(body)
    head = next(pieces, "")
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(chain((head,), pieces), delimiter=delimiter, strict=True)
    for number in count(1):
        try:
            line = _line(number, next(reader))
        except StopIteration:
            return
        except csv.Error:
            detail = "Dòng không đọc được: dấu nháy hoặc độ dài ô không đúng."
            line = Line(number, (), (RowProblem(number, "", "row.broken", detail),))
        if number > MOST_LINES:
            detail = f"Tệp có quá {MOST_LINES} dòng, kể cả dòng trống."
            raise unreadable("file.too_many_rows", detail, number)
        yield line
        pieces.characters = 0


class _Pieces:
    """The lines of the text as the reader of cells asks for them, within bounds.

    `characters` were given since it was last set to 0.
    """

    def __init__(self, body: bytes) -> None:
        self._text = io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", newline="")
        self._count = 0
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            piece = self._text.readline(LONGEST_LINE + 1)
        except UnicodeDecodeError:
            detail = "Tệp phải là CSV mã hóa UTF-8, hoặc XLSX."
            raise unreadable("file.not_utf8", detail) from None
        if not piece:
            raise StopIteration
        self._count += 1
        self.characters += len(piece)
        if self.characters > LONGEST_LINE or self._count > MOST_TEXT_LINES:
            raise unreadable("file.too_large_inside", "Tệp có dòng quá dài hoặc quá nhiều dòng.")
        return piece


def _line(number: int, cells: list[str]) -> Line:
    if len(cells) > MOST_CELLS:
        if not any(cells):
            return Line(number, ())
        detail = f"Dòng có {len(cells)} ô, nhiều nhất {MOST_CELLS}."
        return Line(number, (), (RowProblem(number, "", "row.cells", detail),))
    texts = tuple(cell.strip() for cell in cells)
    return Line(number, texts, tuple(_formula(number, texts)))


def _formula(number: int, texts: tuple[str, ...]) -> Iterator[RowProblem]:
    """Yield a problem for the first formula: a line is as broken by one as by a thousand."""
    for position, text in enumerate(texts):
        if text.startswith("="):
            yield RowProblem(number, str(position), "cell.formula", "Ô không được là công thức.")
            return
