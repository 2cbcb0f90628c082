"""What one client may send and how often: every limit answers, and the service goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest
from fastapi import Body, FastAPI, Request
from structlog.testing import capture_logs

from pages.signing_in import SignIn
from pages.site import Site
from plumbing.http_settings import HttpSettings
from plumbing.rates import Rates
from plumbing.serving import Health, authenticate, make_app
from plumbing.strict_json import MOST_DEPTH, MOST_VALUES, BrokenJson, read_json
from plumbing.tokens import TokenVerifier
from tests.security.kit import Issuer, served
from tests.unit.pages_kit import settings_of, visiting

LIMITS = HttpSettings(
    http_max_requests=3,
    http_client_rate=0.001,
    http_client_burst=3,
    http_failures_per_minute=4,
    http_sign_ins_per_minute=5,
    trusted_proxies="127.0.0.0/8",
)


#: For those who let a server wait; nobody else is hurried.
HASTY = HttpSettings(http_head_seconds=0.3, http_body_seconds=0.3)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer().running() as issuer:
        yield issuer


@pytest.fixture
def held() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def url(issuer: Issuer, held: asyncio.Event) -> AsyncIterator[str]:
    app = make_app("demo", Health(), LIMITS)
    verifier = TokenVerifier(issuer.url, "hotich", f"{issuer.url}/jwks.json")
    _add(app, verifier, held)
    site = Site("tests.browser.demo", home="/demo/", brand="demo.brand")
    SignIn(settings_of(issuer.url, "http://127.0.0.1:1"), verifier, "desk:act").add_to(app, site)
    async with served(app, LIMITS) as url:
        yield url
        held.set()


@pytest.fixture
async def hasty(issuer: Issuer, held: asyncio.Event) -> AsyncIterator[str]:
    app = make_app("demo", Health(), HASTY)
    _add(app, TokenVerifier(issuer.url, "hotich", f"{issuer.url}/jwks.json"), held)
    async with served(app, HASTY) as url:
        yield url


def _add(app: FastAPI, verifier: TokenVerifier, held: asyncio.Event) -> None:
    @app.get("/v1/mine")
    async def mine(request: Request) -> str:
        return (await authenticate(request, verifier, "operate")).client_id

    @app.post("/v1/take")
    async def take(given: Annotated[dict[str, Any], Body()]) -> int:
        return len(given)

    @app.post("/v1/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.get("/v1/slow")
    async def slow() -> int:
        await held.wait()
        return 1


async def status_of(url: str, path: str, **headers: str) -> int:
    async with visiting(url) as visitor:
        return (await visitor.get(path, **headers)).status


async def by_hand(url: str, *pieces: bytes) -> bytes:
    """Return everything that is answered to these bytes, until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    try:
        async with asyncio.timeout(20):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await reader.read()
    except (ConnectionResetError, BrokenPipeError):
        return b""
    finally:
        writer.close()


# --- what is sent


async def test_given_an_address_or_headers_too_large_then_they_are_refused(url: str) -> None:
    many = {f"x-{n}": "1" for n in range(80)}

    assert await status_of(url, "/health/live?" + "x" * 9000) == 414
    assert await status_of(url, "/health/live", **many) == 431
    assert await status_of(url, "/health/live", **{f"x-{n}": "y" * 8000 for n in range(5)}) == 431
    assert await status_of(url, "/health/live") == 200


async def test_given_a_head_or_trailers_without_an_end_then_the_connection_ends(url: str) -> None:
    head = await by_hand(url, b"GET / HTTP/1.1\r\nhost: x\r\nx: ", *[b"y" * 10_000] * 40)
    chunked = (
        b"POST /v1/raw HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    )
    trailers = await by_hand(url, chunked, *[b"x: " + b"y" * 10_000 + b"\r\n"] * 60)

    assert head.startswith(b"HTTP/1.1 431") or head == b""
    assert trailers.startswith(b"HTTP/1.1 431") or trailers == b""
    assert await status_of(url, "/health/live") == 200


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HTTP/1.1\r\nhost: x\r\n",
        b"POST /v1/raw HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc",
        b"POST /v1/raw HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "half of the chunks"],
)
async def test_given_a_request_that_does_not_come_to_its_end_then_nobody_waits(
    hasty: str, begun: bytes
) -> None:
    answered = await by_hand(hasty, begun)

    assert answered.startswith(b"HTTP/1.1 408")


async def test_given_a_body_too_large_in_chunks_then_it_is_refused(url: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 50_000

    async with visiting(url) as visitor:
        raw = await visitor.post("/v1/raw", chunks())
        read = await visitor.post("/v1/take", chunks(), content_type="application/json")

    assert (raw.status, read.status) == (413, 413)


@pytest.mark.parametrize("declared", ["1.5", "-1", "9" * 30, "0x10", "1, 1", ""])
async def test_given_a_length_that_is_none_then_it_is_refused(hasty: str, declared: str) -> None:
    head = f"POST /v1/raw HTTP/1.1\r\nhost: x\r\ncontent-length: {declared}\r\n\r\n".encode()

    answered = await by_hand(hasty, head + b"x" * 10)

    assert answered[9:12] in (b"400", b"413", b"408"), answered[:80]


BROKEN: dict[str, bytes] = {
    "no JSON": b"{",
    "not UTF-8": b'{"a": "\xff"}',
    "half a character": b'{"a": "\\ud800"}',
    "a member twice": b'{"a": 1, "a": 2}',
    "a member twice, deep": b'{"a": [{"b": {"c": 1, "c": 1}}]}',
    "a member twice, written differently": b'{"a": 1, "\\u0061": 2}',
    "a member twice, beside texts with colons": b'{"a:": ":", "b": "\\"", "b": "\\\\"}',
    "a member twice, after a text that ends in backslashes": b'{"\\\\": "\\\\\\"", "b": 1, "b": 1}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "a number without an end": b'{"a": 1e999}',
    "a number of ten thousand digits": b'{"a": ' + b"9" * 10_000 + b"}",
    "too deep": b'{"a":' + b"[" * MOST_DEPTH + b"]" * MOST_DEPTH + b"}",
    "deep without an end": b'{"a":' + b"[" * 500_000,
    "too many values": b'{"a":[' + b"1," * MOST_VALUES + b"1]}",
    "two documents": b'{"a": 1} {"b": 2}',
    "a comment": b'{"a": 1 /* b */}',
}


@pytest.mark.parametrize("name", BROKEN)
async def test_given_a_body_that_can_be_read_in_two_ways_or_not_at_all_then_it_is_refused(
    url: str, name: str
) -> None:
    with pytest.raises(BrokenJson):
        read_json(BROKEN[name])
    async with visiting(url) as visitor:
        answer = await visitor.post("/v1/take", BROKEN[name], content_type="application/json")

    assert answer.status == 400
    assert answer.content_type == "application/problem+json"


def test_given_a_document_as_deep_and_large_as_any_of_ours_then_it_is_read() -> None:
    deep: Any = 1
    for _ in range(MOST_DEPTH - 2):
        deep = [deep]
    document = {"a": deep, "b": ["Nguyễn"] * 10_000, "c": 1.5e300, "d": None}

    assert read_json(json.dumps(document).encode()) == document


@pytest.mark.parametrize(
    "text",
    [":", '"', "\\", '\\"', '\\\\":', '":"', "{:,}", "\\u0022:", "a\n:\t", "é:", '"},{"a":1', ""],
)
@pytest.mark.parametrize("ascii_", [True, False])
def test_given_texts_that_look_like_members_then_the_document_is_what_was_meant(
    text: str, ascii_: bool
) -> None:
    document = {text: [text, {text + "1": text, "n": {text: {}}}, [{}, {text: None}]]}

    for indent in (None, 2):
        body = json.dumps(document, ensure_ascii=ascii_, indent=indent).encode()
        assert read_json(body) == document
        twice = b'{"x": 1, ' + body[1:-1] + b', "\\u0078": 1}'
        with pytest.raises(BrokenJson):
            read_json(twice)


def test_all_officers_of_a_province_sign_in_from_one_address_within_a_few_minutes() -> None:
    limits = HttpSettings()
    rates = Rates(limits.http_sign_ins_per_minute / 60, limits.http_sign_ins_per_minute)

    # Two steps each.
    assert [rates.take("one address") for _ in range(2 * 500)] == [0.0] * 1000


async def test_given_a_form_of_many_parts_then_no_part_is_read(url: str) -> None:
    part = b'--b\r\ncontent-disposition: form-data; name="a"; filename="f"\r\n\r\nx\r\n'
    kind = "multipart/form-data; boundary=b"
    async with visiting(url) as visitor:
        api = await visitor.post("/v1/take", part * 5_000 + b"--b--", content_type=kind)
        page = await visitor.post("/dang-xuat", part * 5_000 + b"--b--", content_type=kind)

    assert api.status in (400, 422)
    assert page.status in (401, 415)


# --- how often


async def test_given_too_much_at_once_then_it_is_said_and_health_is_answered_still(
    url: str, held: asyncio.Event
) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(status_of(url, "/v1/slow")) for _ in range(3)]
        async with asyncio.timeout(10):
            while (more := await status_of(url, "/v1/mine")) != 503:
                await asyncio.sleep(0.02)
        alive = await status_of(url, "/health/live")
        held.set()

    assert (more, alive) == (503, 200)
    assert [one.result() for one in waiting] == [200] * 3


async def test_given_one_client_too_fast_then_it_waits_and_no_other(
    issuer: Issuer, url: str
) -> None:
    one, other = issuer.bearer(), issuer.bearer(client_id="provincial-portal-79")
    person = issuer.bearer(sub="person-2")

    with capture_logs() as lines:
        statuses = [await status_of(url, "/v1/mine", **one) for _ in range(9)]
    async with visiting(url) as visitor:
        told = await visitor.get("/v1/mine", **one)

    assert statuses == [200] * 3 + [429] * 6
    assert int(told.headers["retry-after"]) > 0
    # Who it is stands in the log, and not as often as it is refused.
    too_fast = [one.get("client") for one in lines if one["event"] == "client_too_fast"]
    assert too_fast == ["national-portal"]
    assert await status_of(url, "/v1/mine", **other) == 200
    assert await status_of(url, "/v1/mine", **person) == 200


async def test_given_many_bad_tokens_of_one_network_then_it_waits_and_good_ones_are_heard(
    issuer: Issuer, url: str
) -> None:
    def bad(address: str) -> Any:
        return status_of(url, "/v1/mine", authorization="Bearer x", x_forwarded_for=address)

    statuses = [await bad("203.0.113.7") for _ in range(6)]
    elsewhere = await bad("203.0.113.8")
    good = await status_of(url, "/v1/mine", **issuer.bearer(), x_forwarded_for="203.0.113.7")

    assert statuses == [401] * 4 + [429] * 2
    assert (elsewhere, good) == (401, 200)


async def test_given_many_sign_ins_of_one_network_then_it_waits_and_no_other(url: str) -> None:
    statuses = [await status_of(url, "/dang-nhap", x_forwarded_for="203.0.113.7") for _ in range(6)]
    end = await status_of(url, "/dang-nhap/xong?state=x", x_forwarded_for="203.0.113.7")
    elsewhere = await status_of(url, "/dang-nhap", x_forwarded_for="203.0.113.8")

    assert statuses == [303] * 5 + [429]
    assert (end, elsewhere) == (429, 303)


def clock_at(times: list[float]) -> Callable[[], float]:
    return lambda: times[0]


def test_a_bucket_fills_up_again_and_never_beyond_its_burst() -> None:
    now = [0.0]
    rates = Rates(2.0, 4, clock=clock_at(now))

    assert [rates.take("a") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    now[0] = 0.5
    assert [rates.take("a"), rates.take("a")] == [0, 0.5]
    now[0] = 1000.0
    assert [rates.take("a") for _ in range(5)] == [0, 0, 0, 0, 0.5]


def test_many_strangers_take_no_memory_and_the_busy_are_remembered() -> None:
    rates = Rates(1.0, 2, most=10, clock=clock_at([0.0]))
    for n in range(1000):
        assert rates.take(n) == 0
        rates.take("busy")

    assert len(rates._kept) == 10
    assert rates.take("busy") > 0
