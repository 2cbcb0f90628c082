"""The headers of every answer, whoever gives it; what is not there for a public proxy to show."""

from html.parser import HTMLParser
from typing import Any

import pytest
import requests

from plumbing.http_settings import HttpSettings
from plumbing.serving import Health, make_app
from tests.security.kit import SERVICES, World, in_a_thread, served

#: By service: a yes or a redirect, a no, what nobody has, and what the framework answers itself.
ASKED = [
    ("GET", "/health/live"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/no-such-thing"),
    ("TRACE", "/health/live"),
    ("DELETE", "/health/live"),
    ("GET", "/v1/stuck"),
    ("POST", "/v1/stuck/acts"),
    ("GET", "/tra-cuu"),
    ("POST", "/tra-cuu"),
    ("GET", "/dang-nhap"),
    ("GET", "/dang-nhap/xong"),
    ("GET", "/mot-cua/"),
    ("GET", "/van-hanh/"),
    ("GET", "/static/0/x.css"),
    ("GET", "/v1/feed?limit=0"),
    ("GET", "/x?" + "x" * 9000),
]
DOCUMENTS = ("/docs", "/redoc", "/docs/oauth2-redirect", "/swagger", "/graphql", "/debug", "/admin")


def faults(answer: requests.Response) -> list[str]:
    """Return what is wrong with an answer's headers."""
    headers = answer.headers
    policy = headers.get("content-security-policy", "")
    wanted = {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    found = [name for name, value in wanted.items() if headers.get(name) != value]
    found += [
        f"{part} in the policy"
        for part in ("unsafe-inline", "unsafe-eval", "*", "http:")
        if part in policy.replace("http://127.0.0.1:9", "").split()
    ]
    found += [
        f"no {part}"
        for part in ("default-src 'none'", "frame-ancestors 'none'")
        if part not in policy
    ]
    found += [name for name in ("server", "x-powered-by", "via") if name in headers]
    found += ["kept"] if "no-store" not in headers.get("cache-control", "") else []
    found += ["no permissions-policy"] if "permissions-policy" not in headers else []
    found += ["anybody's scripts"] if "access-control-allow-origin" in headers else []
    found += [
        f"{len(answer.raw.headers.getlist(name))} {name}"
        for name in wanted
        if len(answer.raw.headers.getlist(name)) > 1
    ]
    return found


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(("method", "path"), ASKED, ids=lambda one: one[:40])
def test_every_answer_has_every_header_and_none_too_many(
    service: str, method: str, path: str, away: World
) -> None:
    assert faults(away.ask(service, method, path)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_an_answer_to_a_fault_of_ours_has_them_too(
    service: str, away: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("Nguyễn Thị Bí Mật")

    app = away.apps[service]
    app.router.routes.insert(0, _route(broken))
    try:
        answer = away.ask(service, "GET", "/broken-for-a-test")
    finally:
        app.router.routes.pop(0)

    assert answer.status_code == 500
    assert faults(answer) == []
    assert "Bí Mật" not in answer.text


def _route(endpoint: Any) -> Any:
    from starlette.routing import Route

    return Route("/broken-for-a-test", endpoint)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("path", DOCUMENTS)
def test_nothing_describes_or_tries_out_an_api(service: str, path: str, away: World) -> None:
    assert away.ask(service, "GET", path).status_code == 404


@pytest.mark.parametrize("secure", [True, False])
def test_browsers_are_told_to_use_https_alone_where_it_is_https(secure: bool) -> None:
    scheme = "https" if secure else "http"
    limits = HttpSettings(public_url=f"{scheme}://hotich.example", http_openapi=False)

    with in_a_thread(
        lambda stack: stack.enter_async_context(served(make_app("demo", Health(), limits), limits))
    ) as url:
        live = requests.get(f"{url}/health/live", timeout=10)
        document = requests.get(f"{url}/openapi.json", timeout=10)

    strict = live.headers.get("strict-transport-security", "")
    assert strict == ("max-age=31536000; includeSubDomains" if secure else "")
    assert document.status_code == 404


class _Inline(HTMLParser):
    """Collects what a strict policy would not run: scripts, styles and handlers in the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if (
            tag == "style"
            or (tag == "script" and "src" not in given)
            or tag in ("iframe", "object")
        ):
            self.found.append(tag)
        self.found += [name for name in given if name == "style" or name.startswith("on")]
        self.found += [
            value or ""
            for name, value in attrs
            if name in ("src", "href", "action") and "://" in (value or "")
        ]


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("routing", "/tra-cuu"),
        ("routing", "/tra-cuu/kiem-tra"),
        ("routing", "/mot-cua/x/y"),
        ("board", "/tien-do/zz/zz"),
        ("board", "/van-hanh/x/y/z"),
        ("routing", "/dang-nhap/xong"),
    ],
)
def test_a_page_holds_no_script_no_style_and_nothing_of_another_site(
    service: str, path: str, away: World
) -> None:
    answer = away.ask(service, "GET", path)
    read = _Inline()
    read.feed(answer.text)

    assert answer.headers["content-type"].startswith("text/html")
    assert read.found == []
