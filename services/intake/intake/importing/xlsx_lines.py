"""The lines of an XLSX workbook, read cell by cell and within bounds whatever the file claims."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

from intake.importing.row_problems import RowProblem, unreadable
from intake.importing.rows import MOST_BYTES, MOST_CELLS, MOST_LINES, Line
from intake.importing.xlsx_bounds import merged_lines

#: The characters of a cell, and of all cells, as a CSV file of the most bytes may have.
LONGEST_CELL: Final = 128 * 1024
MOST_CHARACTERS: Final = MOST_BYTES

#: What the library and its parts raise for bytes that are no workbook.
_UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    InvalidFileException,
    ExpatError,
    ParseError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


def xlsx_lines(body: bytes) -> Iterator[Line]:
    """Yield the lines of the only sheet, numbered as it shows them.

    Raises UnreadableFile for what is no workbook, is too large inside, or has several sheets.
    """
    try:
        merged = merged_lines(body)
        workbook = load_workbook(io.BytesIO(body), read_only=True, keep_links=False)
        if len(workbook.sheetnames) != 1 or not workbook.worksheets:
            raise unreadable("file.several_sheets", "Tệp XLSX phải có đúng một trang tính.")
        yield from _lines(workbook.worksheets[0], merged)
    except _UNREADABLE:
        raise unreadable("file.not_xlsx", "Tệp XLSX không đọc được.") from None


def _lines(sheet: Any, merged: list[bool]) -> Iterator[Line]:
    # What a workbook says of its own size is not to be believed.
    sheet.reset_dimensions()
    width = characters = 0
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_CELLS), 1):
        if number > MOST_LINES:
            detail = f"Tệp có quá {MOST_LINES} dòng, kể cả dòng trống."
            raise unreadable("file.too_many_rows", detail, number)
        # One text may stand in many cells.
        characters += sum(len(cell.value) for cell in cells if isinstance(cell.value, str))
        if characters > MOST_CHARACTERS:
            raise unreadable("file.too_large_inside", "Tệp có quá nhiều chữ.", number)
        found = [_text(cell) for cell in cells]
        problems = list(_problems(number, cells, found))
        texts = [text or "" for text in found]
        while texts and not texts[-1] and len(texts) > width:
            texts.pop()
        width = width or len(texts)
        if merged[number] and (problems or any(texts)):
            problems.append(RowProblem(number, "", "row.merged", "Dòng có ô bị gộp."))
        yield Line(number, tuple(texts), tuple(problems))


def _text(cell: Any) -> str | None:
    """Return the text of a cell, empty for none; None for a formula or what is no such text."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return None
    if isinstance(value, str) and cell.data_type != "e":
        fits = len(value) <= LONGEST_CELL and not value.lstrip().startswith("=")
        return value.strip() if fits else None
    if isinstance(value, datetime):
        # A day in a spreadsheet is a fraction, so seconds come out a little beside.
        return (value + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _problems(
    number: int, cells: Sequence[Any], texts: Sequence[str | None]
) -> Iterator[RowProblem]:
    """Yield what is wrong with the cells that have no text, each rule once, for its first cell."""
    told: set[str] = set()
    for position, (cell, text) in enumerate(zip(cells, texts, strict=True)):
        if text is not None:
            continue
        found = _problem(number, position, cell)
        if found.rule not in told:
            told.add(found.rule)
            yield found


def _problem(number: int, position: int, cell: Any) -> RowProblem:
    text = isinstance(cell.value, str) and cell.data_type not in "ef"
    if text and len(cell.value) > LONGEST_CELL:
        return RowProblem(number, str(position), "cell.too_long", "Ô quá dài.")
    if text or cell.data_type == "f":
        return RowProblem(number, str(position), "cell.formula", "Ô không được là công thức.")
    detail = "Ô phải là văn bản, số nguyên hoặc ngày giờ."
    return RowProblem(number, str(position), "cell.type", detail)
