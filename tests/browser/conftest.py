"""One Chromium for all tests of pages; without one they are left out, and that is said aloud."""

import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import chromium, looking

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

NewPage = Callable[..., Awaitable["Page"]]
_LEFT_OUT = pytest.StashKey[str]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say that pages were not looked at, if that is so: a green run would hide it."""
    if reason := config.stash.get(_LEFT_OUT, ""):
        terminalreporter.section("warning", yellow=True)
        terminalreporter.line(chromium.warning(reason), yellow=True)


@pytest.fixture(scope="session")
async def browser(request: pytest.FixtureRequest) -> AsyncIterator["Browser"]:
    """Give the system's Chromium without a screen.

    Without one the test is left out; with HOTICH_BROWSER=required it fails.
    It writes days in its fields the Vietnamese way if its Vietnamese words are installed too
    (Debian: chromium-l10n).
    """
    if reason := chromium.why_not():
        request.config.stash[_LEFT_OUT] = reason
        if chromium.REQUIRED:
            pytest.fail(f"HOTICH_BROWSER=required, but {reason}")
        pytest.skip(reason)
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=chromium.find(),
            chromium_sandbox=not chromium.root(),
            args=["--disable-dev-shm-usage", "--disable-gpu"],
            env={**os.environ, "LANGUAGE": "vi"},
        )
        yield started
        await started.close()


@pytest.fixture
async def new_page(browser: "Browser") -> AsyncIterator[NewPage]:
    """Give what opens a page in a browser context of its own: new_page(width=390, scripts=False).

    A page that breaks our own Content-Security-Policy or throws an error fails the test.
    """
    trouble: list[str] = []
    async with contextlib.AsyncExitStack() as stack:

        async def make(
            *, width: int = looking.WIDE, scripts: bool = True, language: str = "vi"
        ) -> "Page":
            context = await browser.new_context(
                viewport={"width": width, "height": looking.HEIGHT},
                java_script_enabled=scripts,
                locale="vi-VN",
                timezone_id="Asia/Ho_Chi_Minh",
            )
            context.set_default_timeout(15_000)
            stack.push_async_callback(context.close)
            page = await context.new_page()
            page.on("pageerror", lambda error: trouble.append(str(error)))
            page.on("console", lambda said: _hear(said, trouble))
            page.language = language  # type: ignore[attr-defined]
            return page

        yield make
    assert trouble == []


def _hear(said: Any, trouble: list[str]) -> None:
    if said.type == "error" and "Content Security Policy" in said.text:
        trouble.append(said.text)


@pytest.fixture
def page_of(new_page: NewPage) -> NewPage:
    """Give what signs a person in: page_of("officer-25747-a", url, "/mot-cua/").

    `url` is where the service is; the page given is the one at that path.
    """

    async def signed_in(person: str, url: str, path: str = "/", **how: Any) -> "Page":
        page = await new_page(**how)
        language = page.language  # type: ignore[attr-defined]
        mark = "&" if "?" in path else "?"
        await page.goto(f"{url}{path}{mark}lang={language}")
        await page.click(f'button[value="{person}"]')
        await page.wait_for_url(f"{url}/**")
        return page

    return signed_in


@pytest.fixture
def axe() -> Callable[["Page"], Awaitable[None]]:
    """Give what fails with the violations of WCAG 2.2 A and AA on a page."""
    return looking.assert_accessible


@pytest.fixture
def shot() -> Callable[["Page", str], Awaitable[None]]:
    """Give what takes pictures of a page: shot(page, "desk-list")."""
    return looking.picture
