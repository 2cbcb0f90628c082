"""Checks a report by its signatures, offline."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext

from audit.notes import BadNote, Verifier, open_note, split
from audit.report.saying import Said
from audit.report.signing import NOTE_ENDING, BadCertificate, note_text


@dataclass(frozen=True)
class Checked:
    """One signature: whether it holds, and of whom; `known` is whether the signer was given.

    A signature that holds of somebody nobody named says only that nothing changed since.
    """

    what: str
    holds: bool
    known: bool
    why: Said


def check_report(
    file: Path, keys: Sequence[Verifier] = (), certificates: Sequence[Path] = ()
) -> list[Checked]:
    """Return every signature of a report and what it comes to; empty for one without any.

    Raises OSError when the file cannot be read, BadCertificate for a certificate that is none.
    """
    content = file.read_bytes()
    found = _signatures(content, certificates) if content.startswith(b"%PDF-") else []
    note = file.with_name(file.name + NOTE_ENDING)
    if note.is_file():
        found.append(_note(content, note, keys))
    return found


def _note(content: bytes, file: Path, keys: Sequence[Verifier]) -> Checked:
    try:
        note = file.read_text("utf-8")
        text, signatures = split(note)
        lines = dict(line.partition(" ")[::2] for line in text.splitlines())
        if text != note_text(content, lines.get("origin", ""), lines.get("as-of", "")):
            return Checked("note", False, False, Said("checked.other_file"))
        if not keys:
            names = ", ".join(one.name for one in signatures)
            return Checked("note", False, False, Said("checked.no_key", {"who": names}))
        by = ", ".join(open_note(note, keys).by)
    except BadNote as error:
        return Checked("note", False, False, Said(f"checked.{error.reason}"))
    except (OSError, ValueError):
        return Checked("note", False, False, Said("checked.malformed"))
    return Checked("note", True, True, Said("checked.signed", {"who": by}))


def _signatures(content: bytes, certificates: Sequence[Path]) -> list[Checked]:
    roots = [_certificate(one) for one in certificates]
    # The library logs why a certificate is not known, with a traceback: that is the verdict.
    for name in ("pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    context = ValidationContext(trust_roots=roots, allow_fetching=False)
    try:
        embedded = PdfFileReader(BytesIO(content)).embedded_signatures
        return [_signature(one, context) for one in embedded]
    except (PdfError, SignatureValidationError, ValueError, KeyError, TypeError) as error:
        why = Said("checked.unreadable", {"why": type(error).__name__})
        return [Checked("PAdES", False, False, why)]


def _signature(embedded: object, context: ValidationContext) -> Checked:
    status = validate_pdf_signature(embedded, context)  # type: ignore[arg-type]
    whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    who = {"who": status.signing_cert.subject.human_friendly}
    if not (status.intact and status.valid):
        return Checked("PAdES", False, False, Said("checked.broken", who))
    if not whole:
        return Checked("PAdES", False, status.trusted, Said("checked.part", who))
    key = "checked.signed" if status.trusted else "checked.signed_by_unknown"
    return Checked("PAdES", True, status.trusted, Said(key, who))


def _certificate(file: Path) -> object:
    try:
        return load_cert_from_pemder(str(file))  # type: ignore[no-untyped-call]
    except (OSError, ValueError):
        raise BadCertificate(f"{file.name} is no certificate in PEM") from None
