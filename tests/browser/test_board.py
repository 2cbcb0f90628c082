"""The pages of the provinces in a real browser, over the real board of a real one-stop.

The dossiers are those of the replay: six months of invented days, lived through with a clock that
is moved by hand.
"""

import contextlib
import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from board.app import make_pages
from board.asking import Services, open_session
from board.settings import BoardSettings
from local_stack import people
from local_stack.replay import STOPS
from local_stack.replay_law import write_law
from plumbing.serving import Health, make_app
from plumbing.tokens import TokenVerifier
from routing.board_api import board_binder
from tests.browser.looking import (
    PHONE,
    assert_accessible,
    assert_fits,
    assert_light,
    assert_touchable,
    picture,
)
from tests.integration.board_kit import Board
from tests.integration.routing_kit import a_one_stop
from tests.integration.sandbox_process import SECRETS, a_sandbox
from tests.integration.test_board_replay import live
from tests.unit.pages_kit import listening, serving, settings_of

CLIENT = {"secret": "client-password", "scope": "board:read operate"}
MONTHS = "?from=2021-10-01&to=2022-03-15&by=month"
BOARD, CITY = f"/tien-do{MONTHS}", f"/tien-do/79{MONTHS}"
SLOW = f"/tien-do/74{MONTHS}"


@dataclass
class Months:
    """Where the board is, after six months."""

    url: str


@pytest.fixture
async def months(database: str, tmp_path: Path) -> AsyncIterator[Months]:
    async with contextlib.AsyncExitStack() as opened:
        one = await opened.enter_async_context(a_one_stop(database))
        law = write_law(tmp_path / "law")
        one.known, one.by_officer = law.known, False
        board = Board(one)
        for day in STOPS:
            await live(board, day, law)
        yield await _served(opened, board, tmp_path)


async def _served(opened: contextlib.AsyncExitStack, board: Board, folder: Path) -> Months:
    listener, url = opened.enter_context(listening())
    inner, routing_url = opened.enter_context(listening())
    secrets = folder / "people.json"
    who = {"people": people.people(("25747",), ("79",), ("operator",))}
    secrets.write_text(json.dumps(SECRETS | who | {"web_clients": {"board-web": CLIENT}}))
    redirects = json.dumps({"board-web": [f"{url}/"]})
    sandbox = await opened.enter_async_context(
        a_sandbox(folder, SANDBOX_SECRETS=str(secrets), SANDBOX_REDIRECTS=redirects)
    )
    jwks = f"{sandbox.url}/oauth/jwks.json"
    routing = make_app("routing", Health())
    verifier = TokenVerifier(sandbox.url, "hotich", jwks)
    board_binder(board.one_stop.running, board.one_stop.known, verifier)(routing)
    await opened.enter_async_context(serving(routing, inner))
    session = open_session()
    opened.push_async_callback(session.close)
    settings = BoardSettings(
        http_port=1,
        services_urls={"routing": (routing_url,)},
        oidc_issuer=sandbox.url,
        oidc_jwks_url=jwks,
    )
    oidc = settings_of(sandbox.url, url, client_id="board-web")
    app = make_pages(settings, oidc, Services(settings.services_urls, session), Health())
    await opened.enter_async_context(serving(app, listener))
    return Months(url)


@pytest.mark.timeout(300)
async def test_the_pages_are_accessible_light_and_fit_every_screen_in_both_languages(
    months: Months, page_of: Any
) -> None:
    for language in ("vi", "en"):
        page = await page_of("viewer", months.url, BOARD, language=language)
        for path in (BOARD, CITY, SLOW, "/tien-do?from=x", "/tien-do/99"):
            await page.goto(months.url + path)
            await assert_accessible(page)
            await assert_fits(page)
            await assert_touchable(page)
            await assert_light(page)
        await page.goto(months.url + CITY)
        await page.set_viewport_size({"width": PHONE, "height": 900})
        await assert_accessible(page)


@pytest.mark.timeout(300)
async def test_a_viewer_of_all_sees_seven_provinces_move_and_what_waits(
    months: Months, page_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What one sees of a table full of words and colours is a large picture otherwise.
    monkeypatch.setattr("tests.browser.looking.HEIGHT", 660)
    page = await page_of("viewer", months.url, BOARD)

    rows = await page.locator("table.overview tbody tr").all_inner_texts()
    assert len(rows) == 7
    assert await page.locator("table.overview svg rect").count() > 10
    await picture(page, "board", whole=False)
    await page.get_by_role("link", name="Bình Dương").click()
    assert await page.locator("h1").inner_text() == "Bình Dương Chỉ qua cổng"
    said = await page.locator("main").inner_text()
    assert "đã 151 ngày" in said
    assert "Áp dụng từ Thứ Ba, 15/02/2022" in said
    assert await page.locator(".plot-columns rect").count() > 6
    await picture(page, "board-province", whole=False)


@pytest.mark.timeout(300)
async def test_without_scripts_a_time_is_chosen_and_files_are_taken(
    months: Months, page_of: Any
) -> None:
    page = await page_of("viewer", months.url, BOARD, scripts=False)

    await page.fill("[name=from]", "2021-11-01")
    await page.fill("[name=to]", "2021-11-30")
    await page.select_option("[name=by]", "day")
    await page.get_by_role("button", name="Xem").click()
    assert "from=2021-11-01&to=2021-11-30&by=day" in page.url
    cells = await page.locator("table.overview tbody td:nth-of-type(2)").all_inner_texts()
    assert sum(int(one) for one in cells) == 36

    files = {}
    for name in ("Tải CSV: theo kênh và thời gian", "Tải Excel: tất cả số liệu"):
        async with page.expect_download() as waited:
            await page.get_by_role("link", name=name).click()
        files[name] = Path(await (await waited.value).path()).read_bytes()
    table = list(
        csv.reader(
            io.StringIO(files["Tải CSV: theo kênh và thời gian"].decode("utf-8-sig")), delimiter=";"
        )
    )
    assert sum(int(row[-1]) for row in table[1:]) == 36
    book = openpyxl.load_workbook(io.BytesIO(files["Tải Excel: tất cả số liệu"]))
    assert book.sheetnames == ["Các tỉnh", "Theo thời gian", "Lý do trả lại", "Chuyển đổi"]


@pytest.mark.timeout(300)
async def test_a_viewer_of_one_province_sees_no_other(months: Months, page_of: Any) -> None:
    page = await page_of("viewer-79", months.url, BOARD)

    assert await page.locator("table.overview tbody tr").count() == 1
    answer = await page.goto(months.url + SLOW)
    assert answer.status == 403
    assert "không được xem số liệu của tỉnh này" in await page.locator("main").inner_text()
    await assert_accessible(page)
