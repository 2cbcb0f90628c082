"""The pages of the provinces: what they show, to whom, and what they say when they cannot."""

import re
from collections.abc import AsyncIterator
from datetime import date
from xml.etree import ElementTree

import pytest

from board.provinces.figures import Range, by_portals, punctual, quick_ranges, share
from board.provinces.plots import shares, stacked
from contracts.board import MovedView, OldRoadView
from tests.unit.provinces_kit import (
    Reading,
    a_board,
    a_move,
    a_province,
    away,
    reading,
)

NO_MORE = OldRoadView(open=0, by_road={}, oldest_submitted_at=None, oldest_days=None)


@pytest.fixture
async def pages() -> AsyncIterator[Reading]:
    async with reading() as one:
        yield one


async def test_given_provinces_then_each_has_its_state_its_share_and_what_is_open(pages: Reading):
    done = a_province("02", "Hà Giang", move=a_move("portal-only", None), old_road=NO_MORE)
    pages.one_stop.board = a_board(done, a_province())

    answer = await pages.visitor.get("/tien-do")
    page = await answer.text()

    assert answer.status == 200
    assert page.index("Hà Giang") < page.index("Hồ Chí Minh")
    assert "Song song" in page
    assert "còn nhận 75 ngày nữa, đến hết Thứ Năm, 31/03/2022" in page
    assert "56%" in page  # 39 of 70
    assert "5 hồ sơ, lâu nhất 56 ngày" in page
    assert page.count("<svg") == 2
    assert pages.one_stop.asked == [("token", "/v1/board", {})]


async def test_given_an_heir_of_the_move_then_its_former_province_is_named_as_moved(
    pages: Reading,
):
    old = MovedView(
        name="Bến Tre",
        state="portal-only",
        since=date(2022, 4, 1),
        last_on=date(2025, 6, 30),
    )
    pages.one_stop.board = a_board(a_province("86", "Vĩnh Long", move=None, moved=(old,)))

    for path in ("/tien-do", "/tien-do/86"):
        answer = await pages.visitor.get(path)
        text = await answer.text()
        assert answer.status == 200
        assert "Tỉnh cũ đã chuyển xong" in text
        assert "Bến Tre (tỉnh cũ): chỉ qua cổng" in text
        assert "Không thuộc diện" not in text


async def test_given_a_range_then_it_is_asked_for_and_kept_in_every_way_on(pages: Reading):
    await pages.visitor.get("/tien-do?from=2021-11-01&to=2022-01-31&by=month")
    page = await (await pages.visitor.get("/tien-do?from=2021-11-01&to=2022-01-31&by=month")).text()

    asked = {"from": "2021-11-01", "to": "2022-01-31", "by": "month"}
    assert pages.one_stop.asked[0][2] == asked
    assert 'href="/tien-do/79?from=2021-11-01&amp;to=2022-01-31&amp;by=month"' in page
    assert "so-lieu.xlsx?from=2021-11-01&amp;to=2022-01-31&amp;by=month" in page
    assert 'name="from" required value="2021-11-01"' in page


async def test_given_a_province_then_plots_stand_beside_tables_that_say_the_same(pages: Reading):
    answer = await pages.visitor.get("/tien-do/79")
    page = await answer.text()

    assert answer.status == 200
    assert "Hồ sơ còn thiếu giấy tờ" in page
    assert "11/2021" in page
    assert "Phường Mẫu" in page
    assert "4,0 giờ" in page  # 960 minutes over 4
    assert "Hồ sơ lâu nhất được nộp Thứ Bảy, 20/11/2021, đã 56 ngày." in page
    assert page.count("<svg") == 3
    assert all('aria-hidden="true"' in one for one in re.findall("<svg[^>]*>", page))
    assert [path for _, path, _ in pages.one_stop.asked] == ["/v1/board", "/v1/board/79/units"]
    assert pages.one_stop.asked[0][2] == {"province": "79"}


async def test_given_english_then_no_vietnamese_sentence_of_ours_is_left(pages: Reading):
    for path in ("/tien-do?lang=en", "/tien-do/79?lang=en"):
        page = await (await pages.visitor.get(path)).text()
        assert '<html lang="en">' in page
        assert "Papers are missing" in page or path.startswith("/tien-do?")
        assert not re.search("Đúng hạn|Quá hạn|Trả lại|Tải CSV|Tải Excel", page)


async def test_pages_hold_no_style_and_no_script_and_are_small(pages: Reading):
    for path in ("/tien-do", "/tien-do/79"):
        answer = await pages.visitor.get(path)
        page = await answer.text()
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", page)
        assert "style-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert len(page) < 100_000


async def test_given_a_bad_range_then_the_usual_one_is_shown_and_the_page_says_so(pages: Reading):
    answer = await pages.visitor.get("/tien-do?from=2022-01-01&by=hour")
    page = await answer.text()

    assert answer.status == 422
    assert "Không tính được khoảng thời gian đã chọn" in page
    assert "Hồ Chí Minh" in page
    assert pages.one_stop.asked[-1][2] == {}


@pytest.mark.parametrize(
    ("told", "status", "words"),
    [
        (away(), 503, "Chưa lấy được số liệu"),
        (500, 503, "Chưa lấy được số liệu"),
        (403, 403, "không được xem số liệu của tỉnh này"),
    ],
)
async def test_given_a_no_of_the_one_stop_then_the_page_says_which(
    pages: Reading, told: int | Exception, status: int, words: str
):
    pages.one_stop.board = told

    for path in ("/tien-do", "/tien-do/79", "/tien-do/so-lieu.csv"):
        answer = await pages.visitor.get(path)
        assert answer.status == status
        assert words in await answer.text()


async def test_given_nobody_signed_in_or_a_session_that_is_over_then_one_signs_in_and_comes_back(
    pages: Reading,
):
    pages.one_stop.board = 401
    over = await pages.visitor.get("/tien-do/79?by=day")
    pages.door.open = False
    nobody = await pages.visitor.get("/tien-do/79?by=day")

    for answer in (over, nobody):
        assert answer.status == 303
        assert answer.headers["location"].startswith("/dang-nhap?next=%2Ftien-do%2F79")


@pytest.mark.parametrize("code", ["7", "790", "x9", "٧٩", "a%2fb"])
async def test_given_no_province_then_404_and_the_one_stop_is_not_asked(pages: Reading, code: str):
    answer = await pages.visitor.get(f"/tien-do/{code}")

    assert answer.status == 404
    assert pages.one_stop.asked == []


async def test_given_no_figures_then_the_pages_say_so_and_show_no_plot_of_nothing(pages: Reading):
    empty = a_province(roads={}, periods=a_board().provinces[0].periods, returns=(), totals={})
    pages.one_stop.board = a_board(empty)

    overview = await (await pages.visitor.get("/tien-do")).text()
    one = await (await pages.visitor.get("/tien-do/79")).text()

    assert "–" in overview
    assert "Không có hồ sơ nào được nộp" in one
    assert "Không có hồ sơ nào bị trả lại" in one


def test_a_plot_is_well_formed_and_its_highest_column_fills_it():
    order = ("national-portal", "moj-direct")
    plot = ElementTree.fromstring(
        stacked([{"national-portal": 1, "moj-direct": 3}, {}, {"moj-direct": 2}], order)
    )
    rects = [one for one in plot if one.tag == "rect"]

    assert [float(one.attrib["height"]) for one in rects] == [50.0, 150.0, 100.0]
    assert [float(one.attrib["y"]) for one in rects] == [150.0, 0.0, 100.0]
    assert [one.attrib["class"] for one in rects] == [
        "part-national-portal",
        "part-moj-direct",
        "part-moj-direct",
    ]
    assert len({one.attrib["x"] for one in rects}) == 2


def test_a_bar_of_shares_is_full_and_one_of_nothing_is_empty():
    order = ("on-time", "late")
    bar = ElementTree.fromstring(shares({"on-time": 3, "late": 1}, order))

    assert sum(float(one.attrib["width"]) for one in bar) == 200.0
    assert list(ElementTree.fromstring(shares({}, order))) == []
    assert "&lt;" in shares({"<": 1}, ("<",))


def test_a_share_says_all_or_none_only_when_it_is_so():
    assert [share(*pair) for pair in ((0, 0), (0, 9), (1, 999), (998, 999), (9, 9), (1, 3))] == [
        None,
        0,
        1,
        99,
        100,
        33,
    ]
    assert by_portals(a_province()) == 56


def test_what_waits_and_is_late_already_is_not_punctual():
    one = a_province().reception

    assert punctual(one) == 92  # 60 on time, 4 late, 1 late and still open
    assert punctual(one.model_copy(update={"on_time": 0, "late": 0, "open_late": 0})) is None


def test_the_quick_ranges_end_today_and_cover_what_they_say():
    ranges = quick_ranges(a_board())

    assert ranges["provinces.last_30"] == Range("2021-12-17", "2022-01-15", "day")
    assert ranges["provinces.last_12"] == Range("2021-02-01", "2022-01-15", "month")
    assert ranges["provinces.this_year"] == Range("2022-01-01", "2022-01-15", "month")
