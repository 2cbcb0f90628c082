"""The entry of the book on the trail and the control sheet, and what a correction changed."""

from datetime import date
from typing import Any

import pytest

from contracts.events import Registered, RegistrationCorrected
from routing.domain.book_notes import NotedEntry, noted_entry
from routing.domain.trail import TrailEntry, entry_of
from tests.unit.slips_kit import UNIT, a_sheet, an_entry, moment

DAY = date(2026, 11, 23)
ENTRY: dict[str, Any] = {
    "unit_code": UNIT,
    "number": "15 A",
    "book": "01/2026 KS",
    "page": "16",
    "registered_on": DAY,
}
FIRST = moment("2026-11-23 09:00")
TEXT = "Số 15 A, quyển 01/2026 KS, trang 16, ngày 23/11/2026"


def corrected(revision: int = 1, **changes: Any) -> TrailEntry:
    data = RegistrationCorrected.model_validate(ENTRY | {"revision": revision} | changes)
    return entry_of(data, moment(f"2026-11-{23 + revision} 09:00"))


def registered(**changes: Any) -> TrailEntry:
    return entry_of(Registered.model_validate(ENTRY | changes), FIRST)


def notes(*entries: TrailEntry) -> list[str]:
    return [row.note for row in a_sheet(*entries).rows]


@pytest.mark.parametrize("page", ["16", "16 B", None])
def test_given_blanks_in_an_entry_then_it_is_read_as_it_was_written(page: str | None) -> None:
    entry = NotedEntry("15 A", "01/2026 KS", page, DAY)

    assert noted_entry(str(entry)) == entry
    assert noted_entry(registered(page=page).note) == entry


def test_given_blanks_in_an_entry_then_the_sheet_tells_number_book_page_and_day() -> None:
    assert notes(registered()) == [TEXT]
    assert notes(registered(page=None)) == ["Số 15 A, quyển 01/2026 KS, ngày 23/11/2026"]


@pytest.mark.parametrize(
    ("changes", "was"),
    [
        ({"number": "16"}, "số 15 A"),
        ({"book": "02/2026"}, "quyển 01/2026 KS"),
        ({"page": "17"}, "trang 16"),
        ({"registered_on": date(2026, 11, 20)}, "ngày 23/11/2026"),
        ({"page": "17", "number": "16"}, "số 15 A, trang 16"),
        ({"unit_code": "26737"}, "nơi đăng ký phường Sài Gòn"),
    ],
)
def test_given_a_correction_then_what_it_changed_is_told_and_nothing_else(
    changes: dict[str, Any], was: str
) -> None:
    first, second = registered(), corrected(**changes)

    assert notes(first, second)[1].endswith(f"; trước khi sửa: {was}")
    assert notes(first, second)[1].startswith("Số ")
    assert (first.note, first.unit_code) != (second.note, second.unit_code)


def test_given_a_page_where_none_stood_then_that_is_what_changed() -> None:
    assert notes(registered(page=None), corrected())[1] == f"{TEXT}; trước khi sửa: không ghi trang"


def test_given_a_second_correction_then_it_is_compared_with_the_first() -> None:
    last = notes(registered(), corrected(page="17"), corrected(2, page="18"))[2]

    assert last.endswith("trang 18, ngày 23/11/2026; trước khi sửa: trang 17")


def test_given_an_entry_with_other_steps_between_then_it_is_compared_all_the_same() -> None:
    given = an_entry("2026-11-23 12:00", "handed_over", note="post")

    assert notes(registered(), given, corrected(page="17"))[2].endswith("khi sửa: trang 16")


def test_given_a_trail_from_before_then_it_reads_as_it_did() -> None:
    old = an_entry("2026-11-23 09:00", "registered", "registry-sync", note="12 01/2026-KS")
    nothing = an_entry("2026-11-23 09:00", "registered", "registry-sync")

    assert notes(old) == ["Số 12, quyển 01/2026-KS"]
    assert notes(nothing) == [""]
    assert noted_entry("12 01/2026 KS") == NotedEntry("12", "01/2026 KS")


def test_given_a_correction_of_an_entry_from_before_then_what_is_not_known_did_not_change() -> None:
    old = an_entry(
        "2026-11-23 09:00", "registered", "registry-sync", unit_code=UNIT, note="12 01/2026"
    )

    same = corrected(number="12", book="01/2026")
    other = corrected(number="13", book="01/2026")
    assert notes(old, same)[1] == "Số 12, quyển 01/2026, trang 16, ngày 23/11/2026"
    assert notes(old, other)[1].endswith("ngày 23/11/2026; trước khi sửa: số 12")
