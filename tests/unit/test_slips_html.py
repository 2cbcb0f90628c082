"""The papers as HTML: complete, safe against what people write, and nothing from elsewhere."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import segno

from routing.slips.content import ControlSheet, Slip
from routing.slips.html import render_html
from routing.slips.qr import BORDER, qr_svg
from routing.slips_api import _answer
from tests.unit.slips_kit import CITIZEN, CODE, EVENTS, a_sheet, a_slip, an_entry

MARKUP = "<script>alert(1)</script> & {{ 7 * 7 }} \"'"


class _Reader(HTMLParser):
    """Collects what a reader meets: tags with attributes, and text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


PAPERS: list[Slip | ControlSheet] = [
    *(a_slip(key) for key in EVENTS),
    a_sheet(an_entry("2026-11-24 07:00", "submitted", "intake")),
]
IDS = [*EVENTS, "control_sheet"]


@pytest.mark.parametrize("paper", PAPERS, ids=IDS)
def test_every_paper_has_the_code_the_national_motto_its_title_and_form(
    paper: Slip | ControlSheet,
) -> None:
    read = _Reader(render_html(paper))

    text = " ".join(read.text.split())
    assert f"Mã hồ sơ: {CODE}" in text
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc" in text
    assert paper.title in text
    assert f"Mẫu số {paper.number}, TT 03/2025/TT-VPCP" in text


@pytest.mark.parametrize("paper", PAPERS, ids=IDS)
def test_a_paper_is_vietnamese_has_one_main_heading_and_asks_for_nothing_from_elsewhere(
    paper: Slip | ControlSheet,
) -> None:
    document = render_html(paper)

    read = _Reader(document)
    assert read.all("html") == [{"lang": "vi"}]
    assert len(read.all("h1")) == 1
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in read.tags}
    assert not re.findall(r"(?:src|href)=|url\(|@import", document)
    assert set(re.findall(r"https?://[^\"' >]+", document)) <= {"http://www.w3.org/2000/svg"}
    assert f"size: A5 {'portrait' if isinstance(paper, Slip) else 'landscape'}" in document


@pytest.mark.parametrize("paper", PAPERS, ids=IDS)
async def test_a_paper_has_one_style_which_its_policy_names_and_no_other_may_hold(
    paper: Slip | ControlSheet,
) -> None:
    answer = await _answer(paper, "html")
    document = bytes(answer.body).decode()

    (style,) = re.findall(r"<style>(.*?)</style>", document, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not [attributes for _, attributes in _Reader(document).tags if "style" in attributes]


def test_the_deadline_and_the_person_stand_on_the_acceptance() -> None:
    text = _Reader(render_html(a_slip())).text

    assert "17:00 Thứ Ba, 24/11/2026" in text
    assert CITIZEN.full_name in text


def test_given_markup_in_a_name_when_rendered_then_it_is_text() -> None:
    document = render_html(a_slip(citizen=replace(CITIZEN, full_name=MARKUP)))

    assert "<script" not in document
    assert MARKUP in _Reader(document).text


def test_the_columns_and_the_steps_of_the_control_sheet_are_table_headers() -> None:
    read = _Reader(render_html(PAPERS[-1]))

    scopes = [attributes.get("scope") for attributes in read.all("th")]
    assert scopes == ["col"] * 8 + ["row"]


def test_the_qr_code_holds_the_dossier_code_and_nothing_else() -> None:
    expected = segno.make(CODE, error="m", micro=False, boost_error=False)

    assert _modules(qr_svg(CODE)) == [[bool(module) for module in row] for row in expected.matrix]
    assert qr_svg(CODE) in render_html(a_slip(citizen=None))
    assert qr_svg(CODE) in render_html(a_slip())


def _modules(svg: str) -> list[list[bool]]:
    """Return the dark modules the path of the SVG draws, without the quiet zone."""
    size = int(re.findall(r'viewBox="0 0 (\d+) \1"', svg)[0])
    grid = [[False] * size for _ in range(size)]
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", re.findall(r' d="([^"]+)"', svg)[0]):
        parts = [float(number) for number in numbers.split()]
        if command == "M":
            x, y = parts
        elif command == "m":
            x, y = x + parts[0], y + parts[1]
        else:
            for column in range(int(x), int(x + parts[0])):
                grid[int(y)][column] = True
            x += parts[0]
    return [row[BORDER:-BORDER] for row in grid[BORDER:-BORDER]]
