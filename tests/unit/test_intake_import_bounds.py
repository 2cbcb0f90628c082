"""Files made to be too much: each is refused before it is built, whatever it claims to be."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from intake.importing import xlsx_bounds, xlsx_lines
from intake.importing.checking import check_sheet
from intake.importing.csv_lines import LONGEST_LINE, csv_lines
from intake.importing.reading import read_sheet
from intake.importing.row_problems import MOST_PROBLEMS, RowProblem, Tally, UnreadableFile, tally
from intake.importing.rows import COLUMNS, MOST_BYTES, MOST_CELLS, MOST_LINES
from intake.importing.xlsx_bounds import OTHER, SHEET, STRINGS
from reference import load
from tests.unit.legacy_kit import IMPORT_DAY, a_csv, a_row, a_workbook, at_register, saved

NS = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
TOO_LARGE = [(1, "", "file.too_large_inside")]
STRINGS_PART, SHEET_PART = "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"
TYPES = "[Content_Types].xml"
SHARED = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
    b'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)


def unreadable(body: bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(UnreadableFile) as raised:
        read_sheet(body)
    return [(one.row, one.column, one.rule) for one in raised.value.problems]


def with_parts(parts: dict[str, bytes]) -> bytes:
    """Return a workbook of one row with these texts in the place of its parts, packed."""
    source, body = zipfile.ZipFile(io.BytesIO(saved(a_workbook(a_row())))), io.BytesIO()
    texts = {STRINGS_PART: b"<sst/>"} | {name: source.read(name) for name in source.namelist()}
    texts |= parts
    texts[TYPES] = texts[TYPES].replace(b"</Types>", SHARED + b"</Types>")
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return body.getvalue()


def with_part(part: str, text: bytes) -> bytes:
    return with_parts({part: text})


def strings(items: bytes) -> bytes:
    return with_part(STRINGS_PART, b"<sst %b>%b</sst>" % (NS, items))


def sheet(rows: bytes) -> bytes:
    return with_part(
        SHEET_PART, b"<worksheet %b><sheetData>%b</sheetData></worksheet>" % (NS, rows)
    )


@pytest.fixture
def nothing_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library be of no use: what is refused is refused before it is asked."""
    monkeypatch.setattr(xlsx_lines, "load_workbook", None)


# --- CSV


class Counting(io.BytesIO):
    """Counts the bytes that were read of it."""

    taken = 0

    def read1(self, size: int | None = -1, /) -> bytes:
        piece = super().read1(size)
        self.taken += len(piece)
        return piece


def test_given_a_header_of_commas_then_no_more_than_a_line_of_it_is_read(monkeypatch):
    sources = []

    def source(body: bytes) -> Counting:
        sources.append(Counting(body))
        return sources[-1]

    monkeypatch.setattr("intake.importing.csv_lines.io.BytesIO", source)

    assert unreadable(b"," * 10_000_000 + b"\n") == TOO_LARGE
    assert sum(one.taken for one in sources) < 2 * LONGEST_LINE


def test_given_a_header_of_too_many_cells_then_it_says_so_in_few_words():
    assert unreadable(b"," * 1000 + b"a\n")[-1] == (1, "personal_number", "header.missing")
    assert len(unreadable(b"a," * MOST_CELLS + b"\n")) <= len(COLUMNS) + MOST_CELLS


def test_given_a_line_of_formulas_then_it_has_one_problem():
    body = a_csv(a_row()) + (b"=," * (len(COLUMNS) - 1) + b"=\n") * 3

    read = read_sheet(body)

    assert [(one.row, one.column, one.rule) for one in read.problems] == [
        (number, "legacy_code", "cell.formula") for number in (3, 4, 5)
    ]


def test_given_a_line_of_too_many_cells_then_none_is_kept_and_the_others_are_read():
    body = a_csv(a_row()) + b"=," * 50_000 + b"\n" + b"," * 50_000 + b"\n"

    read = read_sheet(body + a_csv(at_register("A-211011-0001")).split(b"\r\n", 1)[1])

    assert [(one.row, one.rule) for one in read.problems] == [(3, "row.cells")]
    assert [row.number for row in read.rows] == [2, 5]
    assert max(len(line.cells) for line in csv_lines(body)) <= MOST_CELLS


def test_given_blank_lines_then_they_count_too():
    body = a_csv(a_row())

    assert read_sheet(body + b"\n" * (MOST_LINES - 2)).count == 1
    assert unreadable(body + b"\n" * (MOST_LINES - 1)) == [
        (MOST_LINES + 1, "", "file.too_many_rows")
    ]


def test_given_a_broken_line_beyond_the_last_then_it_counts_too():
    body = a_csv(a_row()) + b"\n" * (MOST_LINES - 2)

    assert unreadable(body + b'"never closed') == [(MOST_LINES + 1, "", "file.too_many_rows")]


def test_given_line_breaks_in_quotes_without_end_then_the_file_is_refused():
    lines = (b'"' + b"\n" * 100_000 + b'"\n') * 11

    assert unreadable(a_csv(a_row()) + lines) == TOO_LARGE


def test_given_a_cell_that_is_no_utf8_far_below_then_the_file_is_refused():
    body = a_csv(*(a_row() for _ in range(100))) + b"\xff\n"

    assert unreadable(body) == [(1, "", "file.not_utf8")]


# --- problems


def problems(rows: range) -> Iterator[RowProblem]:
    return (RowProblem(row, "", "rule", "detail") for row in rows)


def test_given_more_problems_than_anybody_reads_then_the_first_are_kept_and_all_are_counted():
    few, many = tally(problems(range(5, 8))), tally(problems(range(10, 10_010)))

    both = many | few

    assert len(many.kept) == len(both.kept) == MOST_PROBLEMS
    assert [one.row for one in both.kept[:4]] == [5, 6, 7, 10]
    assert (many.left_out, both.left_out) == (9_000, 9_003)
    assert (len(many.rows), len(both.rows)) == (10_000, 10_003)
    assert few | Tally() == few


def test_given_ten_thousand_bad_rows_then_a_thousand_problems_are_kept_and_all_rows_counted():
    line = a_csv(a_row(stage="", full_name="", form="")).split(b"\r\n", 1)[1]

    checked = check_sheet(read_sheet(a_csv() + line * 2_000 + b"x\n" * 500), IMPORT_DAY, load())

    assert len(checked.problems) == MOST_PROBLEMS
    assert (checked.count, len(checked.tally.rows)) == (2_500, 2_500)
    assert checked.tally.left_out > 2_500
    assert [one.row for one in checked.problems] == sorted(one.row for one in checked.problems)


# --- workbooks


@pytest.mark.parametrize(
    ("part", "bound"), [(STRINGS_PART, STRINGS), (SHEET_PART, SHEET), ("xl/styles.xml", OTHER)]
)
@pytest.mark.usefixtures("nothing_built")
def test_given_a_part_larger_than_its_kind_then_nothing_is_unpacked(part, bound, monkeypatch):
    body = with_part(part, b" " * (bound.bytes_ + 1))
    monkeypatch.setattr(xlsx_bounds._Measure, "read", None)

    assert len(body) < 300_000
    assert unreadable(body) == TOO_LARGE


@pytest.mark.usefixtures("nothing_built")
def test_given_parts_that_are_too_much_together_then_nothing_is_unpacked(monkeypatch):
    monkeypatch.setattr(xlsx_bounds._Measure, "read", None)
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(50):
            archive.writestr(f"xl/{number}.bin", b" " * OTHER.bytes_)

    assert unreadable(body.getvalue()) == TOO_LARGE


def test_given_a_thousand_parts_then_not_even_their_list_is_read(monkeypatch):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for number in range(1000):
            archive.writestr(str(number), b"")
    monkeypatch.setattr(xlsx_bounds.zipfile, "ZipFile", None)

    assert unreadable(body.getvalue()) == TOO_LARGE


@pytest.mark.parametrize(
    "body",
    [
        strings(b"<si/>" * 300_000),
        strings(b"<si><t>a</t></si>" * 150_000),
        strings(b'<si a="" b=""/>' * 150_001),
        strings(b"<si><t>" + b"a" * 300_000 + b"</t></si>"),
        strings(b"<si><t " + b" " * 100_000 + b"/></si>"),
        sheet(b'<row r="1">' + b"<c><v>1</v></c>" * 30_001 + b"</row>"),
        sheet(b"<row><x>" + b"<row/><c/>" * 30_001 + b"</x></row>"),
        sheet(b"<x/>" * 200_000),
        sheet((b"<row>" + b"<c/>" * 10_000 + b"</row>") * 60),
        sheet(b"<row>" * 64 + b"</row>" * 64),
        sheet(b"<row><c><v>" + b"1" * 300_000 + b"</v></c></row>"),
        with_part("xl/styles.xml", b"<styleSheet>" + b"<xf/>" * 30_000 + b"</styleSheet>"),
    ],
    ids=[
        "strings",
        "strings with text",
        "strings with attributes",
        "a long text",
        "a long tag",
        "a long row",
        "a row in a row",
        "no rows",
        "cells",
        "deep",
        "a long cell",
        "styles",
    ],
)
@pytest.mark.usefixtures("nothing_built")
def test_given_a_part_of_too_many_elements_then_nothing_is_built(body):
    assert len(body) < 500_000
    assert unreadable(body) == TOO_LARGE


@pytest.mark.usefixtures("nothing_built")
def test_given_a_part_that_declares_entities_then_nothing_is_built():
    body = with_part(STRINGS_PART, b'<!DOCTYPE x [<!ENTITY a "<si/><si/>">]><sst>&a;&a;</sst>')

    assert unreadable(body) == [(1, "", "file.not_xlsx")]


def test_given_one_long_text_in_many_cells_then_all_of_them_count():
    text = b'<si><t xml:space="preserve"> %b</t></si>' % (b"a" * 100_000)
    rows = b"<row>%b</row>" % (b'<c t="s"><v>0</v></c>' * 14) * 1000
    parts = {
        STRINGS_PART: b"<sst %b>%b</sst>" % (NS, text),
        SHEET_PART: b"<worksheet %b><sheetData>%b</sheetData></worksheet>" % (NS, rows),
    }

    with pytest.raises(UnreadableFile) as raised:
        list(xlsx_lines.xlsx_lines(with_parts(parts)))

    assert raised.value.problems[0].rule == "file.too_large_inside"
    assert raised.value.problems[0].row <= MOST_BYTES // (14 * 100_000) + 1


def test_given_many_formulas_in_a_row_then_it_has_one_problem_of_each_kind():
    book = a_workbook(a_row())
    for cell in book.active[2]:
        cell.value = "=1+1"
    book.active["B2"], book.active["C2"] = 1.5, True

    assert [(one.row, one.column, one.rule) for one in read_sheet(saved(book)).problems] == [
        (2, "legacy_code", "cell.formula"),
        (2, "province_code", "cell.type"),
    ]


def test_given_a_text_longer_than_a_cell_may_be_then_it_is_named(monkeypatch):
    monkeypatch.setattr(xlsx_lines, "LONGEST_CELL", 30)

    (found,) = read_sheet(saved(a_workbook(a_row(full_name="a" * 31, form="")))).problems

    assert (found.row, found.column, found.rule) == (2, "full_name", "cell.too_long")


def a_list(count: int) -> Iterator[dict[str, Any]]:
    return (a_row(f"H29.26740-211011-{n:05d}", email=f"a{n}@example.org") for n in range(count))


def test_given_a_list_as_long_as_allowed_then_it_is_within_all_bounds():
    book = a_workbook(*a_list(10_000))

    assert read_sheet(saved(book)).count == 10_000
