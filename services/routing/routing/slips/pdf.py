"""The papers as PDF, set by typst; what is filled in travels as data, never as markup."""

import json
from dataclasses import asdict
from pathlib import Path

import typst

from routing.slips.content import ControlSheet, Slip
from routing.slips.layout import page_of, sheet_page_of
from routing.slips.qr import qr_svg

_TEMPLATES = Path(__file__).with_name("templates")
_FONTS = typst.Fonts(include_system_fonts=False)
#: For the archive and for people who have it read to them.
_ARCHIVAL: list["typst.PDFStandard"] = ["a-2a", "ua-1"]


def pdf(paper: Slip | ControlSheet) -> bytes:
    """Return the paper as PDF/A-2a and PDF/UA-1, the same bytes for the same paper.

    A letter the font lacks is a box in a plain PDF: both standards forbid it, the citizen needs
    the paper all the same.
    """
    try:
        return _set(paper, _ARCHIVAL)
    except typst.TypstError:
        return _set(paper, [])


def _set(paper: Slip | ControlSheet, standards: list["typst.PDFStandard"]) -> bytes:
    slip = isinstance(paper, Slip)
    return typst.compile(
        str(_TEMPLATES / ("slip.typ" if slip else "sheet.typ")),
        root=str(_TEMPLATES),
        font_paths=_FONTS,
        ignore_system_fonts=True,
        sys_inputs={"paper": _as_json(paper)},
        pdf_standards=standards,
        timestamp=paper.issued_at.replace(microsecond=0),
    )


def _as_json(paper: Slip | ControlSheet) -> str:
    page = page_of(paper) if isinstance(paper, Slip) else sheet_page_of(paper)
    issued = {"year": paper.issued_at.year, "month": paper.issued_at.month}
    receipt = qr_svg(paper.receipt) if isinstance(paper, Slip) and paper.receipt else None
    codes = {"qr": qr_svg(paper.dossier_code), "receipt_qr": receipt}
    return json.dumps({**asdict(page), **codes, **issued})
