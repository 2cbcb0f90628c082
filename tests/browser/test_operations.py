"""The operator's pages in a real browser: what is wrong at a glance, and acting on it."""

import contextlib
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.decision import Effect
from plumbing.valve import Outcome
from tests.browser.looking import (
    MOST_PICTURE_BYTES,
    PHONE,
    ROOT,
    assert_accessible,
    assert_fits,
    assert_light,
    assert_touchable,
)
from tests.integration.board_operations_bench import OperationsBench, an_operations_bench
from tests.integration.core_kit import Dossier
from tests.integration.stuck_kit import BUGGY, ONE, OTHER, a_letter_and_its_followers
from tests.unit.board_operations_kit import a_run, an_overview, calls
from tests.unit.test_board_asking import playing

HOME = "/van-hanh/"


@dataclass
class Night:
    """A bad night: the board, and the names of what is stuck."""

    bench: OperationsBench
    letter: str
    parked: str
    effect: str

    @property
    def url(self) -> str:
        """Return where the board is."""
        return self.bench.url


@pytest.fixture
async def night(database: str, tmp_path: Path) -> AsyncIterator[Night]:
    intake = an_overview("intake", lanes=[], lag=None, reads=False)
    register = an_overview(
        "registry-sync",
        lanes=["register"],
        calls=[calls("register", "push", due_seconds=1_260)],
        valves=[
            {"call": "push", "turn": "", "state": "shut", "window": 1, "flying": 0}
            | {"ramping": False}
        ],
        comparisons=[a_run(3600, open=4, for_people=3, numbers=3, oldest_seconds=3600)],
    )
    async with contextlib.AsyncExitStack() as opened:
        more = {}
        for overview in (intake, register):
            played, url = await opened.enter_async_context(playing())
            told = overview.model_dump(mode="json")
            played.answers |= {"/v1/operate/overview": (200, told), "/v1/stuck/acts": (200, [])}
            more[overview.service] = (url,)
        bench = await opened.enter_async_context(an_operations_bench(tmp_path, database, **more))
        dossier, letter = await a_letter_and_its_followers(bench.desk)
        effect = await _a_call_by_hand(bench)
        for n in range(6):
            await bench.desk.bench.bring(Dossier(), Effect(f"sms:step-{n}", "told", b"x"))
        _use_valve(bench, "done")
        parked = f"notifier/parked/{dossier.id}/routing"
        yield Night(bench, letter, parked, effect)


def _use_valve(bench: OperationsBench, outcome: Outcome) -> None:
    leave = bench.valves.begin("sms")
    assert leave is not None
    with leave:
        leave.report(outcome, "one")


async def _a_call_by_hand(bench: OperationsBench) -> str:
    """Let a call wait for a person after two attempts; return its name."""
    await bench.desk.bench.bring(Dossier(), Effect("sms:accepted", "told", b"x"))
    pool = bench.desk.bench.pool
    effect_id = await pool.fetchval(
        "UPDATE effect SET state = 'MANUAL', reason = 'horizon', attempt = 2,"
        " ended_at = clock_timestamp() - interval '2 days'"
        " WHERE kind = 'sms:accepted' RETURNING effect_id"
    )
    await pool.executemany(
        "INSERT INTO effect_attempt (effect_id, fence, attempt, outcome, reason, steps)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (effect_id, 1, 1, "unknown", "http_504", "told:http_504"),
            (effect_id, 2, 2, "stuck", "horizon", "asked:unknown"),
        ],
    )
    return f"notifier/effect/{effect_id}"


async def test_pages_are_accessible_light_and_fit_every_screen(night: Night, page_of: Any) -> None:
    page = await page_of(ONE, night.url, HOME)
    paths = (
        HOME,
        f"{HOME}?lang=en",
        "/van-hanh/dang-cho?service=notifier&kind=manual",
        f"/van-hanh/viec/{night.effect}",
        f"/van-hanh/viec/{night.parked}",
        "/van-hanh/lan/notifier/told",
        "/",
    )
    for path in paths:
        await page.goto(night.url + path)
        await assert_accessible(page)
        await assert_fits(page)
        await assert_touchable(page)
        await assert_light(page)


async def test_the_worst_is_seen_first_on_a_wide_screen_and_on_a_phone(
    night: Night, page_of: Any, shot: Any
) -> None:
    page = await page_of(ONE, night.url, HOME)

    for width in (1280, PHONE):
        await page.set_viewport_size({"width": width, "height": 900})
        first = page.locator(".findings li").first
        box = await first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900
        assert "Sự cố" in await first.inner_text()
    assert (await page.title()).startswith("(")
    await page.set_viewport_size({"width": 1280, "height": 900})
    await _top_of(page, "operator")
    await page.goto(f"{night.url}/van-hanh/viec/{night.effect}")
    await shot(page, "operator-stuck", whole=False)


async def _top_of(page: Any, name: str) -> None:
    """Take what is seen without scrolling: the whole page is too large a picture to keep."""
    kept = os.environ.get("SCREENSHOTS") == "1"
    folder = ROOT / ("docs/images" if kept else "build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    for width, height, kind in ((1280, 500, "wide"), (PHONE, 800, "phone")):
        await page.set_viewport_size({"width": width, "height": height})
        path = folder / f"{name}-{kind}.png"
        await page.screenshot(path=path, animations="disabled")
        assert not kept or path.stat().st_size <= MOST_PICTURE_BYTES, path.name
    await page.set_viewport_size({"width": 1280, "height": 900})


async def test_without_scripts_two_people_redrive_a_letter(night: Night, page_of: Any) -> None:
    BUGGY.clear()
    first = await page_of(ONE, night.url, f"/van-hanh/viec/{night.letter}", scripts=False)
    await first.fill("[name=reason]", "the rule was mended")
    await first.get_by_role("button", name="Chạy thử: làm lại…").click()
    assert "Làm được 1 trên 1 việc" in await first.locator("main").inner_text()
    await first.get_by_role("button", name="Đề xuất (1 việc)").click()
    assert await first.get_by_role("button", name="Phê duyệt").count() == 0

    second = await page_of(OTHER, night.url, HOME, scripts=False)
    await second.get_by_role("link", name="Xem đề xuất").click()
    await second.get_by_role("button", name="Phê duyệt làm lại (1 việc)").click()

    assert "Đã thực hiện." in await second.locator("main").inner_text()
    assert await night.bench.desk.stuck("dead_letter") == []


async def test_the_page_refreshes_itself_keeps_the_focus_and_can_be_stopped(
    night: Night, page_of: Any
) -> None:
    page = await page_of(ONE, night.url, HOME)
    link = page.locator("#lanes ~ .table a", has_text="notifier/told").first
    await link.focus()

    async with night.bench.desk.bench.pool.acquire() as conn:
        await conn.execute(
            "INSERT INTO lane_pause (lane, paused_by, reason) VALUES ('told', 'thu', 'works')"
        )
    await page.get_by_text("tạm dừng làn told, bởi thu: works").wait_for()

    assert await page.evaluate("document.activeElement.textContent") == "notifier/told"
    await page.get_by_role("button", name="Dừng tự cập nhật").click()
    assert await page.get_by_role("button", name="Tự cập nhật tiếp").is_visible()


async def test_when_the_board_does_not_answer_then_the_page_says_that_it_is_old(
    night: Night, page_of: Any
) -> None:
    page = await page_of(ONE, night.url, HOME)
    await page.route(re.compile("/van-hanh/"), lambda route: route.abort())

    await page.get_by_text("số liệu trên trang đã cũ").wait_for()

    assert await page.locator("#live.stale").count() == 1
