"""What the services and the sandbox are told about the stack they live in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from local_stack import people, roads
from local_stack.credentials import runtime_role
from local_stack.places import Place
from local_stack.ports import HOST
from local_stack.secured import Secured


@dataclass(frozen=True)
class Surroundings:
    """What the services and the sandbox are told about the stack they live in."""

    place: Place
    kafka: str
    databases: Mapping[str, str]
    ports: Mapping[str, int]
    secrets: Mapping[str, Any]
    clock_offset_seconds: float
    secured: Secured | None = None

    def url(self, name: str) -> str:
        """Return the HTTP address of a service or of the sandbox."""
        return f"http://{HOST}:{self.ports[name]}"

    @property
    def urls(self) -> dict[str, str]:
        """Return the HTTP address of everything that has a port, by name."""
        return {name: self.url(name) for name in self.ports}

    def port(self, road: str) -> int:
        """Return the port a road to the outside begins at: its detour's, if there is one."""
        return self.ports.get(roads.port_name(road), self.ports[roads.OUTSIDE[road]])

    def way(self, road: str) -> str:
        """Return the HTTP address a road to the outside begins at."""
        return f"http://{HOST}:{self.port(road)}"

    @property
    def kafka_of_services(self) -> str:
        """Return the bootstrap servers the services are given."""
        names = [roads.port_name(f"kafka-{n}") for n in range(1, 4)]
        detours = [f"{HOST}:{self.ports[name]}" for name in names if name in self.ports]
        return ",".join(detours) or self.kafka

    def kafka_of(self, principal: str) -> dict[str, str]:
        """Return what a service is told about Kafka that comes there as that principal."""
        proof = self.secured.environment(principal) if self.secured else {}
        return {"KAFKA_BOOTSTRAP_SERVERS": self.kafka_of_services, **proof}

    @property
    def kafka_of_portals(self) -> dict[str, str]:
        """Return what the sandbox is told about Kafka, where it plays every portal."""
        if not self.secured:
            return {"KAFKA_BOOTSTRAP_SERVERS": self.kafka}
        names = [f"kafka-{n}-portals" for n in range(1, 4)]
        servers = [f"{HOST}:{self.ports[name]}" for name in names if name in self.ports]
        return {
            "KAFKA_BOOTSTRAP_SERVERS": ",".join(servers),
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_CA_FILE": str(self.secured.authority),
        }

    def web(self, name: str, service: str) -> dict[str, str]:
        """Return what that process is told for its pages; nothing if its service has none."""
        return people.web_environment(
            self.secrets,
            service,
            public_url=self.url(name),
            # People's browsers go there, past any detour.
            authorize_url=f"{self.url('sandbox')}/oauth/authorize",
            end_session_url=f"{self.url('sandbox')}/oauth/end-session",
            token_url=f"{self.way('tokens')}/oauth/token",
        )

    def database(self, service: str) -> str:
        """Return the url of its database that a service is given, as whom it may come there."""
        url = urlsplit(self.databases[service])
        account, _, server = url.netloc.rpartition("@")
        if self.secured:
            role = runtime_role(service)
            account = f"{role}:{self.secrets['runtime_passwords'][role]}"
        if port := self.ports.get(roads.port_name(f"database-{service}")):
            server = f"{HOST}:{port}"
        return url._replace(netloc=f"{account}@{server}").geturl()
