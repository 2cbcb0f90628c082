"""Signs a report: PAdES with a certificate, a signed note over its digest with an audit key."""

import hashlib
from datetime import datetime
from io import BytesIO
from pathlib import Path

from pyhanko.keys import load_cert_from_pemder, load_private_key_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from audit.keys import moment
from audit.notes import Signer, sign

NOTE_ENDING = ".note"
FIELD = "HotichAuditReport"
_HEADING = "hotich-audit/report/v1"


class BadCertificate(ValueError):
    """The certificate or its key cannot be used; the message says which."""


def note_of(content: bytes, origin: str, as_of: datetime, signer: Signer) -> str:
    """Return the signed note that this is the report of that log up to then."""
    return sign(note_text(content, origin, moment(as_of)), [signer])


def note_text(content: bytes, origin: str, as_of: str) -> str:
    """Return what the note says of a report's bytes; `as_of` as notes write moments."""
    digest = hashlib.sha256(content).hexdigest()
    return f"{_HEADING}\norigin {origin}\nas-of {as_of}\nsha256 {digest}\n"


def sign_pdf(content: bytes, certificate: Path, key: Path) -> bytes:
    """Return the PDF with a PAdES signature (B-B) over all of it; raises BadCertificate.

    Both files are PEM; the certificate's may have those above it behind it.
    """
    writer = IncrementalPdfFileWriter(BytesIO(content))
    wanted = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
    )
    signed = signers.sign_pdf(writer, wanted, signer=_signer(certificate, key))
    return bytes(signed.getvalue())


def _signer(certificate: Path, key: Path) -> signers.SimpleSigner:
    try:
        own = load_cert_from_pemder(str(certificate))  # type: ignore[no-untyped-call]
    except (OSError, ValueError):
        raise BadCertificate(f"{certificate.name} is no certificate in PEM") from None
    try:
        private = load_private_key_from_pemder(str(key), passphrase=None)
    except (OSError, ValueError, TypeError):
        raise BadCertificate(f"{key.name} is no private key in PEM without a password") from None
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(own)
    return signers.SimpleSigner(signing_cert=own, signing_key=private, cert_registry=store)
