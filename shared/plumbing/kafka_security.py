"""How a client of Kafka proves who it is: TLS, with a certificate or a password, kept in files.

Files that have changed are read again at the next connection, so that certificates, keys,
authorities and passwords are exchanged while everything runs.
"""

import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import structlog

from plumbing.logs import describe
from plumbing.tls_closing import Leaving

log = structlog.get_logger()

Protocol = Literal["PLAINTEXT", "SSL", "SASL_SSL"]
MECHANISM = "SCRAM-SHA-512"
_FILES_OF = {
    "PLAINTEXT": (),
    "SSL": ("KAFKA_CA_FILE", "KAFKA_CERTIFICATE_FILE", "KAFKA_KEY_FILE"),
    "SASL_SSL": ("KAFKA_CA_FILE", "KAFKA_PASSWORD_FILE"),
}


class BadKafkaSecurity(ValueError):
    """It cannot be used; the text names the setting at fault and nothing secret."""


@dataclass(frozen=True)
class KafkaSecurity:
    """`PLAINTEXT`: nothing; `SSL`: a certificate and its key; `SASL_SSL`: user and password.

    `ca_file` has the authorities a broker's certificate may come from, and needs no other.
    """

    protocol: Protocol = "PLAINTEXT"
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    username: str = ""
    password_file: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return what these variables say, checked; raises BadKafkaSecurity."""

        def path(name: str) -> Path | None:
            return Path(environment[name]) if environment.get(name) else None

        protocol: Any = environment.get("KAFKA_SECURITY_PROTOCOL") or "PLAINTEXT"
        made = cls(
            protocol,
            path("KAFKA_CA_FILE"),
            path("KAFKA_CERTIFICATE_FILE"),
            path("KAFKA_KEY_FILE"),
            environment.get("KAFKA_USERNAME", ""),
            path("KAFKA_PASSWORD_FILE"),
        )
        made.check()
        return made

    def check(self) -> None:
        """Read every file once; raises BadKafkaSecurity with a sentence that names the setting."""
        if self.protocol == "PLAINTEXT":
            if named := next((name for name, path in self._told().items() if path), ""):
                raise BadKafkaSecurity(
                    f"KAFKA_SECURITY_PROTOCOL is PLAINTEXT, and {named} would count for nothing"
                )
            return
        if self.protocol not in ("SSL", "SASL_SSL"):
            raise BadKafkaSecurity("KAFKA_SECURITY_PROTOCOL is not PLAINTEXT, SSL or SASL_SSL")
        for name, path in self._files().items():
            _readable(name, path, self.protocol)
        if self.protocol == "SASL_SSL":
            if not self.username:
                raise BadKafkaSecurity("KAFKA_USERNAME is not set, which SASL_SSL needs")
            if not _password(self.password_file):
                raise BadKafkaSecurity("KAFKA_PASSWORD_FILE is empty")
        self.context()

    def context(self) -> ssl.SSLContext:
        """Return a TLS context of what the files say now; raises BadKafkaSecurity."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError):
            raise BadKafkaSecurity("KAFKA_CA_FILE holds no certificates in PEM") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslobject_class = Leaving
        if self.protocol == "SSL":
            assert self.certificate_file
            try:
                context.load_cert_chain(self.certificate_file, self.key_file, password="")
            except (OSError, ssl.SSLError, ValueError):
                raise BadKafkaSecurity(
                    "KAFKA_KEY_FILE is not the key, unencrypted in PEM,"
                    " of the certificate in KAFKA_CERTIFICATE_FILE"
                ) from None
        return context

    def aiokafka(self) -> dict[str, Any]:
        """Return the arguments of aiokafka's clients."""
        if self.protocol == "PLAINTEXT":
            return {}
        made: dict[str, Any] = {
            "security_protocol": self.protocol,
            "ssl_context": FreshContext(self),
        }
        if self.protocol == "SASL_SSL":
            assert self.password_file
            made |= {
                "sasl_mechanism": MECHANISM,
                "sasl_plain_username": self.username,
                "sasl_plain_password": FreshPassword(self.password_file),
            }
        return made

    def librdkafka(self) -> dict[str, str]:
        """Return the settings of librdkafka's clients, which read the files once, when made."""
        if self.protocol == "PLAINTEXT":
            return {}
        made = {"security.protocol": self.protocol, "ssl.ca.location": str(self.ca_file)}
        if self.protocol == "SASL_SSL":
            return made | {
                "sasl.mechanism": MECHANISM,
                "sasl.username": self.username,
                "sasl.password": _password(self.password_file),
            }
        return made | {
            "ssl.certificate.location": str(self.certificate_file),
            "ssl.key.location": str(self.key_file),
        }

    def state(self) -> tuple[tuple[int, int, int], ...]:
        """Return what is another as soon as one of the files is; a missing file counts."""
        return tuple(map(_stamp, self._files().values()))

    def _files(self) -> dict[str, Path | None]:
        told = self._told()
        return {name: told[name] for name in _FILES_OF[self.protocol]}

    def _told(self) -> dict[str, Path | None]:
        return {
            "KAFKA_CA_FILE": self.ca_file,
            "KAFKA_CERTIFICATE_FILE": self.certificate_file,
            "KAFKA_KEY_FILE": self.key_file,
            "KAFKA_PASSWORD_FILE": self.password_file,
        }


PLAINTEXT = KafkaSecurity()


class FileWatch:
    """Whether the files are others than when it was last asked."""

    def __init__(self, security: KafkaSecurity) -> None:
        self._security = security
        self._seen = security.state()

    def changed(self) -> bool:
        """Return whether there are others, which can be used.

        Files that do not fit together, as in the middle of an exchange, are left alone until
        they change again.
        """
        seen, self._seen = self._seen, self._security.state()
        if seen == self._seen:
            return False
        try:
            self._security.check()
        except BadKafkaSecurity as error:
            log.warning("kafka_files_do_not_fit", reason=str(error))
            return False
        log.info("kafka_files_read_again")
        return True


class FreshContext(ssl.SSLContext):
    """A client's TLS context: every connection begins with what the files say by then."""

    def __new__(cls, security: KafkaSecurity) -> Self:
        """Return a context; what is inside is made by `__init__`."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, security: KafkaSecurity) -> None:
        self._security = security
        self._watch = FileWatch(security)
        self._inner = security.context()

    def wrap_bio(self, *args: Any, **more: Any) -> ssl.SSLObject:
        """Return one connection's TLS; both event loops ask for it once a connection."""
        if self._watch.changed():
            # Changed once more since: the next connection looks again.
            with contextlib.suppress(BadKafkaSecurity):
                self._inner = self._security.context()
        return self._inner.wrap_bio(*args, **more)


class FreshPassword(str):
    """The password in a file, read again whenever a client encodes it to prove it knows it."""

    __slots__ = ("_path",)
    _path: Path

    def __new__(cls, path: Path) -> Self:
        """Return the text as it is now; raises BadKafkaSecurity."""
        made = super().__new__(cls, _password(path))
        made._path = path
        return made

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the bytes of what the file says now; of what it said if it cannot be read."""
        try:
            return _password(self._path).encode(encoding, errors)
        except BadKafkaSecurity as error:
            log.warning("kafka_files_do_not_fit", reason=str(error), error=describe(error))
            return super().encode(encoding, errors)

    def __repr__(self) -> str:
        """Return nothing of it."""
        return "<password>"


def _password(path: Path | None) -> str:
    try:
        return path.read_text("utf-8").strip() if path else ""
    except (OSError, ValueError):
        raise BadKafkaSecurity("KAFKA_PASSWORD_FILE cannot be read") from None


def _readable(name: str, path: Path | None, protocol: str) -> None:
    if path is None:
        raise BadKafkaSecurity(f"{name} is not set, which {protocol} needs")
    try:
        path.read_bytes()
    except OSError as error:
        raise BadKafkaSecurity(f"{name} cannot be read: {error.strerror}") from None


def _stamp(path: Path | None) -> tuple[int, int, int]:
    try:
        found = path.stat() if path else None
    except OSError:
        found = None
    return (found.st_mtime_ns, found.st_ino, found.st_size) if found else (0, 0, 0)
