"""The papers as one HTML document each: nothing is loaded from anywhere else."""

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from routing.slips.content import ControlSheet, Slip
from routing.slips.layout import page_of, sheet_page_of
from routing.slips.qr import qr_svg

_ENVIRONMENT = Environment(
    loader=PackageLoader("routing.slips", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_html(paper: Slip | ControlSheet) -> str:
    """Return the paper as an HTML document in Vietnamese, ready to print on A5.

    Source: TT 01/2018/TT-VPCP, TT 03/2025/TT-VPCP (slips on electronic means, A5).
    """
    qr = Markup(qr_svg(paper.dossier_code))
    if isinstance(paper, Slip):
        return _ENVIRONMENT.get_template("slip.html").render(page=page_of(paper), qr=qr)
    return _ENVIRONMENT.get_template("sheet.html").render(page=sheet_page_of(paper), qr=qr)


def style_source(document: str) -> str:
    """Return what a policy names the one style of such a document by: a hash, so no other holds."""
    style = document.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"'sha256-{digest}'"
