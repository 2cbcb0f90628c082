"""The officer's desk in a real browser: lists, a dossier, every act, keys, two officers at once."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.particulars import Particulars
from routing.domain import Accept, Case, Stop
from tests.browser.looking import (
    HEIGHT,
    MOST_PICTURE_BYTES,
    PHONE,
    ROOT,
    WIDE,
    assert_accessible,
    assert_fits,
    assert_light,
    assert_touchable,
)
from tests.integration.desk_pages_kit import COLLEAGUE, PERSON, pages_of_the_sandbox
from tests.integration.routing_kit import (
    NOW,
    OTHER_UNIT,
    OneStop,
    a_case,
    a_due,
    a_one_stop,
    an_accepted,
)
from tests.unit.builders import some_particulars

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SCRIPT = "<script>document.title='lost'</script>"
LONG = "Nguyễn Thị Thử " + "Ngưỡng" * 17
DEATH, MARRIAGE, COPY, STATUS = "1.000656", "1.000894", "2.000635", "1.004873"


@pytest.fixture
async def one_stop(database: str) -> AsyncIterator[OneStop]:
    async with a_one_stop(database) as one:
        one.now = NOW + DAY + 2 * HOUR  # a working day, eleven in the morning
        yield one


@pytest.fixture
async def desk(one_stop: OneStop, tmp_path: Path) -> AsyncIterator[str]:
    async with pages_of_the_sandbox(one_stop, tmp_path) as url:
        yield url


def waiting(one_stop: OneStop) -> list[Case]:
    """Return what a unit finds on its desk on a busy morning."""
    now, data = one_stop.now, some_particulars()
    return [
        a_case(11, reception_due=a_due(now - 2 * DAY), flags=("late_registration",)),
        a_case(12, reception_due=a_due(now + 5 * HOUR), papers=(), particulars=data),
        a_case(
            13,
            reception_due=a_due(now + 6 * HOUR),
            procedure_code=MARRIAGE,
            papers=("marital_status_paper",),
            flags=("foreign_element",),
        ),
        a_case(14, reception_due=a_due(now + DAY), procedure_code=DEATH, papers=("death_notice",)),
        a_case(
            15,
            reception_due=a_due(now + DAY + HOUR),
            flags=("same_event",),
            same_event_as=("H29.26737-261123-0012", "H29.26740-261120-0003"),
            particulars=data,
        ),
        a_case(16, reception_due=a_due(now + 2 * DAY), procedure_code=COPY, papers=()),
        a_case(17, reception_due=a_due(now + 6 * DAY), procedure_code=STATUS, papers=()),
    ]


def under_way(one_stop: OneStop) -> list[Case]:
    """Return dossiers on the other lists."""
    now = one_stop.now
    return [
        an_accepted(21, now - 5 * DAY),
        an_accepted(22, now + 5 * HOUR, procedure_code=STATUS),
        an_accepted(23, now + 8 * DAY, procedure_code=MARRIAGE),
        a_case(24, status="supplement", supplement_due=a_due(now + 4 * DAY)),
        a_case(25, status="stopped", resumes_to="received"),
        a_case(26, status="registered", appointment=a_due(now + DAY)),
    ]


async def top_of(page: Any, name: str, wide: int = 620) -> None:
    """Take what is seen without much scrolling: all of a page is too large a picture to keep."""
    kept = os.environ.get("SCREENSHOTS") == "1"
    folder = ROOT / ("docs/images" if kept else "build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    for width, height, kind in ((WIDE, wide, "wide"), (PHONE, 844, "phone")):
        await page.set_viewport_size({"width": width, "height": height})
        path = folder / f"{name}-{kind}.png"
        await page.screenshot(path=path, animations="disabled")
        assert not kept or path.stat().st_size <= MOST_PICTURE_BYTES, path.name
    await page.set_viewport_size({"width": WIDE, "height": HEIGHT})


async def test_the_list_shows_days_in_words_and_is_accessible_everywhere(
    one_stop: OneStop, desk: str, page_of: Any
) -> None:
    await one_stop.put(*waiting(one_stop), *under_way(one_stop))
    page = await page_of(PERSON, desk, "/mot-cua/")

    first = page.locator("tbody tr").first
    assert "H29.26737-261123-0011" in await first.inner_text()
    assert "Quá hạn tiếp nhận" in await first.inner_text()
    await page.set_viewport_size({"width": PHONE, "height": HEIGHT})
    badge = await first.locator(".due .badge").bounding_box()
    day = await first.locator(".due .when").bounding_box()
    assert badge["y"] + badge["height"] <= day["y"]
    assert badge["x"] == day["x"]
    await top_of(page, "desk-list")
    await assert_accessible(page)
    await assert_fits(page)
    await assert_touchable(page)
    await assert_light(page)
    await page.set_viewport_size({"width": PHONE, "height": 900})
    await assert_accessible(page)


async def test_a_dossier_with_every_part_is_readable_everywhere(
    one_stop: OneStop, desk: str, page_of: Any
) -> None:
    cases = waiting(one_stop)
    await one_stop.put(*cases)
    case = cases[4]
    page = await page_of(PERSON, desk, f"/mot-cua/ho-so/{case.dossier_id}")

    for width in (WIDE, PHONE):
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        warning, acts = [await page.locator(one).bounding_box() for one in (".warned", ".acts")]
        assert warning["y"] + warning["height"] <= acts["y"], width
        assert warning["x"] == acts["x"]
    await top_of(page, "desk-dossier", wide=550)
    await page.locator(".why summary").first.click()
    assert "Nguyễn Thị Thử" in await page.locator("#people + p + .people").inner_text()
    await assert_accessible(page)
    await assert_fits(page)
    await assert_touchable(page)
    await assert_light(page)
    for act in await page.locator(".act summary").all():
        await act.click()
        await assert_accessible(page)
        await assert_fits(page)


ACTS: list[tuple[str, Case, dict[str, str], str]] = [
    ("accept", a_case(), {}, "Đã tiếp nhận hồ sơ."),
    ("supplement", a_case(papers=()), {}, "Đã yêu cầu bổ sung hồ sơ."),
    (
        "refuse",
        a_case(),
        {"reasons": "conditions_not_met"},
        "Đã từ chối giải quyết hồ sơ.",
    ),
    ("wrong_authority", a_case(), {}, "Đã trả lại hồ sơ vì không đúng thẩm quyền."),
    (
        "forward",
        a_case(residence_unit_code=OTHER_UNIT),
        {"reason": "not_competent", "to_unit_code": OTHER_UNIT},
        "Đã chuyển hồ sơ sang đơn vị khác.",
    ),
    ("withdraw", a_case(), {}, "Đã trả hồ sơ theo đề nghị rút."),
    ("stop", a_case(), {"reason": "legal_obstacle"}, "Đã dừng giải quyết hồ sơ."),
    (
        "resume",
        a_case(status="stopped", resumes_to="received"),
        {},
        "Đã tiếp tục giải quyết hồ sơ.",
    ),
    (
        "apologise",
        an_accepted(1, NOW + 3 * DAY),
        {"reason": "staff_shortage"},
        "Đã xin lỗi và hẹn lại ngày trả kết quả.",
    ),
    ("verify", an_accepted(1, NOW + 3 * DAY), {}, "Đã lùi ngày hẹn để xác minh."),
    (
        "hand_over",
        a_case(status="registered"),
        {"method": "in_person"},
        "Đã trả kết quả cho người dân.",
    ),
]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize(("act", "case", "fields", "done"), ACTS, ids=[one[0] for one in ACTS])
async def test_every_act_is_done_by_its_form_and_the_page_says_so(
    one_stop: OneStop,
    desk: str,
    page_of: Any,
    act: str,
    case: Case,
    fields: dict[str, str],
    done: str,
    scripts: bool,
) -> None:
    await one_stop.put(case)
    page = await page_of(PERSON, desk, f"/mot-cua/ho-so/{case.dossier_id}", scripts=scripts)
    form = page.locator(f'form[action$="/{act}"]')
    if not await form.is_visible():
        await page.locator(f"#act-{act} summary").click()

    for name, value in fields.items():
        select = form.locator(f'select[name="{name}"]')
        if await select.count():
            await select.select_option(value)
        else:
            await form.locator(f'[name="{name}"][value="{value}"]').check()
    await form.get_by_role("button").click()

    assert await page.locator(".notice.good").inner_text() == done
    assert await one_stop.said(case.dossier_id)


async def test_a_second_officer_sees_what_the_first_did_and_loses_nothing_typed(
    one_stop: OneStop, desk: str, page_of: Any
) -> None:
    case = a_case(particulars=some_particulars())
    await one_stop.put(case)
    page = await page_of(PERSON, desk, f"/mot-cua/ho-so/{case.dossier_id}")
    await page.locator("#act-refuse summary").click()
    await page.locator('#act-refuse [value="duplicate_registration"]').check()
    other = await page_of(COLLEAGUE, desk, f"/mot-cua/ho-so/{case.dossier_id}")
    await other.locator("#act-stop summary").click()
    await other.locator('#act-stop [value="legal_obstacle"]').check()
    await other.locator("#act-stop").get_by_role("button").click()

    await page.locator("#act-refuse").get_by_role("button").click()

    changed = await page.locator("section.warned").inner_text()
    assert "Dừng giải quyết" in changed
    assert f"Cán bộ {COLLEAGUE}" in changed
    assert await page.locator('[value="duplicate_registration"]').is_checked()
    assert not await page.locator('[value="conditions_not_met"]').is_checked()
    await top_of(page, "desk-conflict")
    await assert_accessible(page)
    await assert_fits(page)

    again = page.get_by_role("button", name="Vẫn thực hiện thao tác này")
    assert "danger" in str(await again.get_attribute("class"))
    await again.click()
    assert await page.locator(".notice.good").inner_text() == "Đã từ chối giải quyết hồ sơ."


async def test_a_form_clicked_twice_is_done_once(
    one_stop: OneStop, desk: str, page_of: Any
) -> None:
    case = a_case()
    await one_stop.put(case)
    page = await page_of(PERSON, desk, f"/mot-cua/ho-so/{case.dossier_id}")

    await page.locator('form[action$="/accept"] button').dblclick()
    await page.wait_for_url("**/ho-so/*done=accept*")
    await page.go_back()
    await page.reload()
    said = await one_stop.said(case.dossier_id)

    assert [one.name for one in said] == ["accepted"]


async def test_with_keys_alone_a_dossier_is_found_opened_and_left(
    one_stop: OneStop, desk: str, page_of: Any
) -> None:
    cases = waiting(one_stop)
    await one_stop.put(*cases)
    page = await page_of(PERSON, desk, "/mot-cua/")

    await page.keyboard.press("?")
    assert await page.locator("#keys").is_visible()
    await assert_accessible(page)
    await page.keyboard.press("Escape")
    assert not await page.locator("#keys").is_visible()
    for key in ("j", "j", "j", "k"):
        await page.keyboard.press(key)
    assert await page.locator(":focus").inner_text() == cases[1].code
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/ho-so/{cases[1].dossier_id}")
    await page.keyboard.press("g")
    await page.wait_for_url("**/mot-cua/")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/ho-so/**")
    await page.keyboard.press("/")
    await page.wait_for_url("**/mot-cua/#code")
    await page.locator("#code:focus").wait_for()
    await page.keyboard.type("0014")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/ho-so/{cases[3].dossier_id}")


async def test_keys_that_are_switched_off_do_nothing_on_any_page_until_switched_on_again(
    one_stop: OneStop, desk: str, page_of: Any
) -> None:
    await one_stop.put(*waiting(one_stop))
    page = await page_of(PERSON, desk, "/mot-cua/")
    help_shown = page.locator("#keys")

    await page.keyboard.press("?")
    await page.get_by_label("Dùng phím tắt").uncheck()
    await assert_accessible(page)
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    assert await page.locator("[data-row]:focus").count() == 0

    await page.reload()
    for key in ("j", "?", "/"):
        await page.keyboard.press(key)
    assert await page.locator("[data-row]:focus, #code:focus").count() == 0
    assert not await help_shown.is_visible()

    await page.locator("#keys-button").click()
    await assert_touchable(page)
    await page.get_by_label("Dùng phím tắt").check()
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    assert await page.locator("[data-row]:focus").count() == 1


async def test_a_script_in_a_name_is_text_and_long_names_wrap(
    one_stop: OneStop, desk: str, page_of: Any
) -> None:
    data = some_particulars(SCRIPT).model_dump(mode="json")
    data["applicant"]["full_name"] = LONG
    data["form"]["child"]["full_name"] = SCRIPT
    case = a_case(particulars=Particulars.model_validate(data))
    await one_stop.put(case)
    page = await page_of(PERSON, desk, f"/mot-cua/ho-so/{case.dossier_id}")

    assert SCRIPT in await page.locator(".people").inner_text()
    assert LONG in await page.locator(".people").inner_text()
    assert await page.title() == "Đăng ký khai sinh – Một cửa hộ tịch"
    await assert_fits(page)
    await assert_accessible(page)


async def test_a_dossier_that_went_all_its_way_tells_it(
    one_stop: OneStop, desk: str, page_of: Any
) -> None:
    case = a_case(particulars=some_particulars())
    await one_stop.put(case)
    await one_stop.act(case, Accept(PERSON))
    await one_stop.act(case, Stop(COLLEAGUE, "waiting_other_authority"))
    page = await page_of(PERSON, desk, f"/mot-cua/ho-so/{case.dossier_id}")

    steps = page.locator(".steps > li")
    assert await steps.count() == 2
    await page.locator("#readings summary").click()
    assert PERSON in await page.locator("#readings").inner_text()
    await assert_accessible(page)
