"""The QR code of a paper: the dossier code and nothing else, so a lost paper says no more."""

import io

import segno

#: Quiet zone in modules; the paper around it is white, so two are enough for readers.
BORDER = 2


def qr_svg(dossier_code: str) -> str:
    """Return the QR code of the dossier code as an SVG element, error correction M."""
    out = io.BytesIO()
    segno.make(dossier_code, error="m", micro=False, boost_error=False).save(
        out, kind="svg", border=BORDER, xmldecl=False, omitsize=True, nl=False, title=dossier_code
    )
    return out.getvalue().decode()
