"""The board over real HTTP: whose provinces a token shows, which days, which figures."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn

from contracts.board import BoardView, UnitView
from contracts.events import Imported
from plumbing.operating import Operators
from plumbing.serving import Health, make_app
from plumbing.tokens import TokenVerifier
from routing.board_api import board_binder, recounting
from tests.integration.board_kit import Board, moment
from tests.integration.routing_kit import a_one_stop
from tests.integration.sandbox_process import SECRETS, a_sandbox, free_port

#: Communes of Hồ Chí Minh City and of Hà Giang in 2021.
THERE, ELSEWHERE = "26737", "00688"
CLAIMS: dict[str, dict[str, Any]] = {
    "viewer": {"provinces": ["*"]},
    "viewer-79": {"provinces": ["79"]},
    "viewer-74": {"provinces": ["74"]},
    "viewer-none": {},
    "operator": {"role": "operator", "sub": "operator"},
}


@dataclass
class Reader:
    """Someone who reads the board with the token of a client."""

    board: Board
    http: aiohttp.ClientSession
    tokens: dict[str, str]

    async def get(self, path: str, client: str = "viewer", **query: str) -> tuple[int, Any]:
        return await self.ask("GET", path, client, **query)

    async def ask(self, method: str, path: str, client: str, **query: str) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.tokens.get(client, client)}"}
        async with self.http.request(method, path, headers=headers, params=query) as response:
            return response.status, json.loads(await response.read() or b"null")

    async def view(self, client: str = "viewer", **query: str) -> BoardView:
        status, body = await self.get("/v1/board", client, **query)
        assert status == 200, body
        return BoardView.model_validate(body)


@asynccontextmanager
async def an_issuer(folder: Path) -> AsyncIterator[tuple[TokenVerifier, dict[str, str]]]:
    """Give the sandbox's tokens of readers, an operator and a portal."""
    clients = {
        name: {
            "secret": "password",
            "scope": "operate" if name == "operator" else "board:read",
            "claims": claims,
        }
        for name, claims in CLAIMS.items()
    }
    portal = {"national-portal": SECRETS["clients"]["national-portal"] | {"secret": "password"}}
    secrets = folder / "board-secrets.json"
    secrets.write_text(json.dumps(SECRETS | {"clients": clients | portal}))
    async with a_sandbox(folder, SANDBOX_SECRETS=str(secrets)) as sandbox:
        tokens = {}
        for name in (*clients, *portal):
            form = {
                "grant_type": "client_credentials",
                "client_id": name,
                "client_secret": "password",
            }
            _, body = await sandbox.post("/oauth/token", data=form)
            tokens[name] = str(body["access_token"])
        yield TokenVerifier(sandbox.url, "hotich", f"{sandbox.url}/oauth/jwks.json"), tokens


@pytest.fixture
async def reader(database: str, tmp_path: Path) -> AsyncIterator[Reader]:
    async with a_one_stop(database) as one, an_issuer(tmp_path) as (verifier, tokens):
        one.by_officer, one.now = False, moment("2021-11-15 09:00")
        board = Board(one)
        app, port = make_app("routing", Health()), free_port()
        board_binder(one.running, one.known, verifier)(app)
        recounting(board.counting)(app, Operators(verifier))
        server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
        )
        serving = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
                yield Reader(board, http, tokens)
        finally:
            server.should_exit = True
            await serving


async def a_month(board: Board) -> None:
    """Let dossiers come on three roads in two provinces, some late, some sent back."""
    one_stop = board.one_stop
    here: dict[str, Any] = {"unit_code": THERE, "residence_unit_code": THERE}
    there = {"province_code": "02", "unit_code": ELSEWHERE, "residence_unit_code": ELSEWHERE}
    old = {"channel": "moj-direct", "portal": "moj-direct"}
    taken = Imported(batch="b1", stage="at_register", received_at=moment("2021-10-20 09:00"))
    made = [board.submitted(**here), board.submitted(**here | old), board.submitted(**there)]
    made.append(board.submitted(**there, attachments=()))
    before = {"submitted_at": moment("2021-10-20 08:00"), "imported": taken}
    made.append(board.submitted(**here | old | before))
    await board.settle(*(record for _, record in made))
    one_stop.now += timedelta(hours=1)
    await board.settle(board.registered(made[0][0]))
    one_stop.by_officer = True
    await board.settle(board.submitted(**here)[1])
    one_stop.now += timedelta(days=7)
    await board.counting.roll_up()


async def test_given_a_month_then_the_board_shows_roads_returns_punctuality_and_the_old_road(
    reader: Reader,
):
    await a_month(reader.board)

    view = await reader.view(**{"from": "2021-10-01", "to": "2021-11-30", "by": "month"})

    assert [one.province_code for one in view.provinces] == [
        "02",
        "06",
        "10",
        "49",
        "74",
        "79",
        "83",
    ]
    city = next(one for one in view.provinces if one.province_code == "79")
    assert city.roads == {"imported": 1, "moj-direct": 1, "national-portal": 2}
    assert [one.roads for one in city.periods] == [
        {"imported": 1},
        {"moj-direct": 1, "national-portal": 2},
    ]
    assert city.totals == {"accepted": 3, "registered": 1, "submitted": 4}
    assert (city.appointment.on_time, city.appointment.late) == (1, 0)
    assert (city.appointment.open, city.appointment.open_late) == (2, 2)
    assert (city.reception.on_time, city.reception.open, city.reception.open_late) == (2, 1, 1)
    assert (city.old_road.open, city.old_road.by_road) == (2, {"imported": 1, "moj-direct": 1})
    assert city.old_road.oldest_days == 33
    north = view.provinces[0]
    assert north.name == "Hà Giang"
    assert [(r.kind, r.reason, r.count) for r in north.returns] == [
        ("supplement", "missing_paper", 1)
    ]
    assert north.returns[0].text_vi.startswith("Hồ sơ còn thiếu giấy tờ")
    assert north.old_road.open == 0


async def test_given_the_shipped_move_then_state_dates_and_days_left_are_of_the_services_day(
    reader: Reader,
):
    view = await reader.view(to="2021-11-30")

    move = view.provinces[-1].move
    assert move is not None
    assert (move.state, str(move.since), str(move.cut_over)) == ("dual", "2021-10-12", "2022-04-01")
    assert (str(move.direct_until), move.grace_until, move.days_left) == ("2022-03-31", None, 136)
    assert [row.state for row in move.rows] == ["legacy", "dual", "portal-only"]


async def test_given_a_token_of_one_province_then_no_other_is_shown_nor_found(reader: Reader):
    await a_month(reader.board)

    view = await reader.view("viewer-79")
    allowed = await reader.get("/v1/board", "viewer-79", province="79")
    refused = await reader.get("/v1/board", "viewer-79", province="02")
    units = await reader.get("/v1/board/02/units", "viewer-79")

    assert [one.province_code for one in view.provinces] == ["79"]
    assert allowed[0] == 200
    assert (refused[0], units[0]) == (403, 403)
    assert refused[1]["type"].endswith("/province-not-allowed")


async def test_given_a_province_of_before_then_its_viewer_sees_its_heir_on_days_of_today(
    reader: Reader,
):
    reader.board.one_stop.now = moment("2026-11-28 09:00")

    today = await reader.view("viewer-74")
    before = await reader.view("viewer-74", to="2021-11-30")
    asked = await reader.get("/v1/board", "viewer-74", province="79")
    units = await reader.get("/v1/board/79/units", "viewer-74")
    others = await reader.get("/v1/board", "viewer-74", province="02")
    early = {"from": "2021-11-01", "to": "2021-11-30"}
    not_yet = await reader.get("/v1/board", "viewer-74", province="79", **early)

    assert [one.province_code for one in today.provinces] == ["79"]
    assert [one.province_code for one in before.provinces] == ["74"]
    assert (asked[0], units[0], others[0], not_yet[0]) == (200, 200, 403, 403)


async def test_given_today_then_the_heirs_of_the_move_say_which_former_provinces_have_moved(
    reader: Reader,
):
    reader.board.one_stop.now = moment("2026-11-28 09:00")

    today = await reader.view()

    shown = {one.province_code: [old.name for old in one.moved] for one in today.provinces}
    assert shown == {
        "08": ["Hà Giang"],
        "15": ["Lào Cai"],
        "19": ["Bắc Kạn"],
        "48": ["Quảng Nam"],
        "79": ["Bình Dương"],
        "86": ["Bến Tre"],
    }
    assert {old.state for one in today.provinces for old in one.moved} == {"portal-only"}
    assert all(str(old.last_on) == "2025-06-30" for one in today.provinces for old in one.moved)


@pytest.mark.parametrize(
    ("client", "status"),
    [("viewer-none", 403), ("national-portal", 403), ("operator", 403), ("nonsense", 401)],
)
async def test_given_a_token_without_provinces_or_scope_then_nothing_is_shown(
    reader: Reader, client: str, status: int
):
    for path in ("/v1/board", "/v1/board/79/units"):
        assert (await reader.get(path, client))[0] == status


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2021-11-30", "to": "2021-11-01"},
        {"from": "2019-01-01", "to": "2021-11-01"},
        {"from": "2021-11-01", "by": "hour"},
        {"from": "yesterday"},
        {"to": "0001-01-01"},
        {"from": "9999-12-01", "to": "9999-12-31", "by": "day"},
        {"province": "7"},
    ],
)
async def test_given_a_question_nobody_can_answer_then_422_names_the_field(
    reader: Reader, query: dict[str, str]
):
    status, body = await reader.get("/v1/board", **query)

    assert status == 422
    assert body["errors"][0]["field"] in ("from", "to", "by", "province")


async def test_given_cases_under_way_then_each_unit_of_the_province_is_shown(reader: Reader):
    await a_month(reader.board)

    status, body = await reader.get("/v1/board/79/units")

    assert status == 200
    (unit,) = [UnitView.model_validate(one) for one in body]
    assert (unit.unit_code, unit.open, unit.old_road) == (THERE, 3, 2)
    assert unit.statuses == {"accepted": 2, "received": 1}
    assert (unit.late_reception, unit.late_appointment) == (1, 2)
    assert unit.name


async def test_given_an_operator_then_all_is_counted_anew_and_nobody_else_may(reader: Reader):
    await a_month(reader.board)
    before = await reader.board.counters()

    assert (await reader.ask("POST", "/v1/board/recounts", "viewer"))[0] == 403
    assert (await reader.ask("POST", "/v1/board/recounts", "operator"))[0] == 202

    assert await reader.board.counters() == {}
    await reader.board.counting.catch_up()
    await reader.board.counting.roll_up()
    assert await reader.board.counters() == before
