"""A citizen in a real browser: where the dossier is, what to do, and the receipt."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from local_stack.stack import Stack
from routing.domain import Accept, GiveBack, TrailEntry
from tests.browser.looking import (
    HEIGHT,
    NARROW,
    PHONE,
    assert_accessible,
    assert_fits,
    assert_light,
    assert_touchable,
    picture,
)
from tests.flow.kit import following, good_samples
from tests.integration.routing_kit import NOW, OneStop, a_one_stop
from tests.integration.tracking_kit import RIGHT, WRONG, a_site, a_tracked

PAPERS = ("birth_notification",)
#: The text of a page without what it says to be in Vietnamese: names of places, legal sources.
_SAID_IN_ENGLISH = """() => {
  document.querySelectorAll('main [lang=vi]').forEach(one => one.remove());
  return document.querySelector('main').innerText;
}"""


@pytest.fixture
async def one_stop(database: str) -> AsyncIterator[OneStop]:
    async with a_one_stop(database) as one:
        yield one


@pytest.fixture
async def site(one_stop: OneStop) -> AsyncIterator[str]:
    async with a_site(one_stop) as url:
        yield url


async def a_received(one_stop: OneStop, **changes: Any) -> Any:
    """Put a dossier that was submitted, routed and received by an officer."""
    trail = (
        TrailEntry(NOW - timedelta(hours=20), "intake", "submitted", unit_code="26737"),
        TrailEntry(NOW - timedelta(hours=20), "routing", "routed", unit_code="26737"),
    )
    told = {"status": "received", "received_at": None, "rounds": 0, "trail": trail} | changes
    case = a_tracked(1, **told)
    await one_stop.put(case)
    return case


async def asked(page: Any, site: str, code: str, factor: str = RIGHT) -> None:
    await page.goto(f"{site}/tra-cuu?lang={page.language}")
    await page.fill("input[name=code]", code)
    await page.fill("input[name=factor]", factor)
    await page.click("main button.primary")


async def checked(page: Any) -> None:
    await assert_accessible(page)
    await assert_fits(page)
    await assert_touchable(page)
    await assert_light(page)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_a_citizen_sees_the_dossier_prints_the_receipt_and_leaves(
    one_stop: OneStop, site: str, new_page: Any, scripts: bool
) -> None:
    case = await a_received(one_stop)
    await one_stop.act(case, Accept("officer"))
    page = await new_page(scripts=scripts)

    await asked(page, site, case.code)
    assert page.url == f"{site}/tra-cuu/ho-so"
    assert "đã được tiếp nhận" in await page.locator("h1").inner_text()
    assert "không cần làm gì" in await page.locator("section.notice").inner_text()
    steps = await page.locator("ol.steps > li").all_inner_texts()
    assert [re.search("Đã xong|Đang ở bước này|Sắp tới", one)[0] for one in steps] == [  # type: ignore[index]
        "Đã xong", "Đã xong", "Đang ở bước này", "Sắp tới",
    ]  # fmt: skip
    if scripts:
        await picture(page, "tracking", whole=False)
    await page.click("text=Vì sao là ngày này?")
    assert "Căn cứ:" in await page.locator("section.card details").inner_text()
    if scripts:
        await checked(page)

    await page.click("text=Xem và in giấy hẹn")
    assert await page.locator(".qr svg").count() == 1
    if scripts:
        await picture(page, "tracking-receipt", whole=False)
        await checked(page)

    await page.click("text=Quay lại hồ sơ")
    await page.click("text=Xem xong, đóng lại")
    assert page.url == f"{site}/tra-cuu"
    await page.goto(f"{site}/tra-cuu/ho-so")
    assert "Hãy nhập mã hồ sơ" in await page.locator(".notice").inner_text()


async def test_a_citizen_is_told_what_to_add_and_until_when(
    one_stop: OneStop, site: str, new_page: Any
) -> None:
    case = await a_received(one_stop)
    reasons = ("paper_unreadable",)
    await one_stop.act(case, GiveBack("officer", "supplement", reasons, PAPERS))
    page = await new_page(width=PHONE)

    await asked(page, site, case.code)

    todo = await page.locator("section.notice").inner_text()
    assert "Giấy chứng sinh" in todo
    assert "không rõ" in todo
    assert "Nộp bổ sung chậm nhất" in await page.locator("main").inner_text()
    for width in (PHONE, NARROW):
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        header = await page.locator("header.top").bounding_box()
        assert header["height"] < 2.5 * 44, "more than two lines to touch"
    await picture(page, "tracking-supplement", whole=False)
    await checked(page)


async def test_the_whole_page_is_there_in_english(
    one_stop: OneStop, site: str, new_page: Any
) -> None:
    case = await a_received(one_stop)
    await one_stop.act(case, GiveBack("officer", "supplement", ("paper_unreadable",), PAPERS))
    page = await new_page()

    await asked(page, site, case.code)
    await page.click("text=English")

    assert page.url.endswith("/tra-cuu/ho-so?lang=en")
    for details in await page.locator("details > summary").all():
        await details.click()
    text = await page.evaluate(_SAID_IN_ENGLISH)
    assert "Something is missing" in text
    assert "Birth notification" in text
    assert re.findall(r"\w*[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]\w*", text) == []
    await checked(page)


@pytest.mark.parametrize("width", [1280, PHONE])
async def test_wrong_entries_are_told_in_words(site: str, new_page: Any, width: int) -> None:
    page = await new_page(width=width)

    await asked(page, site, "<script>alert(1)</script>", "12")
    assert await page.locator(".error").count() == 2
    await checked(page)
    await asked(page, site, "H29.26737-261123-0007", WRONG)
    assert "Không có hồ sơ nào khớp" in await page.locator(".notice").inner_text()
    assert await page.input_value("input[name=factor]") == ""
    await checked(page)


async def test_the_form_is_looked_at(site: str, new_page: Any) -> None:
    page = await new_page()

    await page.goto(f"{site}/tra-cuu")

    await picture(page, "tracking-form", whole=False)
    await checked(page)


async def test_anybody_checks_a_receipt(one_stop: OneStop, site: str, new_page: Any) -> None:
    case = await a_received(one_stop)
    await one_stop.act(case, Accept("officer"))
    citizen, anybody = await new_page(), await new_page()
    await asked(citizen, site, case.code)
    await citizen.goto(f"{site}/tra-cuu/giay-hen")
    text = await citizen.locator("code").text_content()

    await anybody.goto(f"{site}/tra-cuu/kiem-tra")
    await anybody.fill("textarea", text)
    await anybody.click("main button.primary")

    assert await anybody.locator(".notice-title").inner_text() == "Giấy hẹn là thật"
    await picture(anybody, "tracking-check", whole=False)
    await checked(anybody)
    await anybody.fill("textarea", text[:-6] + "AAAAAA")
    await anybody.click("main button.primary")
    assert "không phải giấy thật" in await anybody.locator(".notice-title").inner_text()
    await checked(anybody)


async def test_the_citizens_of_the_sample_dossiers_find_theirs(stack: Stack, new_page: Any) -> None:
    status = stack.status()
    async with following(status, good_samples(2)) as journey:
        await journey.send()
        await journey.arrive()
        codes = [track.code for track in journey.tracks]
        numbers = [
            track.sample.submission["applicant"]["personal_number"] for track in journey.tracks
        ]
    page = await new_page(width=PHONE)

    for code, number in zip(codes, numbers, strict=True):
        await asked(page, status.urls["routing"], code, number[-6:])
        assert await page.locator("h1").inner_text() == "Đã đăng ký xong, có kết quả"
        assert await page.locator("text=Đã ghi vào sổ hộ tịch").count()
        await checked(page)
        await page.click("text=Xem và in giấy hẹn")
        assert await page.locator(".qr svg").count() == 1
        await asked(page, status.urls["routing"], code, number[:6])
        assert "Không có hồ sơ nào khớp" in await page.locator(".notice").inner_text()
