"""The QR codes of a paper: the dossier code and nothing else, or a signed receipt; no person."""

import io

import segno

#: Quiet zone in modules; the paper around it is white, so two are enough for readers.
BORDER = 2


def qr_svg(text: str) -> str:
    """Return the QR code of a dossier code or receipt as an SVG element, error correction M."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False, boost_error=False).save(
        out, kind="svg", border=BORDER, xmldecl=False, omitsize=True, nl=False, title=text
    )
    return out.getvalue().decode()
