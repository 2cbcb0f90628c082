"""The lines of an XLSX workbook, read cell by cell and within bounds whatever the file claims."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

from intake.importing.rows import MOST_ROWS, Line, RowProblem, UnreadableFile

#: What all parts of a workbook may be together once unpacked; each is read within its own claim.
MOST_UNPACKED_BYTES: Final = 96 * 1024 * 1024
#: Rows and columns looked at, blank ones included; what lies further is not a list of dossiers.
MOST_LINES: Final = 2 * MOST_ROWS
MOST_CELLS: Final = 40

_SHEETS = re.compile(r"xl/worksheets/[^/]+\.xml")
_MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]{0,60}?ref="\$?[A-Z]{1,3}\$?(\d{1,7})(?::\$?[A-Z]{1,3}\$?(\d{1,7}))?"'
)
_PIECE, _OVERLAP = 1 << 20, 200
#: What the library and its parts raise for bytes that are no workbook.
_UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    InvalidFileException,
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

    Raises UnreadableFile for what is no workbook, is too large unpacked, or has several sheets.
    """
    try:
        merged = _merged_rows(body)
        workbook = load_workbook(io.BytesIO(body), read_only=True, keep_links=False)
        if len(workbook.sheetnames) != 1 or not workbook.worksheets:
            raise _unreadable("file.several_sheets", "Tệp XLSX phải có đúng một trang tính.")
        yield from _lines(workbook.worksheets[0], merged)
    except _UNREADABLE:
        raise _unreadable("file.not_xlsx", "Tệp XLSX không đọc được.") from None


def _lines(sheet: Any, merged: list[bool]) -> Iterator[Line]:
    # What a workbook says of its own size is not to be believed.
    sheet.reset_dimensions()
    width = 0
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_CELLS), 1):
        if number > MOST_LINES:
            raise _unreadable("file.too_many_rows", f"Tệp có quá {MOST_LINES} dòng.", number)
        texts, problems = [], []
        for position, cell in enumerate(cells):
            text = _text(cell)
            texts.append(text or "")
            if text is None:
                problems.append(_problem(number, position, cell))
        while texts and not texts[-1] and len(texts) > width:
            texts.pop()
        width = width or len(texts)
        if merged[number] and (problems or any(texts)):
            problems.append(RowProblem(number, "", "row.merged", "Dòng có ô bị gộp."))
        yield Line(number, tuple(texts), tuple(problems))


def _text(cell: Any) -> str | None:
    """Return the text of a cell, empty for none; None for a formula or what is no text."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return None
    if isinstance(value, str) and cell.data_type != "e":
        return value.strip() if not value.lstrip().startswith("=") else None
    if isinstance(value, datetime):
        # A day in a spreadsheet is a fraction, so seconds come out a little beside.
        return (value + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _problem(number: int, position: int, cell: Any) -> RowProblem:
    if cell.data_type == "f" or (isinstance(cell.value, str) and cell.data_type != "e"):
        return RowProblem(number, str(position), "cell.formula", "Ô không được là công thức.")
    detail = "Ô phải là văn bản, số nguyên hoặc ngày giờ."
    return RowProblem(number, str(position), "cell.type", detail)


def _merged_rows(body: bytes) -> list[bool]:
    """Return for each line, counted from 1, whether cells of it are merged with others."""
    steps = [0] * (MOST_LINES + 3)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED_BYTES:
            raise _unreadable("file.too_large_unpacked", "Tệp XLSX quá lớn sau khi giải nén.")
        for name in filter(_SHEETS.fullmatch, archive.namelist()):
            with archive.open(name) as part:
                for first, last in _merged_ranges(part):
                    steps[min(first, MOST_LINES + 1)] += 1
                    steps[min(last, MOST_LINES + 1) + 1] -= 1
    return [depth > 0 for depth in accumulate(steps)]


def _merged_ranges(part: Any) -> Iterator[tuple[int, int]]:
    rest = b""
    while piece := part.read(_PIECE):
        text = rest + piece
        for found in _MERGED.finditer(text):
            yield int(found[1]), int(found[2] or found[1])
        rest = text[-_OVERLAP:]


def _unreadable(rule: str, detail: str, row: int = 1) -> UnreadableFile:
    return UnreadableFile(RowProblem(row, "", rule, detail))
