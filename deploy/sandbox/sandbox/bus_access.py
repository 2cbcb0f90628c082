"""How each portal comes to the bus: as itself, with its own password where Kafka is secured."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Bus:
    """Where it is, who vouches for it and the portals' passwords; without `ca_file` it is open."""

    servers: str
    ca_file: Path | None
    passwords: Mapping[str, str]

    def client(self, portal: str) -> dict[str, Any]:
        """Return the arguments of a client of aiokafka for that portal."""
        if self.ca_file is None:
            return {"bootstrap_servers": self.servers}
        return {
            "bootstrap_servers": self.servers,
            "security_protocol": "SASL_SSL",
            "ssl_context": ssl.create_default_context(cafile=self.ca_file),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": f"portal-{portal}",
            "sasl_plain_password": self.passwords[portal],
        }


NO_BUS = Bus("", None, {})
