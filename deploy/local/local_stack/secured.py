"""SECURE=1: a Kafka where everybody has to prove who it is, and may do what is granted alone."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.grants import principals
from local_stack import certificates
from local_stack.errors import StackFailed
from local_stack.places import write_secretly
from local_stack.ports import HOST
from plumbing.kafka_security import KafkaSecurity

#: May do everything: gives the rights, and reads for whoever looks at the stack from outside.
ADMIN = "kafka-admin"


def wanted() -> bool:
    """Return whether the environment asks for it; raises StackFailed for what is no answer."""
    said = os.environ.get("SECURE") or "0"
    if said not in {"0", "1"}:
        raise StackFailed("SECURE", f"{said!r} is not 0 or 1", advice="write SECURE=1")
    if said == "1" and os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        raise StackFailed(
            "SECURE",
            "secures the stack's own Kafka, and another is named",
            advice="leave out KAFKA_BOOTSTRAP_SERVERS, or SECURE=1",
        )
    return said == "1"


def broker(number: int) -> str:
    """Return as whom a node comes to the others."""
    return f"broker-{number}"


@dataclass(frozen=True)
class Secured:
    """The certificates of everybody, in a folder, and the passwords of the portals."""

    folder: Path
    passwords: Mapping[str, str]

    def make(self, nodes: int) -> None:
        """Make the certificates that are missing."""
        names = (*principals(()), ADMIN)
        hosts = {broker(number): (HOST,) for number in range(1, nodes + 1)}
        certificates.keep(self.folder, names, hosts)
        for name in hosts:
            parts = (f"{name}-key.pem", f"{name}.pem")
            text = "".join((self.folder / part).read_text() for part in parts)
            write_secretly(self.keystore(name), text)

    def keystore(self, name: str) -> Path:
        """Return the file with key and certificate of a node, as Kafka reads them."""
        return self.folder / f"{name}-keystore.pem"

    @property
    def authority(self) -> Path:
        """Return the file of the authority whose certificates are believed."""
        return self.folder / f"{certificates.CA}.pem"

    def environment(self, principal: str) -> dict[str, str]:
        """Return what a process is told that comes as that principal, by its certificate."""
        return {
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_CA_FILE": str(self.authority),
            "KAFKA_CERTIFICATE_FILE": str(self.folder / f"{principal}.pem"),
            "KAFKA_KEY_FILE": str(self.folder / f"{principal}-key.pem"),
        }

    def security(self, principal: str) -> KafkaSecurity:
        """Return the same for a client in this process."""
        return KafkaSecurity.from_environment(self.environment(principal))
