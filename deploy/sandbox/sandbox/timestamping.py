"""A time-stamping authority (RFC 3161) over HTTP, with a certificate made at the first start."""

import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.answers import refused
from sandbox.faults import Faults

POLICY = "1.3.6.1.4.1.99999.1"
_YEARS = timedelta(days=3_650)
_GRANTED, _REJECTED = 0, 2
_REPLY = "application/timestamp-reply"


class Authority:
    """Stamps with one key; the certificate is its own root. `clock` returns an aware moment."""

    def __init__(
        self,
        key: ec.EllipticCurvePrivateKey,
        certificate: x509.Certificate,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._key, self._certificate, self._clock = key, certificate, clock

    @property
    def pem(self) -> bytes:
        """Return the certificate."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a request, both in DER; raises ValueError for what is none."""
        asked = tsp.TimeStampReq.load(request, strict=True)
        imprint = asked["message_imprint"]
        known = imprint["hash_algorithm"]["algorithm"].native == "sha256"
        if asked["version"].native != "v1" or len(imprint["hashed_message"].native) != 32:
            raise ValueError("no request of RFC 3161 with SHA-256")
        if not known:
            return _rejected()
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": POLICY,
                "message_imprint": imprint,
                "serial_number": secrets.randbits(63),
                "gen_time": self._clock().astimezone(UTC).replace(microsecond=0),
                "nonce": asked["nonce"] if asked["nonce"].native is not None else None,
            }
        )
        token = self._signed(info.dump())
        status = tsp.PKIStatusInfo({"status": _GRANTED})
        return bytes(tsp.TimeStampResp({"status": status, "time_stamp_token": token}).dump())

    def _signed(self, info: bytes) -> cms.ContentInfo:
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        certificate = asn1_x509.Certificate.load(der)
        attributes = _attributes(info, der)
        signature = self._key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.IssuerAndSerialNumber(
                    {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                ),
                "digest_algorithm": sha256,
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                "signature": signature,
            }
        )
        return cms.ContentInfo(
            {
                "content_type": "signed_data",
                "content": cms.SignedData(
                    {
                        "version": "v3",
                        "digest_algorithms": [sha256],
                        "encap_content_info": {
                            "content_type": "tst_info",
                            "content": core.ParsableOctetString(info),
                        },
                        "certificates": [certificate],
                        "signer_infos": [signer],
                    }
                ),
            }
        )


class TimeStamping:
    """The authority's address, `/tsa`, and its certificate's, `/tsa/certificate`."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def routes(self, faults: Faults) -> list[web.RouteDef]:
        """Return the routes; trouble asked for under `tsa` is met at the first."""
        return [
            web.post("/tsa", faults.guard("tsa", self._stamp)),
            web.get("/tsa/certificate", self._show),
        ]

    async def _stamp(self, request: web.Request) -> web.Response:
        try:
            answer = self._authority.answer(await request.read())
        except (ValueError, TypeError, KeyError):
            raise refused(400, "Malformed request", "the body is no request of RFC 3161") from None
        return web.Response(body=answer, content_type=_REPLY)

    async def _show(self, request: web.Request) -> web.Response:
        return web.Response(body=self._authority.pem, content_type="application/x-pem-file")


def open_authority(folder: Path) -> Authority:
    """Return the authority whose key and certificate are in the folder, made when they are not.

    The certificate is in `tsa-certificate.pem`, in place before this returns; everybody may read
    it, for whoever checks the stamps is another user.
    """
    key_file, certificate_file = folder / "tsa-key.pem", folder / "tsa-certificate.pem"
    if not certificate_file.exists():
        key, certificate = make_key("Sandbox time stamping")
        _write(key_file, _private(key))
        _write(certificate_file, certificate.public_bytes(serialization.Encoding.PEM))
    certificate_file.chmod(0o644)  # whatever the umask, and also one made by an older release
    kept = serialization.load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(kept, ec.EllipticCurvePrivateKey):
        raise TypeError("the key of the time-stamping authority is of another kind")
    return Authority(kept, x509.load_pem_x509_certificate(certificate_file.read_bytes()))


def make_key(
    name: str, *, stamps: bool = True
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return a key and its own certificate of that name, for time stamps unless it is not."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = ExtendedKeyUsageOID.TIME_STAMPING if stamps else ExtendedKeyUsageOID.CODE_SIGNING
    begins = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + _YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _attributes(info: bytes, certificate: bytes) -> cms.CMSAttributes:
    named = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate).digest()})
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(info).digest()]}),
            cms.CMSAttribute(
                {
                    "type": "signing_certificate_v2",
                    "values": [tsp.SigningCertificateV2({"certs": [named]})],
                }
            ),
        ]
    )


def _rejected() -> bytes:
    status = tsp.PKIStatusInfo({"status": _REJECTED, "fail_info": {"bad_alg"}})
    return bytes(tsp.TimeStampResp({"status": status}).dump())


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
