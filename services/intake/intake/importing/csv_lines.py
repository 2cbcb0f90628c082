"""The lines of a CSV file: UTF-8 with or without its mark, cells apart by commas or semicolons."""

import csv
import io
from collections.abc import Iterator

from intake.importing.rows import Line, RowProblem, UnreadableFile


def csv_lines(body: bytes) -> Iterator[Line]:
    """Yield the lines, numbered as a spreadsheet shows them; raises UnreadableFile if no UTF-8.

    A cell may hold line breaks in quotes; what begins with `=` would be a formula there.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        detail = "Tệp phải là CSV mã hóa UTF-8, hoặc XLSX."
        raise UnreadableFile(RowProblem(1, "", "file.not_utf8", detail)) from None
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = tuple(cell.strip() for cell in next(reader))
        except StopIteration:
            return
        except csv.Error:
            detail = "Dòng không đọc được: dấu nháy hoặc độ dài ô không đúng."
            yield Line(number, (), (RowProblem(number, "", "row.broken", detail),))
            continue
        yield Line(number, cells, tuple(_formulas(number, cells)))


def _formulas(number: int, cells: tuple[str, ...]) -> Iterator[RowProblem]:
    for position, cell in enumerate(cells):
        if cell.startswith("="):
            yield RowProblem(number, str(position), "cell.formula", "Ô không được là công thức.")
