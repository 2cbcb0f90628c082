"""The report as PDF, set by typst; what is filled in travels as data, never as markup."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import typst

from audit.report.layout import Page

_TEMPLATES = Path(__file__).with_name("templates")
_FONTS = typst.Fonts(include_system_fonts=False)
#: For archives and for people who have it read to them.
_ARCHIVAL: list["typst.PDFStandard"] = ["a-2a", "ua-1"]


def pdf_of(page: Page, at: datetime) -> bytes:
    """Return the report as PDF/A-2a and PDF/UA-1 of that moment, the same bytes for the same.

    A letter the font lacks is a box in a plain PDF, which both standards forbid.
    """
    try:
        return _set(page, at, _ARCHIVAL)
    except typst.TypstError:
        return _set(page, at, [])


def _set(page: Page, at: datetime, standards: list["typst.PDFStandard"]) -> bytes:
    return typst.compile(
        str(_TEMPLATES / "report.typ"),
        root=str(_TEMPLATES),
        font_paths=_FONTS,
        ignore_system_fonts=True,
        sys_inputs={"page": json.dumps(asdict(page), ensure_ascii=False)},
        pdf_standards=standards,
        timestamp=at.replace(microsecond=0),
    )
