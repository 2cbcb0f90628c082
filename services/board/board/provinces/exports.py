"""The board as files for a spreadsheet; no cell of them is ever taken for a formula.

CSV is UTF-8 with a byte order mark and semicolons: where the comma is the decimal sign, as in
Vietnam, Excel opens that by a double click with every letter and column in its place.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from board.provinces.figures import ROADS
from contracts.board import BoardView, ProvinceView, PunctualityView
from pages.words import Language, Words

Cell: TypeAlias = Any
#: What a spreadsheet takes for the beginning of a formula or of a command.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(board: BoardView, words: Words, language: Language) -> bytes:
    """Return a row for each province and period: its days and how many came by which road."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    for row in _periods(board, words, language):
        writer.writerow([_harmless(cell) for cell in row])
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def as_xlsx(board: BoardView, words: Words, language: Language) -> bytes:
    """Return a workbook: provinces, periods, reasons of returns, the move; days are dates."""
    # What writes workbooks takes 20 MB; most processes never write one.
    from board.provinces.workbooks import workbook

    sheets = (
        ("provinces", _provinces(board, words, language)),
        ("periods", _periods(board, words, language)),
        ("returns", _returns(board, words, language)),
        ("move", _moves(board, words, language)),
    )
    return workbook((words.say(language, f"provinces.sheet.{name}"), rows) for name, rows in sheets)


def _harmless(cell: Cell) -> Cell:
    text = cell if isinstance(cell, str) else ""
    return f"'{text}" if text.startswith(_DANGEROUS) else cell


def _heading(words: Words, language: Language, *names: str) -> list[Cell]:
    return [words.say(language, f"provinces.column.{name}") for name in names]


def _road_names(words: Words, language: Language) -> list[Cell]:
    return [words.say(language, f"provinces.road.{road}") for road in ROADS]


def _periods(board: BoardView, words: Words, language: Language) -> Iterator[Sequence[Cell]]:
    names = _heading(words, language, "code", "province", "first", "last")
    yield [*names, *_road_names(words, language), *_heading(words, language, "all")]
    for province in board.provinces:
        for period in province.periods:
            roads = [period.roads.get(road, 0) for road in ROADS]
            named = (province.province_code, province.name, period.first_on, period.last_on)
            yield [*named, *roads, sum(roads)]


_PUNCTUALITY = ("on_time", "late", "late_minutes", "open", "open_late")


def _provinces(board: BoardView, words: Words, language: Language) -> Iterator[Sequence[Cell]]:
    totals = ("accepted", "registered", "handed_over", "returned", "withdrawn", "closed")
    named = _heading(words, language, "code", "province", "state", "cut_over", "direct_until")
    judged = [
        f"{words.say(language, f'provinces.{what}')}: {words.say(language, f'provinces.{name}')}"
        for what in ("reception", "appointment")
        for name in _PUNCTUALITY
    ]
    yield [
        *named,
        *_road_names(words, language),
        *[words.say(language, f"provinces.total.{name}") for name in totals],
        *judged,
        *_heading(words, language, "old_open", "oldest_days"),
    ]
    for one in board.provinces:
        yield [
            *_named(one, words, language),
            *[one.roads.get(road, 0) for road in ROADS],
            *[one.totals.get(name, 0) for name in totals],
            *_figures(one.reception),
            *_figures(one.appointment),
            one.old_road.open,
            one.old_road.oldest_days,
        ]


def _named(one: ProvinceView, words: Words, language: Language) -> list[Cell]:
    if one.move is None:
        parts = [
            f"{old.name}: {words.say(language, f'provinces.state.{old.state}')}"
            for old in one.moved
        ]
        return [one.province_code, one.name, "; ".join(parts), None, None]
    state = words.say(language, f"provinces.state.{one.move.state}")
    return [one.province_code, one.name, state, one.move.cut_over, one.move.direct_until]


def _figures(one: PunctualityView) -> list[Cell]:
    return [getattr(one, name) for name in _PUNCTUALITY]


def _returns(board: BoardView, words: Words, language: Language) -> Iterator[Sequence[Cell]]:
    yield _heading(words, language, "code", "province", "kind", "reason_code", "reason", "count")
    for one in board.provinces:
        for row in one.returns:
            kind = words.say(language, f"provinces.kind.{row.kind}")
            text = row.text_vi if language == "vi" else row.text_en
            yield [one.province_code, one.name, kind, row.reason, text, row.count]


def _moves(board: BoardView, words: Words, language: Language) -> Iterator[Sequence[Cell]]:
    names = ("code", "province", "state", "first", "last", "grace", "source")
    yield _heading(words, language, *names)
    for one in board.provinces:
        for row in one.move.rows if one.move else ():
            state = words.say(language, f"provinces.state.{row.state}")
            days = (row.first_on, row.last_on, row.grace_days)
            yield [one.province_code, one.name, state, *days, row.source]
