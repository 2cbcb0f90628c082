"""The board asks the services: replicas in turn, for a bounded time, and nobody's absence kills."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import ValidationError

from board import asking as asking_services
from board.asking import Answer, Away, Services
from board.operations.looking import look
from board.settings import BoardSettings
from tests.unit.board_operations_kit import an_overview

NOBODY = "http://127.0.0.1:1"


class Played:
    """A service that answers what a test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.answers: dict[str, Any] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("authorization", "")
        self.asked.append((request.method, request.path, token))
        given = self.answers.get(request.path, (200, {"at": request.path}))
        if given == "hangs":
            await asyncio.sleep(60)
        if isinstance(given, web.StreamResponse):
            return given
        status, document = given
        return web.json_response(document, status=status)


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Played, str]]:
    """Serve a played service; gives it and its address."""
    played, app = Played(), web.Application()
    app.router.add_route("*", "/{path:.*}", played.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield played, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def asking(seconds: float = 5, **urls: tuple[str, ...]) -> AsyncIterator[Services]:
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Services(urls, session)


async def test_given_a_person_then_the_service_is_asked_with_their_token() -> None:
    async with playing() as (played, url), asking(routing=(url,)) as services:
        told = await services.ask("tok", "routing", "GET", "/v1/x")

    assert told == Answer(200, {"at": "/v1/x"})
    assert played.asked == [("GET", "/v1/x", "Bearer tok")]


async def test_given_a_replica_that_is_away_then_the_next_one_is_asked() -> None:
    async with playing() as (played, url), asking(routing=(NOBODY, url)) as services:
        assert (await services.ask("tok", "routing", "POST", "/v1/x")).is_yes

    assert len(played.asked) == 1


async def test_given_a_post_that_was_told_and_not_answered_then_nobody_else_is_told() -> None:
    async with (
        playing() as (first, url),
        playing() as (second, other),
        asking(0.3, routing=(url, other)) as services,
    ):
        first.answers["/v1/x"] = "hangs"
        with pytest.raises(Away) as away:
            await services.ask("tok", "routing", "POST", "/v1/x")

    assert away.value.reason == "no_answer_in_time"
    assert (len(first.asked), second.asked) == (1, [])


async def test_given_replicas_that_hang_one_after_the_other_then_all_have_the_time_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking_services, "LONGEST_SECONDS", 0.3)
    async with (
        playing() as (played, url),
        asyncio.timeout(20),
        asking(60, routing=(NOBODY, url)) as services,
    ):
        played.answers["/v1/x"] = "hangs"
        with pytest.raises(Away) as away:
            await services.ask("tok", "routing", "GET", "/v1/x")

    assert away.value.reason == "no_answer_in_time"


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(text="<html>not json</html>"),
        web.Response(body=b"\xff\xfe\x00", content_type="application/json"),
        web.Response(body=b" " * (9 * 1024 * 1024)),
    ],
    ids=["html", "bytes", "large"],
)
async def test_given_an_answer_that_cannot_be_read_then_the_service_counts_as_away(
    answer: web.Response,
) -> None:
    async with playing() as (played, url), asking(routing=(url,)) as services:
        played.answers["/v1/x"] = answer
        with pytest.raises(Away) as away:
            await services.ask("tok", "routing", "GET", "/v1/x")

    assert away.value.reason == "answer_unreadable"


async def test_given_a_redirect_then_the_token_follows_it_nowhere() -> None:
    async with (
        playing() as (first, url),
        playing() as (second, other),
        asking(routing=(url,)) as services,
    ):
        first.answers["/v1/x"] = web.Response(status=307, headers={"location": f"{other}/y"})
        told = await services.ask("tok", "routing", "GET", "/v1/x")

    assert (told.status, told.is_yes, second.asked) == (307, False, [])


async def test_given_a_problem_then_its_name_is_told() -> None:
    problem = {"type": "https://hotich.example/problems/already-done", "status": 409}
    async with playing() as (played, url), asking(routing=(url,)) as services:
        played.answers["/v1/x"] = (409, problem)
        told = await services.ask("tok", "routing", "POST", "/v1/x")

    assert (told.problem, told.is_yes) == ("already-done", False)


async def test_given_services_well_ill_and_away_then_each_is_seen_as_it_is() -> None:
    overview = an_overview("routing").model_dump(mode="json")
    async with (
        playing() as (well, url),
        playing() as (ill, other),
        asking(0.5, intake=(NOBODY,), routing=(url, other)) as services,
    ):
        well.answers |= {"/v1/operate/overview": (200, overview), "/v1/stuck/acts": (200, [])}
        ill.answers |= {
            "/health/live": (503, {"reason": "relay_stalled"}),
            "/v1/operate/overview": "hangs",
        }
        intake, routing = await look(services, "tok")

    assert [one.state for one in intake.replicas] == ["away"]
    assert not intake.is_reached
    assert [(one.state, one.reason) for one in routing.replicas] == [
        ("ready", ""),
        ("stuck", "relay_stalled"),
    ]
    assert routing.figures is not None
    assert ("GET", "/health/ready", "") in well.asked


async def test_given_figures_of_another_release_then_the_replica_is_seen_without_them() -> None:
    async with playing() as (played, url), asking(routing=(url,)) as services:
        played.answers["/v1/operate/overview"] = (200, {"service": "routing", "new": 1})
        (routing,) = await look(services, "tok")

    assert [(one.state, one.reason) for one in routing.replicas] == [("ready", "no_figures")]


def settings(urls: str, monkeypatch: pytest.MonkeyPatch) -> BoardSettings:
    told = {"HTTP_PORT": "1", "OIDC_ISSUER": "i", "OIDC_JWKS_URL": "j", "SERVICES_URLS": urls}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return BoardSettings()


def test_given_one_address_or_several_then_both_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = '{"intake": "http://a:1/", "routing": ["http://b:1", "http://b:2"]}'

    told = settings(urls, monkeypatch).services_urls

    assert told == {"intake": ("http://a:1",), "routing": ("http://b:1", "http://b:2")}


@pytest.mark.parametrize("urls", ["{}", '{"intake": []}', '{"intake": "nonsense"}', "[]"])
def test_given_no_address_then_the_board_does_not_start(
    urls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError):
        settings(urls, monkeypatch)
