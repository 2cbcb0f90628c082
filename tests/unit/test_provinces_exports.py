"""The files of the board, opened again: every figure in its place, and no cell a formula."""

import csv
import io
from datetime import date
from importlib.resources import files
from typing import Any

import openpyxl
import pytest

from board.provinces.exports import as_csv, as_xlsx
from pages.words import Language, Words
from tests.unit.provinces_kit import Reading, a_board, a_move, a_province, reading, renamed

WORDS = Words.load(files("board.provinces").joinpath("words"))
EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x";"y")')


def opened(body: bytes) -> list[list[str]]:
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig")), delimiter=";"))


def book(body: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(body))


def rows(sheet: Any) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.rows]


def test_csv_has_a_row_for_each_province_and_period():
    table = opened(as_csv(a_board(a_province("02", "Hà Giang"), a_province()), WORDS, "vi"))

    assert table[0][:4] == ["Mã tỉnh", "Tỉnh", "Từ ngày", "Đến hết ngày"]
    assert table[1] == ["02", "Hà Giang", "2021-11-01", "2021-11-30", "3", "2", "15", "4", "24"]
    assert len(table) == 1 + 2 * 3
    assert all(len(row) == len(table[0]) for row in table)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_workbook_has_every_figure_codes_as_text_and_days_as_days(language: Language):
    opened_book = book(as_xlsx(a_board(), WORDS, language))

    provinces, periods, returns, move = [rows(sheet) for sheet in opened_book.worksheets]
    named = dict(zip(provinces[0], provinces[1], strict=True))
    assert list(named.values())[:4] == [
        "79",
        "Hồ Chí Minh",
        WORDS.say(language, "provinces.state.dual"),
        provinces[1][3],
    ]
    assert provinces[1][3].date() == date(2022, 4, 1)
    assert named[WORDS.say(language, "provinces.total.registered")] == 51
    late = f"{WORDS.say(language, 'provinces.appointment')}: "
    assert named[late + WORDS.say(language, "provinces.late")] == 7
    assert [sum(row[4:8]) for row in periods[1:]] == [24, 22, 24] == [row[8] for row in periods[1:]]
    assert returns[1][3] == "missing_paper"
    assert returns[1][5] == 5
    assert [row[5] for row in move[1:]] == [0, 0, 5]
    assert opened_book.worksheets[0]["A2"].data_type == "s"


@pytest.mark.parametrize("name", EVIL)
def test_no_cell_is_taken_for_a_formula(name: str):
    board = a_board(renamed(a_province(), name))

    table = opened(as_csv(board, WORDS, "vi"))
    sheets = book(as_xlsx(board, WORDS, "vi")).worksheets

    assert table[1][1] == f"'{name}"
    assert sheets[0]["B2"].value.strip() == name.strip()
    assert {cell.data_type for sheet in sheets for row in sheet.rows for cell in row} <= {
        "s",
        "n",
        "d",
    }


def test_given_a_province_that_does_not_move_then_the_files_are_whole():
    board = a_board(a_province(move=None), a_province("08", "Tuyên Quang", move=a_move()))

    provinces = rows(book(as_xlsx(board, WORDS, "vi")).worksheets[0])

    assert [row[0] for row in provinces[1:]] == ["79", "08"]
    assert len({len(row) for row in provinces}) == 1


async def test_given_a_link_to_a_file_then_it_comes_under_a_name_and_is_kept_by_nobody():
    async with reading() as one:
        sheet, workbook = await got(one, "so-lieu.xlsx?from=2021-11-01&to=2022-01-31&by=month")
        text, table = await got(one, "so-lieu.csv?province=79")
        bad, _ = await got(one, "so-lieu.csv?by=hour")
        none, _ = await got(one, "so-lieu.pdf")

    named = [answer.headers["content-disposition"] for answer in (sheet, text)]
    assert 'filename="tien-do-cac-tinh-2021-11-01-2022-01-31.xlsx"' in named[0]
    assert 'filename="tien-do-79-2021-11-01-2022-01-31.csv"' in named[1]
    assert len(rows(book(workbook).worksheets[1])) == 4
    assert len(opened(table)) == 4
    assert {answer.headers["cache-control"] for answer in (sheet, text)} == {"no-store"}
    assert (bad.status, none.status) == (422, 422)
    assert one.one_stop.asked[1][2] == {"province": "79"}


async def got(one: Reading, file: str) -> tuple[Any, bytes]:
    async with one.visitor.http.get(f"{one.visitor.url}/tien-do/{file}") as answer:
        return answer, await answer.read()
