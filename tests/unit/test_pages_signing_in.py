"""Signing in against an issuer over HTTP: what is believed, what is refused, what is kept."""

import base64
import hashlib
import re
import time
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from aiohttp import web
from joserfc.jwk import ECKey

from pages.signing_in import MOST_ATTEMPTS, local_path
from tests.unit.pages_kit import (
    CLIENT,
    KEY,
    OTHER_KEY,
    PERSON,
    Issuer,
    Visitor,
    demo_app,
    listening,
    serving,
    settings_of,
    visiting,
    word_of,
)

SESSION = "hotich_demo_session"


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


async def test_given_nobody_when_a_page_is_asked_for_then_it_leads_to_the_issuer_and_back(
    issuer: Issuer, visitor: Visitor
) -> None:
    first = await visitor.get("/demo/who?list=late&lang=en")
    asked = await visitor.begin(quote("/demo/who?list=late", safe=""))
    issuer.nonce = asked["nonce"]
    back = await visitor.get(f"/dang-nhap/xong?code=c-1&state={asked['state']}")
    page = await visitor.get("/demo/who")

    assert first.status == 303
    wanted = quote("/demo/who?list=late&lang=en", safe="")
    assert first.headers["location"] == f"/dang-nhap?next={wanted}"
    assert (back.status, back.headers["location"]) == (303, "/demo/who?list=late")
    said = await page.json()
    assert (said["person"], said["name"], said["unit"]) == (PERSON, "Cán bộ Mẫu A", "25747")
    assert said["ends"] == pytest.approx(time.time() + 600, abs=5)


async def test_the_issuer_is_asked_with_pkce_and_told_the_verifier_and_our_secret(
    issuer: Issuer, visitor: Visitor
) -> None:
    asked = await visitor.begin()
    again = await visitor.begin()
    issuer.nonce = asked["nonce"]
    await visitor.get(f"/dang-nhap/xong?code=c-1&state={asked['state']}")

    (told,) = issuer.asked
    digest = hashlib.sha256(told["code_verifier"].encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == told["redirect_uri"] == f"{visitor.url}/dang-nhap/xong"
    assert asked["scope"] == "openid profile desk:act"
    assert told["code"] == "c-1"
    basic = base64.b64encode(f"{CLIENT}:client-password".encode()).decode()
    assert told["authorization"] == f"Basic {basic}"
    for secret in ("state", "nonce", "code_challenge"):
        assert asked[secret] != again[secret]


async def test_two_tabs_may_sign_in_at_once(issuer: Issuer, visitor: Visitor) -> None:
    one, other = await visitor.begin("/demo/form"), await visitor.begin("/demo/who")

    for asked, path in ((one, "/demo/form"), (other, "/demo/who")):
        issuer.nonce = asked["nonce"]
        answer = await visitor.get(f"/dang-nhap/xong?code=c&state={asked['state']}")
        assert answer.headers["location"] == path


async def test_given_many_tabs_then_a_browser_keeps_few_sign_ins_and_the_last_one_works(
    issuer: Issuer, visitor: Visitor
) -> None:
    visitor.put("hotich_demo_signin_", "another's")
    for _ in range(3 * MOST_ATTEMPTS):
        await visitor.begin("/demo/form")
    kept = [one.key for one in visitor.http.cookie_jar if "_signin_" in one.key]

    answer = await visitor.sign_in(issuer, "/demo/who")

    assert len(kept) <= MOST_ATTEMPTS + 1
    assert answer.headers["location"] == "/demo/who"
    assert (await visitor.get("/demo/who")).status == 200


async def test_given_an_answer_this_browser_did_not_begin_then_nobody_is_signed_in(
    issuer: Issuer, visitor: Visitor
) -> None:
    async with visiting(visitor.url) as attacker:
        foreign = await attacker.begin()
    own = await visitor.begin()
    issuer.nonce = foreign["nonce"]

    for state in (foreign["state"], own["state"][:8] + "x" * 35, "", "é"):
        answer = await visitor.get(f"/dang-nhap/xong?code=c&state={quote(state)}")
        assert answer.status == 400
        assert "không bắt đầu từ trình duyệt này" in await answer.text()

    assert issuer.asked == []
    assert not visitor.cookie(SESSION)


async def test_given_an_answer_taken_once_when_it_comes_again_then_it_is_refused(
    issuer: Issuer, visitor: Visitor
) -> None:
    asked = await visitor.begin()
    issuer.nonce = asked["nonce"]
    path = f"/dang-nhap/xong?code=c&state={asked['state']}"

    assert (await visitor.get(path)).status == 303
    assert (await visitor.get(path)).status == 400


async def test_given_another_issuers_answer_then_no_code_is_sent_to_ours(
    issuer: Issuer, visitor: Visitor
) -> None:
    asked = await visitor.begin()

    answer = await visitor.get(
        f"/dang-nhap/xong?code=c&state={asked['state']}&iss=https://issuer.example"
    )

    assert answer.status == 400
    assert issuer.asked == []


async def test_given_a_refusal_then_the_page_says_so_in_our_own_words(visitor: Visitor) -> None:
    asked = await visitor.begin()

    answer = await visitor.get(
        f"/dang-nhap/xong?error=access_denied&error_description=CALL-US&state={asked['state']}"
    )

    assert answer.status == 403
    assert "CALL-US" not in await answer.text()


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("identity", {"nonce": "another"}),
    ("identity", {"nonce": None}),
    ("identity", {"aud": "board-web"}),
    ("identity", {"aud": [CLIENT, "board-web"]}),
    ("identity", {"aud": [CLIENT, "board-web"], "azp": "board-web"}),
    ("identity", {"iss": "https://issuer.example"}),
    ("identity", {"exp": 1}),
    ("identity", {"sub": "officer-25747-b"}),
    ("identity", {"sub": None}),
    ("identity_header", {"typ": "at+jwt"}),
    ("access", {"aud": "another"}),
    ("access", {"exp": 1}),
    ("access", {"exp": None}),
    ("access_header", {"typ": "JWT"}),
]


@pytest.mark.parametrize(("token", "changes"), WRONG, ids=lambda one: str(one))
async def test_given_tokens_that_are_not_right_then_nobody_is_signed_in(
    issuer: Issuer, visitor: Visitor, token: str, changes: dict[str, Any]
) -> None:
    setattr(issuer, token, changes)

    answer = await visitor.sign_in(issuer)

    assert answer.status == 403
    assert not visitor.cookie(SESSION)


async def test_given_a_key_that_is_not_the_issuers_then_nobody_is_signed_in(
    issuer: Issuer, visitor: Visitor
) -> None:
    await visitor.sign_in(issuer)
    issuer.key = ECKey.generate_key("P-256", {"kid": "one"})

    async with visiting(visitor.url) as another:
        assert (await another.sign_in(issuer)).status == 403


async def test_given_somebody_without_the_scope_then_they_are_told_and_have_no_session(
    issuer: Issuer, visitor: Visitor
) -> None:
    issuer.access = {"scope": "board:read"}

    answer = await visitor.sign_in(issuer, quote("/demo/who?list=late", safe=""))
    page = await answer.text()

    assert answer.status == 403
    assert "không có quyền" in page
    assert not visitor.cookie(SESSION)
    assert "Cán bộ Mẫu A" in page
    assert "đề nghị người quản trị" in page
    assert "đăng xuất" not in page.lower()
    (again,) = re.findall(r'href="(/dang-nhap[^"]*)"', page)
    begun = await visitor.get(unescape(again))
    assert parse_qs(urlsplit(begun.headers["location"]).query)["prompt"] == ["login"]


async def test_given_a_prompt_that_is_none_then_nobody_is_sent_to_the_issuer_with_it(
    visitor: Visitor,
) -> None:
    usual = await visitor.begin()
    answer = await visitor.get("/dang-nhap?prompt=none")

    assert "prompt" not in usual
    assert answer.status == 422


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (web.Response(status=500), 503),
        (web.Response(status=200, text="<html>"), 503),
        (web.json_response({"error": "invalid_grant"}, status=400), 403),
        (web.json_response(["a"]), 403),
    ],
    ids=["broken", "unreadable", "refused", "no object"],
)
async def test_given_an_issuer_in_trouble_then_the_page_says_which(
    issuer: Issuer, visitor: Visitor, answer: web.Response, status: int
) -> None:
    issuer.answer = answer

    assert (await visitor.sign_in(issuer)).status == status


async def test_given_an_issuer_away_then_the_page_asks_to_try_again(issuer: Issuer) -> None:
    with listening() as (listener, url):
        settings = settings_of(issuer.url, url, token_url="http://127.0.0.1:1/oauth/token")
        async with serving(demo_app(settings), listener), visiting(url) as visitor:
            answer = await visitor.sign_in(issuer)

    assert (answer.status, answer.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/demo\\..\\x",
        "javascript:alert(1)",
        "demo/",
        "",
        "/\t/evil.example",
        "/\n/evil.example",
        "/demo/\r\nset-cookie: x=y",
        "/démo",
        "/" + "x" * 1001,
        " /demo/",
        "/%09/evil.example/\0",
    ],
    ids=repr,
)
async def test_given_a_next_that_leads_elsewhere_then_people_go_home(
    issuer: Issuer, visitor: Visitor, path: str
) -> None:
    answer = await visitor.sign_in(issuer, quote(path, safe=""))

    assert local_path(path, "/demo/") == "/demo/"
    assert answer.headers["location"] == "/demo/"
    assert answer.headers.getall("set-cookie", [])


async def test_given_a_session_when_its_cookie_is_changed_then_it_is_none(
    issuer: Issuer, visitor: Visitor
) -> None:
    await visitor.sign_in(issuer)
    good = visitor.cookie(SESSION)
    middle = len(good) // 2
    changed = "A" if good[middle] != "A" else "B"

    assert (await visitor.get("/demo/who")).status == 200
    for bad in (good[:middle] + changed + good[middle + 1 :], good[:-4], "", "x", "é", "=" * 40):
        visitor.put(SESSION, bad)
        assert (await visitor.get("/demo/who")).status == 303, bad


async def test_a_cookie_of_a_sign_in_under_way_is_no_session(
    issuer: Issuer, visitor: Visitor
) -> None:
    asked = await visitor.begin()
    attempt = visitor.cookie(f"hotich_demo_signin_{asked['state'][:8]}")
    assert attempt

    visitor.put(SESSION, attempt)

    assert (await visitor.get("/demo/who")).status == 303


async def test_given_an_expired_token_then_the_session_is_over_whatever_the_browser_kept(
    issuer: Issuer, visitor: Visitor
) -> None:
    # The verifier allows thirty seconds of leeway.
    issuer.access = {"exp": int(time.time()) - 20}
    assert (await visitor.sign_in(issuer)).status == 303
    assert not visitor.cookie(SESSION)
    issuer.access = {"exp": int(time.time()) + 600}
    await visitor.sign_in(issuer)
    kept = visitor.cookie(SESSION)
    assert (await visitor.get("/demo/who")).status == 200

    with pytest.MonkeyPatch.context() as later:
        now = time.time
        later.setattr(time, "time", lambda: now() + 700)
        visitor.put(SESSION, kept)
        answer = await visitor.get("/demo/who")

    assert answer.status == 303


async def test_given_keys_exchanged_then_sessions_of_the_old_one_go_on_until_it_is_gone(
    issuer: Issuer, visitor: Visitor
) -> None:
    await visitor.sign_in(issuer)
    cookie = visitor.cookie(SESSION)
    seen = {}
    for keys in (f"{OTHER_KEY},{KEY}", OTHER_KEY):
        with listening() as (listener, url):
            app = demo_app(settings_of(issuer.url, url, session_key=keys))
            async with serving(app, listener), visiting(url) as another:
                another.put(SESSION, cookie)
                seen[keys] = (await another.get("/demo/who")).status

    assert seen == {f"{OTHER_KEY},{KEY}": 200, OTHER_KEY: 303}


@pytest.mark.parametrize("key", ["", "abc", "AAAA", f"{KEY},"])
def test_given_a_session_key_that_is_none_then_the_service_does_not_start(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        demo_app(settings_of("http://127.0.0.1:1", "http://127.0.0.1:2", session_key=key))


@pytest.mark.parametrize(
    ("public_url", "name", "secure"),
    [("http://127.0.0.1:1", SESSION, False), ("https://hotich.example", f"__Host-{SESSION}", True)],
)
async def test_cookies_have_every_flag(
    issuer: Issuer, public_url: str, name: str, secure: bool
) -> None:
    with listening() as (listener, url):
        app = demo_app(settings_of(issuer.url, public_url))
        async with serving(app, listener), visiting(url) as visitor:
            asked = await visitor.begin()
            began = await visitor.get("/dang-nhap")
            cookies = "; ".join(f"{c.key}={c.value}" for c in visitor.http.cookie_jar)
            issuer.nonce = asked["nonce"]
            path = f"/dang-nhap/xong?code=c&state={asked['state']}"
            ended = await visitor.get(path, Cookie=cookies)

    set_now = [*began.headers.getall("set-cookie"), *ended.headers.getall("set-cookie")]
    assert any(cookie.startswith(f"{name}=") for cookie in set_now)
    for cookie in set_now:
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= flags
        assert ("secure" in flags) == secure
        assert not any(flag.startswith("domain") for flag in flags)
        assert len(cookie) < 4096


async def test_a_new_sign_in_gives_a_new_session_and_a_new_word(
    issuer: Issuer, visitor: Visitor
) -> None:
    words = []
    for _ in range(2):
        await visitor.sign_in(issuer)
        words.append(word_of(await (await visitor.get("/demo/form")).text()))

    assert words[0] != words[1]


async def test_when_left_then_the_session_is_gone_and_only_our_own_form_does_it(
    issuer: Issuer, visitor: Visitor
) -> None:
    await visitor.sign_in(issuer)
    word = word_of(await (await visitor.get("/demo/")).text())

    assert (await visitor.get("/dang-xuat")).status == 405
    assert (await visitor.post("/dang-xuat", {})).status == 403
    assert (await visitor.get("/demo/who")).status == 200
    left = await visitor.post("/dang-xuat", {"csrf": word})

    assert left.status == 200
    text = await left.text()
    assert "Đã đăng xuất" in text
    # The issuer knows the one who left still; on a shared computer the next one is another.
    assert 'href="/dang-nhap?next=/demo/&amp;prompt=login"' in text
    assert not visitor.cookie(SESSION)
    assert (await visitor.get("/demo/who")).status == 303


async def test_given_an_issuer_with_a_way_out_when_left_then_it_forgets_the_person_too(
    issuer: Issuer,
) -> None:
    with listening() as (listener, url):
        out = "https://issuer.example/oauth/end-session"
        app = demo_app(settings_of(issuer.url, url, end_session_url=out))
        async with serving(app, listener), visiting(url) as visitor:
            await visitor.sign_in(issuer)
            page = await visitor.get("/demo/")
            left = await visitor.post("/dang-xuat", {"csrf": word_of(await page.text())})
            back = await visitor.get("/dang-xuat/xong")

            assert not visitor.cookie(SESSION)
    to = urlsplit(left.headers["location"])
    assert (left.status, f"{to.scheme}://{to.netloc}{to.path}") == (303, out)
    assert parse_qs(to.query) == {
        "client_id": [CLIENT],
        "post_logout_redirect_uri": [f"{url}/dang-xuat/xong"],
    }
    # A browser drops a form that is led on to a host its page does not name.
    assert "https://issuer.example" in page.headers["content-security-policy"]
    assert "Đã đăng xuất" in await back.text()


async def test_given_a_session_that_is_over_when_a_form_is_sent_then_it_says_nothing_was_done(
    visitor: Visitor,
) -> None:
    answer = await visitor.post("/demo/form", {"note": "x", "csrf": "y"})
    text = await answer.text()

    assert answer.status == 401
    assert "Chưa có gì được thực hiện" in text
    assert 'href="/dang-nhap?next=%2Fdemo%2Fform"' in text
