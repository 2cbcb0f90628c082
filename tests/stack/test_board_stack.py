"""The board of a whole stack: it sees the real services, and acts on them in a person's name."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from local_stack.stack import Stack
from tests.integration.board_operations_bench import Person, signed_in
from tests.unit.pages_kit import visiting

HOME = "/van-hanh/"
SERVICES = ("intake", "routing", "registry-sync", "notifier")


@pytest.fixture
async def person(stack: Stack) -> AsyncIterator[Person]:
    status = stack.status()
    async with visiting(status.urls["board"]) as visitor:
        yield await signed_in(visitor, status.sandbox["url"], "operator")


async def until(holds: Callable[[], Awaitable[bool]], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.2)


async def test_given_a_stack_then_every_service_is_seen_at_work_with_its_figures(
    stack: Stack, person: Person
):
    async def all_seen() -> bool:
        page = await person.see(HOME)
        return all(f"{one} chạy tốt" in page for one in SERVICES)

    await until(all_seen, "every service is seen")

    page = await person.see(HOME)
    assert "không rõ" not in page
    assert "registry-sync/register" in page
    assert "registry-sync: phần mềm hộ tịch" in page


async def test_given_a_real_service_then_its_lag_is_told_for_every_topic_it_reads(stack: Stack):
    status = stack.status()
    token = await _token(stack)

    async def told() -> bool:
        url = f"{status.urls['notifier']}/v1/operate/overview"
        async with (
            aiohttp.ClientSession() as http,
            http.get(url, headers={"authorization": f"Bearer {token}"}) as answer,
        ):
            overview = await answer.json()
        topics = {one["topic"] for one in overview["lag"] or ()}
        return len(topics) == 4 and overview["reads"]

    await until(told, "the notifier tells of its four topics")


async def test_given_no_operators_token_then_no_figures_are_told(stack: Stack):
    url = f"{stack.status().urls['routing']}/v1/operate/overview"
    portal = await _token(stack, "national-portal")
    for headers, status in (({}, 401), ({"authorization": f"Bearer {portal}"}, 403)):
        async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
            assert answer.status == status


async def test_given_the_registers_lane_when_it_is_paused_from_the_page_then_its_service_knows(
    stack: Stack, person: Person
):
    lane = "/van-hanh/lan/registry-sync/register"
    try:
        told = await person.send(lane, act="pause", reason="works at the register", turn="")
        assert "Đã tạm dừng làn." in told
        assert "tạm dừng làn register, bởi operator: works at the register" in (
            await person.see(HOME)
        )
    finally:
        told = await person.send(lane, act="resume", reason="over", turn="")
    assert "Làn chạy lại." in told


async def test_given_a_comparison_is_asked_for_then_it_begins_or_follows_the_one_under_way(
    stack: Stack, person: Person
):
    page = "/van-hanh/doi-chieu/registry-sync"

    told = await person.send(page, neighbour="register", scope="changed")

    assert "Đã bắt đầu đối soát." in told or "không bắt đầu lần thứ hai" in told
    assert "phần mềm hộ tịch" in await person.see(page)

    async def by_me() -> bool:
        await person.send(page, neighbour="register", scope="changed")
        return "mới đổi và còn sai lệch operator" in await person.see(page)

    await until(by_me, "a run the person asked for")


async def test_given_a_service_is_stopped_then_the_page_says_so_and_later_that_it_is_back(
    stack: Stack, person: Person
):
    await asyncio.to_thread(stack.stop_component, "intake")
    try:
        page = await person.see(HOME)
        assert person.status == 200
        assert "intake không trả lời" in page
        assert "routing chạy tốt" in page
        assert "intake không trả lời" in await person.see("/van-hanh/dang-cho?service=intake")
        assert person.status == 503
    finally:
        await asyncio.to_thread(stack.start_component, "intake")
        await asyncio.to_thread(stack.await_component, "intake")

    assert "intake chạy tốt" in await person.see(HOME)


async def test_given_the_board_is_told_to_stop_then_it_ends_and_is_ready_again_after_a_start(
    stack: Stack,
):
    await asyncio.to_thread(stack.stop_component, "board")
    assert stack.status().components["board"] == "stopped"
    await asyncio.to_thread(stack.start_component, "board")
    await asyncio.to_thread(stack.await_component, "board")

    log = (stack.place.logs / "board.log").read_text("utf-8").splitlines()
    lines = [json.loads(line) for line in log if line.startswith("{")]
    assert [one["outcome"] for one in lines if one["event"] == "service_stopped"][-1] == "asked"


async def _token(stack: Stack, client: str = "operator") -> str:
    status = stack.status()
    clients = json.loads((stack.place.state / "secrets.json").read_text("utf-8"))["clients"]
    form = {"grant_type": "client_credentials"}
    headers = {"authorization": aiohttp.encode_basic_auth(client, clients[client]["secret"])}
    url = f"{status.sandbox['url']}/oauth/token"
    async with aiohttp.ClientSession() as http, http.post(url, data=form, headers=headers) as told:
        return str((await told.json())["access_token"])
