"""How a slip is laid out: what stands on it, what is left out, and where lines break."""

from dataclasses import replace

import pytest

from routing.slips.building import slip_of
from routing.slips.layout import ERASED, page_of
from routing.slips.page import Line, Section
from tests.unit.slips_kit import ACCEPTED, CITIZEN, EVENTS, LAW, NOW, a_dossier, a_slip, moment


def test_a_page_leaves_out_what_is_empty() -> None:
    page = page_of(replace(a_slip("refusal"), citizen=replace(CITIZEN, phone="", email="")))

    assert [line.label for line in page.who] == [
        "Hồ sơ của",
        "Địa chỉ",
        "Nội dung yêu cầu giải quyết",
    ]
    assert page.sections == (Section("Lý do", a_slip("refusal").reasons),)
    assert page.highlight is None


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Giấy tiếp nhận hồ sơ và hẹn trả kết quả", ("Giấy tiếp nhận hồ sơ", "và hẹn trả kết quả")),
        ("Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ", ("Phiếu yêu cầu bổ sung,", "hoàn thiện hồ sơ")),
        ("Sổ theo dõi hồ sơ", ("Sổ theo dõi hồ sơ",)),
    ],
)
def test_a_title_breaks_where_a_phrase_begins(title: str, lines: tuple[str, ...]) -> None:
    assert page_of(replace(a_slip(), title=title)).head.title_lines == lines


def test_months_one_and_two_and_days_are_written_with_two_digits() -> None:
    dates = [
        page_of(replace(a_slip(), issued_at=moment(f"2026-{month}-05 08:00"))).head.dated
        for month in ("02", "03")
    ]

    assert dates == ["Sài Gòn, ngày 05 tháng 02 năm 2026", "Sài Gòn, ngày 05 tháng 3 năm 2026"]


@pytest.mark.parametrize("key", EVENTS)
def test_given_erased_particulars_when_a_slip_is_printed_then_it_says_so_and_names_nobody(
    key: str,
) -> None:
    page = page_of(a_slip(key, citizen=None))

    assert page.who[0].text == ERASED
    assert CITIZEN.full_name not in repr(page)


def test_given_no_known_limit_when_accepted_then_the_citizen_is_told_later() -> None:
    slip = slip_of(a_dossier(), ACCEPTED.model_copy(update={"due": None}), NOW, LAW)

    assert slip is not None
    assert page_of(slip).highlight == Line("Thời gian trả kết quả", "cơ quan sẽ thông báo sau")
