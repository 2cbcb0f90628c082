"""What all pages have, in a real browser: signing in, forms, two languages, every size."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.looking import (
    PHONE,
    assert_accessible,
    assert_fits,
    assert_light,
    assert_touchable,
    picture,
)
from tests.integration.sandbox_process import SECRETS, a_sandbox
from tests.integration.test_sandbox_signing_in import PEOPLE
from tests.unit.pages_kit import demo_app, listening, serving, settings_of

OFFICER = "officer-25747-a"


@pytest.fixture(scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Give the address of a small service with pages, whose people are the sandbox's."""
    folder: Path = tmp_path_factory.mktemp("demo")
    secrets = folder / "people.json"
    client = {"demo-web": {"secret": "client-password", "scope": "desk:act"}}
    secrets.write_text(json.dumps(SECRETS | PEOPLE | {"web_clients": client}))
    with listening() as (listener, url):
        redirects = json.dumps({"demo-web": [f"{url}/"]})
        async with (
            a_sandbox(folder, SANDBOX_SECRETS=str(secrets), SANDBOX_REDIRECTS=redirects) as sandbox,
            serving(
                demo_app(
                    settings_of(
                        sandbox.url, url, end_session_url=f"{sandbox.url}/oauth/end-session"
                    )
                ),
                listener,
            ),
        ):
            yield url


@pytest.mark.parametrize(
    ("language", "heading", "leave"),
    [("vi", "Hồ sơ đang chờ", "Đăng xuất"), ("en", "Waiting dossiers", "Sign out")],
)
async def test_a_person_signs_in_is_where_they_wanted_to_be_and_leaves(
    demo: str, page_of: Any, language: str, heading: str, leave: str
) -> None:
    page = await page_of(OFFICER, demo, "/demo/?list=late", language=language)

    assert page.url == f"{demo}/demo/?list=late&lang={language}"
    assert await page.locator("h1").inner_text() == heading
    assert await page.locator("html").get_attribute("lang") == language
    assert "Cán bộ Mẫu A" in await page.locator(".who").inner_text()

    await page.get_by_role("button", name=leave).click()
    assert page.url == f"{demo}/dang-xuat/xong"
    await page.goto(f"{demo}/demo/")
    assert "/oauth/authorize" in page.url


@pytest.mark.parametrize("path", ["/demo/", "/demo/form", "/demo/none", "/demo/bug"])
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_a_page_is_accessible_light_and_fits_every_screen(
    demo: str, page_of: Any, path: str, language: str
) -> None:
    page = await page_of(OFFICER, demo, "/demo/", language=language)
    await page.goto(f"{demo}{path}")

    await assert_accessible(page)
    await assert_fits(page)
    await assert_touchable(page)
    await assert_light(page)
    await page.set_viewport_size({"width": PHONE, "height": 900})
    await assert_accessible(page)


async def test_without_scripts_everything_is_done_with_links_and_forms(
    demo: str, page_of: Any
) -> None:
    page = await page_of(OFFICER, demo, "/demo/form", scripts=False)

    await page.fill("[name=note]", "Bản sao giấy khai sinh")
    await page.check("[name=sure]")
    await page.get_by_role("button", name="Gửi yêu cầu").click()

    assert await page.locator("[name=note]").input_value() == "Bản sao giấy khai sinh"
    assert await page.locator("h1").inner_text() == "Yêu cầu bổ sung"


async def test_a_form_that_was_not_taken_says_which_field_and_why(demo: str, page_of: Any) -> None:
    page = await page_of(OFFICER, demo, "/demo/form")
    await page.fill("[name=note]", " ")
    await page.check("[name=sure]")
    await page.get_by_role("button", name="Gửi yêu cầu").click()

    note = page.locator("[name=note]")
    described = (await note.get_attribute("aria-describedby") or "").split()
    said = await page.locator(f"#{described[1]}").inner_text()
    assert said.replace("\n", " ").split() == [
        "Lỗi:",
        "Hãy",
        "ghi",
        "nội",
        "dung",
        "cần",
        "bổ",
        "sung.",
    ]
    assert await note.get_attribute("aria-invalid") == "true"
    assert await page.get_by_role("alert").inner_text() == "Chưa gửi được"
    await assert_accessible(page)
    await assert_fits(page)


async def test_with_the_keyboard_alone_the_first_stop_is_the_way_past_the_header(
    demo: str, page_of: Any
) -> None:
    page = await page_of(OFFICER, demo, "/demo/")

    await page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert await skip.inner_text() == "Đến nội dung chính"
    box = await skip.bounding_box()
    assert box is not None
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"


async def test_on_a_phone_a_table_is_cards_that_name_their_facts(demo: str, page_of: Any) -> None:
    page = await page_of(OFFICER, demo, "/demo/", width=PHONE)

    cell = page.locator("td[data-label]").first
    label = await cell.evaluate("one => getComputedStyle(one, '::before').content")

    assert label == '"Người yêu cầu"'
    assert await page.locator("thead").evaluate("one => one.getBoundingClientRect().width") <= 1


async def test_the_styles_are_loaded(demo: str, page_of: Any) -> None:
    page = await page_of(OFFICER, demo, "/demo/")

    colour = await page.locator(".top").evaluate("one => getComputedStyle(one).backgroundColor")

    assert colour == "rgb(138, 28, 28)"


async def test_given_a_page_in_another_sites_frame_then_it_is_not_shown(
    demo: str, browser: Any
) -> None:
    async with await browser.new_context() as context:
        page = await context.new_page()
        async with page.expect_event("console") as said:
            await page.set_content(f'<iframe src="{demo}/demo/open"></iframe>')

    assert "frame-ancestors 'none'" in (await said.value).text


async def test_pictures_are_taken_wide_and_of_a_phone(demo: str, page_of: Any) -> None:
    page = await page_of(OFFICER, demo, "/demo/")

    with pytest.MonkeyPatch.context() as kept:
        kept.delenv("SCREENSHOTS", raising=False)
        await picture(page, "demo-list")
        await page.goto(f"{demo}/demo/form")
        await picture(page, "demo-form")

    assert page.viewport_size == {"width": 1280, "height": 900}
