"""Ways to look at a page: accessibility, pictures, width, weight."""

import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page

ROOT = Path(__file__).resolve().parents[2]
WIDE, PHONE, NARROW = 1280, 390, 320
HEIGHT = 900
MOST_PAGE_BYTES = 150 * 1024
MOST_PICTURE_BYTES = 120 * 1024
#: Every criterion of WCAG 2.2 on level A and AA that a machine can judge.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
_RUN = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})"
_WEIGHT = """() => [...performance.getEntriesByType('navigation'),
  ...performance.getEntriesByType('resource')]
  .map(one => [new URL(one.name).pathname, one.encodedBodySize + 300])"""
_WIDER = """() => {
  const most = document.documentElement.clientWidth;
  const wider = [...document.querySelectorAll('body *')].filter(one => {
    const box = one.getBoundingClientRect();
    return box.right > most + 1 && box.width > 1 && getComputedStyle(one).position !== 'absolute';
  });
  const over = document.documentElement.scrollWidth - most;
  return [over, wider.map(one => one.outerHTML.slice(0, 90))];
}"""
_SMALL = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .map(one => one.matches('input[type=checkbox], input[type=radio]') ? one.closest('label') : one)
  .filter(one => one && one.checkVisibility() && !one.matches('p a, li a, .skip, [type=hidden]'))
  .filter(one => one.getBoundingClientRect().height < 43.5)
  .map(one => one.outerHTML.slice(0, 90))"""


async def assert_accessible(page: "Page") -> None:
    """Fail with every violation of WCAG 2.2 A and AA, in light and in dark."""
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    found: list[str] = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await page.evaluate(source)
        report: dict[str, Any] = await page.evaluate(_RUN, TAGS)
        assert report["passes"], "axe judged nothing"
        found += [
            f"{scheme}: {one['id']}: {one['help']}: {node['html'][:120]} {node['failureSummary']}"
            for one in report["violations"]
            for node in one["nodes"]
        ]
    await page.emulate_media(color_scheme="null")
    assert found == [], "\n".join(found)


async def picture(page: "Page", name: str, *, whole: bool = True) -> None:
    """Take the page as `<name>-wide.png` and `<name>-phone.png`.

    Into docs/images with SCREENSHOTS=1, each at most 120 kB then; else into build/screenshots.
    `whole` takes all of a long page, otherwise what one sees first.
    """
    kept = os.environ.get("SCREENSHOTS") == "1"
    folder = ROOT / ("docs/images" if kept else "build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    for width, kind in ((WIDE, "wide"), (PHONE, "phone")):
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        path = folder / f"{name}-{kind}.png"
        await page.screenshot(path=path, full_page=whole, animations="disabled")
        assert not kept or path.stat().st_size <= MOST_PICTURE_BYTES, f"{path.name} is too large"
    if before:
        await page.set_viewport_size(before)


async def assert_fits(page: "Page", width: int = NARROW) -> None:
    """Fail when a page is wider than a screen of 320 px, which is also 1280 px at 400 %."""
    before = page.viewport_size
    await page.set_viewport_size({"width": width, "height": HEIGHT})
    over, elements = await page.evaluate(_WIDER)
    if before:
        await page.set_viewport_size(before)
    assert over <= 0, f"{over} px too wide: {elements}"


async def assert_touchable(page: "Page") -> None:
    """Fail when something to press on a phone is lower than 44 px; links in sentences may be."""
    before = page.viewport_size
    await page.set_viewport_size({"width": PHONE, "height": HEIGHT})
    small = await page.evaluate(_SMALL)
    if before:
        await page.set_viewport_size(before)
    assert small == [], f"lower than 44 px: {small}"


async def weigh(page: "Page") -> int:
    """Return the bytes the page came in: itself and all it loaded, with their headers."""
    parts: list[tuple[str, int]] = await page.evaluate(_WEIGHT)
    return sum(size for _, size in parts)


async def assert_light(page: "Page") -> None:
    """Fail when the page and all it loaded are more than 150 kB."""
    weight = await weigh(page)
    assert weight <= MOST_PAGE_BYTES, f"{weight} bytes"
