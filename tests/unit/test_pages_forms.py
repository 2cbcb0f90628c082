"""Forms: only from our own pages, only text, only so much."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.unit.pages_kit import (
    Issuer,
    Visitor,
    demo_app,
    listening,
    serving,
    settings_of,
    visiting,
    word_of,
)

FORM_COOKIE = "hotich_form"
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer().running() as issuer:
        yield issuer


@pytest.fixture
async def visitor(issuer: Issuer) -> AsyncIterator[Visitor]:
    with listening() as (listener, url):
        app = demo_app(settings_of(issuer.url, url))
        async with serving(app, listener), visiting(url) as visitor:
            yield visitor


async def word(visitor: Visitor, path: str) -> str:
    """Return the word of the form on a page."""
    return word_of(await (await visitor.get(path)).text())


async def test_a_form_of_ours_is_read_as_it_was_written(issuer: Issuer, visitor: Visitor) -> None:
    await visitor.sign_in(issuer)
    csrf = await word(visitor, "/demo/form")

    answer = await visitor.post("/demo/form", {"csrf": csrf, "note": "  Bản sao\r\n& <ảnh> "})

    assert answer.status == 200
    assert ">\nBản sao\n&amp; &lt;ảnh&gt;</textarea>" in await answer.text()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": "", "Origin": "https://evil.example"},
        {"Sec_Fetch_Site": "", "Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "OWN"},
    ],
    ids=str,
)
async def test_given_a_form_from_elsewhere_then_it_is_refused_though_its_word_is_right(
    issuer: Issuer, visitor: Visitor, headers: dict[str, str]
) -> None:
    await visitor.sign_in(issuer)
    csrf = await word(visitor, "/demo/form")
    sent = {name: value.replace("OWN", visitor.url) for name, value in headers.items()}

    answer = await visitor.post("/demo/form", {"csrf": csrf, "note": "x"}, **sent)

    assert answer.status == 403
    assert "Chưa có gì được thực hiện" in await answer.text()


@pytest.mark.parametrize(
    "headers",
    [{"Sec_Fetch_Site": ""}, {"Sec_Fetch_Site": "", "Origin": "null"}, {"Origin": "OWN"}],
    ids=str,
)
async def test_given_a_browser_that_says_less_then_the_word_decides(
    issuer: Issuer, visitor: Visitor, headers: dict[str, str]
) -> None:
    await visitor.sign_in(issuer)
    csrf = await word(visitor, "/demo/form")
    sent = {name: value.replace("OWN", visitor.url) for name, value in headers.items()}

    right = await visitor.post("/demo/form", {"csrf": csrf, "note": "x"}, **sent)
    wrong = await visitor.post("/demo/form", {"csrf": csrf[:-1], "note": "x"}, **sent)

    assert [right.status, wrong.status] == [200, 403]


async def test_given_another_sessions_word_then_the_form_is_refused(
    issuer: Issuer, visitor: Visitor
) -> None:
    async with visiting(visitor.url) as attacker:
        await attacker.sign_in(issuer)
        foreign = await word(attacker, "/demo/form")
    await visitor.sign_in(issuer)
    everyones = await word(visitor, "/demo/open")

    for csrf in (foreign, "", "é"):
        assert (await visitor.post("/demo/form", {"csrf": csrf, "note": "x"})).status == 403
    # Somebody signed in is shown the session's own word on every page, this one included.
    assert everyones != foreign


async def test_without_a_session_the_word_stands_in_a_cookie_that_pages_share(
    visitor: Visitor,
) -> None:
    first, again = await word(visitor, "/demo/open"), await word(visitor, "/demo/open")

    answer = await visitor.post("/demo/open", {"csrf": first, "note": "x"})
    without = await visitor.post("/demo/open", {"note": "x"})
    visitor.http.cookie_jar.clear()
    stranger = await visitor.post("/demo/open", {"csrf": first, "note": "x"})
    empty = await visitor.post("/demo/open", {"csrf": "", "note": "x"})

    assert first == again
    assert [one.status for one in (answer, without, stranger, empty)] == [200, 403, 403, 403]


async def test_given_a_cookie_of_another_shape_then_a_new_word_is_made(visitor: Visitor) -> None:
    visitor.put(FORM_COOKIE, "short")

    assert await word(visitor, "/demo/open") == visitor.cookie(FORM_COOKIE) != "short"


async def test_over_https_a_cookie_that_another_host_could_set_does_not_count(
    issuer: Issuer,
) -> None:
    planted = "A" * 43
    with listening() as (listener, url):
        app = demo_app(settings_of(issuer.url, "https://hotich.example"))
        async with serving(app, listener), visiting(url) as visitor:
            body = {"csrf": planted, "note": "x"}
            tossed = await visitor.post("/demo/open", body, Cookie=f"{FORM_COOKIE}={planted}")
            own = await visitor.post("/demo/open", body, Cookie=f"__Host-{FORM_COOKIE}={planted}")

    assert [tossed.status, own.status] == [403, 200]


async def test_a_page_without_a_form_sets_no_cookie(visitor: Visitor) -> None:
    answer = await visitor.get("/demo/none")

    assert "set-cookie" not in answer.headers


BODIES: list[tuple[Any, dict[str, str], int]] = [
    (urlencode({"note": "x" * 70_000}), FORM, 413),
    ("&".join(f"f{n}=" for n in range(300)), FORM, 400),
    ("note=%ff%fe", FORM, 400),
    ("note=ảnh".encode(), FORM, 400),
    ("note=%00", FORM, 400),
    ('{"note": "x"}', {"Content_Type": "application/json"}, 415),
    ("note=x", {"Content_Type": "text/plain"}, 415),
    ("--x--", {"Content_Type": "multipart/form-data; boundary=x"}, 415),
]


@pytest.mark.parametrize(("body", "headers", "status"), BODIES, ids=[str(n) for n in range(8)])
async def test_given_a_body_that_is_no_small_form_then_the_page_says_so(
    visitor: Visitor, body: Any, headers: dict[str, str], status: int
) -> None:
    answer = await visitor.post("/demo/open", body, **headers)

    assert answer.status == status
    assert "Chưa có gì được thực hiện" in await answer.text()


async def test_given_a_form_without_an_end_then_reading_stops_at_the_limit(
    visitor: Visitor,
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 10_000

    answer = await visitor.post("/demo/open", endless(), **FORM)

    assert answer.status == 413
