"""A certificate authority of the stack's own, and the certificates it gives; nobody else's trust.

Files in PEM, readable by their owner alone: `ca.pem`, and `<name>.pem` with `<name>-key.pem` for
every name. They are made once and kept until a month before their end.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local_stack.places import write_secretly

VALID = timedelta(days=397)
RENEWED_BEFORE = timedelta(days=30)
CA = "ca"

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate, in PEM."""

    key: str
    certificate: str


@dataclass(frozen=True)
class Authority:
    """Whoever trusts `certificate` believes what this gives."""

    key: Key
    certificate: x509.Certificate

    @classmethod
    def make(cls, name: str) -> Self:
        """Return a new one of that name, which trusts nobody above it."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            _begun(name, name, key.public_key(), timedelta(0), VALID * 5)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        return cls(key, made.sign(key, hashes.SHA256()))

    @classmethod
    def read(cls, pair: Pair) -> Self:
        """Return the one of these texts."""
        key = serialization.load_pem_private_key(pair.key.encode(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(key, x509.load_pem_x509_certificate(pair.certificate.encode()))

    @property
    def pair(self) -> Pair:
        """Return key and certificate as texts."""
        return Pair(_key_text(self.key), _text(self.certificate))

    def issue(
        self,
        name: str,
        hosts: Iterable[str] = (),
        *,
        begins: timedelta = timedelta(0),
        lasts: timedelta = VALID,
    ) -> Pair:
        """Return a certificate for the common name; with addresses in `hosts` also a server's.

        It is valid from `begins` from now on, for as long as it `lasts`.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.subject.rfc4514_string().removeprefix("CN=")
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH]
        made = _begun(name, issuer, key.public_key(), begins, lasts)
        if addresses := [ipaddress.ip_address(host) for host in hosts]:
            uses.append(ExtendedKeyUsageOID.SERVER_AUTH)
            names = x509.SubjectAlternativeName([x509.IPAddress(one) for one in addresses])
            made = made.add_extension(names, critical=False)
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        made = (
            made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(above, critical=False)
        )
        return Pair(_key_text(key), _text(made.sign(self.key, hashes.SHA256())))


def keep(folder: Path, names: Iterable[str], hosts_of: Mapping[str, tuple[str, ...]]) -> None:
    """Make what is missing or about to end; `hosts_of` are the names that serve, and where."""
    folder.mkdir(mode=0o700, exist_ok=True)
    authority = _kept_authority(folder)
    for name in (*names, *hosts_of):
        if not _lasts(folder / f"{name}.pem"):
            write(folder, name, authority.issue(name, hosts_of.get(name, ())))


def write(folder: Path, name: str, pair: Pair) -> None:
    """Put a pair in its place, each file whole or not at all."""
    write_secretly(folder / f"{name}-key.pem", pair.key)
    write_secretly(folder / f"{name}.pem", pair.certificate)


def authority_in(folder: Path) -> Authority:
    """Return the authority kept in a folder."""
    key, certificate = (folder / f"{CA}-key.pem", folder / f"{CA}.pem")
    return Authority.read(Pair(key.read_text(), certificate.read_text()))


def _kept_authority(folder: Path) -> Authority:
    if _lasts(folder / f"{CA}.pem"):
        return authority_in(folder)
    for given in folder.glob("*.pem"):
        given.unlink()
    made = Authority.make("hotich-local-ca")
    write(folder, CA, made.pair)
    return made


def _lasts(file: Path) -> bool:
    if not file.exists():
        return False
    ends = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    return ends - datetime.now(UTC) > RENEWED_BEFORE


def _begun(
    name: str, issuer: str, key: ec.EllipticCurvePublicKey, begins: timedelta, lasts: timedelta
) -> x509.CertificateBuilder:
    # A clock that is a little behind takes it too.
    start = datetime.now(UTC) + begins - timedelta(minutes=5)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_text(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
