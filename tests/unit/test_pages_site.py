"""Pages over HTTP: headers, languages, problems, static files; and what no template may hold."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI, Request

from pages.guarding import HEADERS
from pages.site import Site
from pages.static import load_static
from tests.architecture.repository import ROOT, named, short
from tests.unit.pages_kit import (
    Issuer,
    Visitor,
    demo_app,
    listening,
    serving,
    settings_of,
    visiting,
)
from tests.unit.test_pages_words import TEMPLATES

#: Those of pages; the auditors' report is one file, looked at without a server.
SERVED = [template for template in TEMPLATES if "audit" not in template.parts]

MOST_CSS_BYTES = 25 * 1024
#: Words for templates: Jinja's own tags and comments hold no markup of the page.
CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with Issuer().running() as issuer:
        with listening() as (listener, url):
            app = demo_app(settings_of(issuer.url, url))
            async with serving(app, listener), visiting(url) as visitor:
                await visitor.sign_in(issuer)
                yield visitor


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/demo/", 200),
        ("/demo/open", 200),
        ("/demo/none", 404),
        ("/demo/bug", 500),
        ("/demo/raised/act-not-allowed", 409),
        ("/demo/who", 200),
        ("/dang-nhap", 303),
        ("/dang-nhap/xong", 400),
        ("/dang-xuat", 405),
    ],
)
async def test_every_answer_carries_every_security_header(
    visitor: Visitor, path: str, status: int
) -> None:
    answer = await visitor.get(path)

    assert answer.status == status
    forms = f"'self'{await issuer_of(visitor)}" if answer.content_type == "text/html" else "'self'"
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
        f"form-action {forms}; frame-ancestors 'none'; base-uri 'none'; connect-src 'self'"
    )
    assert {name: answer.headers[name] for name in _EXPECTED} == _EXPECTED


async def issuer_of(visitor: Visitor) -> str:
    """Return the host people sign in at: a form sent after the session is led on to it.

    A browser drops a form whose answer redirects to where the page lets none go, and says nothing.
    """
    issuer = urlsplit((await visitor.get("/dang-nhap")).headers["location"])
    return f" {issuer.scheme}://{issuer.netloc}"


_EXPECTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def test_a_page_carries_them_too_where_it_is_shown_by_another_app() -> None:
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b""}
    scope |= {"server": ("127.0.0.1", 80), "scheme": "http", "root_path": ""}

    page = Site(home="/", brand="x").page(Request(scope), "left.html", headers={"etag": "1"})

    assert HEADERS.items() <= dict(page.headers).items()
    assert page.headers["etag"] == "1"


async def test_given_a_bug_then_the_page_holds_nothing_of_its_text(visitor: Visitor) -> None:
    text = await (await visitor.get("/demo/bug")).text()

    assert "Lỗi đã được ghi lại" in text
    assert "Bí Mật" not in text
    assert "RuntimeError" not in text


async def test_a_problem_of_the_service_is_shown_in_words_by_its_name_else_in_its_own(
    visitor: Visitor,
) -> None:
    known = await visitor.get("/demo/raised/try-again?lang=en")
    other = await visitor.get("/demo/raised/act-not-allowed?lang=vi")

    assert "<h1>The system is busy</h1>" in await known.text()
    assert "<h1>Tiêu đề riêng</h1>\n<p>Lời riêng &lt;b&gt;</p>" in await other.text()
    assert other.headers["retry-after"] == "7"


async def test_the_language_asked_for_is_kept_and_vietnamese_is_the_first(
    visitor: Visitor,
) -> None:
    first = await (await visitor.get("/demo/")).text()
    asked = await visitor.get("/demo/?lang=en")
    kept = await (await visitor.get("/demo/")).text()
    unknown = await (await visitor.get("/demo/?lang=fr")).text()
    back = await (await visitor.get("/demo/?lang=vi")).text()

    assert '<html lang="vi">' in first
    assert "Hồ sơ đang chờ" in first
    assert '<html lang="en">' in await asked.text()
    assert asked.headers["content-language"] == "en"
    assert "Waiting dossiers" in kept
    assert "Waiting dossiers" in unknown
    assert '<html lang="vi">' in back


async def test_the_way_to_the_other_language_keeps_the_rest_of_the_address(
    visitor: Visitor,
) -> None:
    page = await (await visitor.get("/demo/?list=late%26x&lang=vi&page=2")).text()

    assert 'href="/demo/?list=late%26x&amp;page=2&amp;lang=en"' in page


async def test_numbers_and_moments_are_written_in_the_language(visitor: Visitor) -> None:
    vietnamese = await (await visitor.get("/demo/")).text()
    english = await (await visitor.get("/demo/?lang=en")).text()

    assert "17:00 Thứ Tư, 25/11/2026" in vietnamese
    assert ">16.000<" in vietnamese
    assert "17:00 Wed 25 Nov 2026" in english
    assert ">16,000<" in english


async def test_a_static_file_is_kept_for_ever_under_its_hash_and_nowhere_else(
    visitor: Visitor,
) -> None:
    page = await (await visitor.get("/demo/open")).text()
    (path,) = re.findall(r'href="(/static/[0-9a-f]{16}/app\.css)"', page)

    answer = await visitor.get(path)
    wrong = await visitor.get("/static/0000000000000000/app.css")
    outside = await visitor.get(f"{path.rpartition('/')[0]}/..%2f..%2fsite.py")

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [wrong.status, outside.status] == [404, 404]


def test_two_sites_may_be_served_from_one_app() -> None:
    app = FastAPI()
    for home in ("/a", "/b"):
        Site(home=home, brand="x").mount_static(app)

    assert sum(getattr(route, "path", "").startswith("/static") for route in app.routes) == 1


def test_a_page_needs_its_templates_words_to_be_there() -> None:
    with pytest.raises(ModuleNotFoundError):
        Site("no.such.package", home="/", brand="x")


def packages_with_pages() -> list[str]:
    """Return every package of ours that has templates and words."""
    folders = {template.relative_to(ROOT).parts[:-1] for template in SERVED}
    roots = {"shared": 1, "services": 2, "tests": 0}
    return sorted({".".join(parts[roots[parts[0]] : -1]) for parts in folders})


@pytest.mark.parametrize("package", packages_with_pages())
def test_all_the_css_of_a_page_is_small(package: str) -> None:
    found = load_static((*{package, "pages"},))

    css = [file.content for name, file in found.items() if name.endswith(".css")]
    assert 0 < sum(map(len, css)) <= MOST_CSS_BYTES


@pytest.mark.parametrize("template", SERVED, ids=short)
def test_a_template_holds_no_style_no_script_and_no_foreign_address(template: Path) -> None:
    source = template.read_text("utf-8")
    markup = CODE.sub("", source)

    assert not re.search(
        r"<style|\sstyle\s*=|<iframe|<object|<embed|<base|javascript:", markup, re.I
    )
    assert not re.search(r"<script(?![^>]*\ssrc=)", markup, re.I)
    assert not re.search(r"<[a-z][^>]*\son[a-z]+\s*=", markup, re.I)
    assert not re.search(r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//", markup, re.I)
    assert not re.search(r"\|\s*safe\b|autoescape\s+false", source)


@pytest.mark.parametrize("path", [p for p in named(".css") if p.parent.name == "static"], ids=short)
def test_styles_load_nothing_from_elsewhere(path: Path) -> None:
    assert not re.search(r"@import|url\((?!['\"]?data:)|https?:", path.read_text("utf-8"))
