"""The papers as PDF: A5, Vietnamese letters, the same bytes each time, no markup from people."""

import asyncio
import io
import unicodedata
from dataclasses import replace

import pypdf
import pytest

from routing.slips.content import ControlSheet, Slip
from routing.slips.pdf import pdf
from routing.slips.printing import render_pdf
from tests.unit.slips_kit import CITIZEN, CODE, EVENTS, a_sheet, a_slip, an_entry

A5_POINTS = (420, 595)
MARKUP = '#eval("1+1") [x] $y$ @z <w> \\u{41} _u_ *b* #panic() // c /* d'
VOWELS = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
SMALL = [unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in TONES] + ["đ"]
LETTERS = "".join(SMALL + [letter.upper() for letter in SMALL])
ROWS = [
    an_entry(f"2026-11-24 {hour:02d}:{minute:02d}", "registration_in_doubt", "registry-sync")
    for hour in range(8, 14)
    for minute in (0, 30)
]


def read(body: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(body))


def text_of(body: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(body).pages).split())


@pytest.mark.parametrize("key", EVENTS)
def test_a_slip_is_one_page_of_a5_with_its_code_title_and_person(key: str) -> None:
    slip = a_slip(key)

    body = pdf(slip)

    pages = read(body).pages
    assert body.startswith(b"%PDF-")
    assert len(pages) == 1
    assert tuple(round(length) for length in pages[0].mediabox[2:]) == A5_POINTS
    assert f"Mã hồ sơ: {CODE}" in text_of(body)
    assert slip.title.upper() in text_of(body)
    assert CITIZEN.full_name in text_of(body)


def test_a_control_sheet_lies_on_its_side_and_repeats_its_header_on_every_page() -> None:
    body = pdf(a_sheet(*ROWS))

    pages = read(body).pages
    assert len(pages) > 1
    assert tuple(round(length) for length in pages[0].mediabox[2:]) == A5_POINTS[::-1]
    assert all("Người giao" in page.extract_text() for page in pages)


def test_every_vietnamese_letter_is_in_the_font() -> None:
    body = pdf(a_slip(citizen=replace(CITIZEN, full_name=LETTERS)))

    assert len(set(LETTERS)) == 146
    assert set(LETTERS) <= set(text_of(body))
    assert _claims_to_be_archival(body)


def test_given_markup_in_a_name_when_set_then_it_is_text() -> None:
    body = pdf(a_slip(citizen=replace(CITIZEN, full_name=MARKUP)))

    assert MARKUP in text_of(body)


def test_given_a_letter_the_font_lacks_when_set_then_the_citizen_gets_a_plain_pdf() -> None:
    body = pdf(a_slip(citizen=replace(CITIZEN, full_name="Nguyễn 王")))

    assert "Nguyễn" in text_of(body)
    assert not _claims_to_be_archival(body)


@pytest.mark.parametrize("paper", [a_slip(), a_sheet(*ROWS)], ids=["slip", "control_sheet"])
def test_the_same_paper_gives_the_same_bytes_and_carries_its_own_date(
    paper: Slip | ControlSheet,
) -> None:
    first, second = pdf(paper), pdf(paper)

    assert first == second
    made = read(first).metadata
    assert made is not None
    assert made.creation_date == paper.issued_at


async def test_papers_set_at_the_same_time_do_not_mix_and_the_loop_goes_on() -> None:
    slips = [a_slip(code=f"H29.26740-261124-{number:04d}") for number in range(12)]
    steps = 0

    async def count() -> None:
        nonlocal steps
        while True:
            steps += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    bodies = await asyncio.gather(*(render_pdf(slip) for slip in slips))
    counting.cancel()

    assert bodies == [pdf(slip) for slip in slips]
    assert steps > len(slips)


def _claims_to_be_archival(body: bytes) -> bool:
    return b"pdfaid:part" in body
