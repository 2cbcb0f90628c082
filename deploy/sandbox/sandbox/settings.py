"""What the sandbox is told by its environment and its secrets file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from sandbox.clock import Clock
from sandbox.people import Person, WebClient, read_people, read_web_clients
from sandbox.sms import FIRST, SECOND

_A_CENTURY_SECONDS = 100 * 366 * 86_400
_ROOT = re.compile(r"https?://[^/?#@\s]+/(?:[^?#\s]*/)?")


class SettingsWrong(Exception):
    """The environment or the secrets file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Client:
    """One party that may ask for tokens."""

    secret: str
    scope: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Secrets:
    """The credentials the sandbox checks others against and signs with.

    `national`: user and password of the National Portal's interface, None where it is not played.
    """

    clients: Mapping[str, Client]
    portals: Mapping[str, str]
    bus_passwords: Mapping[str, str]
    register_username: str
    register_password: str
    sms: Mapping[str, str]
    national: tuple[str, str] | None
    people: Mapping[str, Person]
    web_clients: Mapping[str, WebClient]


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses, state folder and pace; empty strings mean the road is not there.

    `redirects`: by web application, where people who signed in may be sent back to.
    """

    host: str
    http_port: int
    smtp_port: int
    state: Path
    secrets: Path
    intake_url: str
    routing_url: str
    registry_url: str
    kafka_bootstrap_servers: str
    #: The authority of a secured Kafka, where each portal comes with its password; None without.
    kafka_ca_file: Path | None
    register_seconds: float
    clock: Clock
    redirects: Mapping[str, tuple[str, ...]]
    known_as: str = ""

    @property
    def url(self) -> str:
        """Where the sandbox is reached over HTTP; also the issuer of its tokens."""
        return self.known_as or f"http://{self.host}:{self.http_port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings of this process; raises SettingsWrong naming the variable at fault."""
    register_seconds = _seconds(environment, "SANDBOX_REGISTER_SECONDS", 0.8, 0, 86_400)
    offset = _seconds(
        environment, "CLOCK_OFFSET_SECONDS", 0, -_A_CENTURY_SECONDS, _A_CENTURY_SECONDS
    )
    return Settings(
        host=environment.get("SANDBOX_HOST", "127.0.0.1"),
        http_port=_port(environment, "SANDBOX_PORT"),
        smtp_port=_port(environment, "SANDBOX_SMTP_PORT"),
        state=Path(_needed(environment, "SANDBOX_STATE")),
        secrets=Path(_needed(environment, "SANDBOX_SECRETS")),
        intake_url=environment.get("INTAKE_URL", "").rstrip("/"),
        routing_url=environment.get("ROUTING_URL", "").rstrip("/"),
        registry_url=environment.get("REGISTRY_SYNC_URL", "").rstrip("/"),
        kafka_bootstrap_servers=environment.get("KAFKA_BOOTSTRAP_SERVERS", ""),
        kafka_ca_file=_authority(environment),
        register_seconds=register_seconds,
        clock=Clock(timedelta(seconds=offset)),
        redirects=_redirects(environment.get("SANDBOX_REDIRECTS", "{}")),
        known_as=environment.get("SANDBOX_URL", "").rstrip("/"),
    )


def read_secrets(path: Path, redirects: Mapping[str, tuple[str, ...]]) -> Secrets:
    """Return the credentials in the file; raises SettingsWrong without quoting any of them."""
    try:
        document = json.loads(path.read_bytes())
        return Secrets(
            clients={
                client_id: Client(one["secret"], one["scope"], one.get("claims", {}))
                for client_id, one in document["clients"].items()
            },
            portals={
                name: _signing(one["webhook_secret"]) for name, one in document["portals"].items()
            },
            bus_passwords=dict(document.get("bus_passwords", {})),
            register_username=document["register"]["username"],
            register_password=document["register"]["password"],
            sms=_gateways(document["sms"]),
            national=_national(document),
            people=read_people(document),
            web_clients=read_web_clients(document, redirects),
        )
    except OSError as trouble:
        raise SettingsWrong(f"SANDBOX_SECRETS cannot be read: {trouble.strerror}") from None
    except (ValueError, TypeError, AttributeError, EmptyWebhookSecretError):
        raise SettingsWrong("SANDBOX_SECRETS is not a JSON document of the known shape") from None
    except KeyError as missing:
        raise SettingsWrong(f"SANDBOX_SECRETS lacks {missing}") from None


def _gateways(tokens: Mapping[str, str]) -> Mapping[str, str]:
    """Return the token of each gateway; a file of before has one, which both take."""
    return {FIRST: tokens["token"], SECOND: tokens.get("second_token", tokens["token"])}


def _national(document: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return user and password of the National Portal's interface; None where it is not played."""
    if "national" not in document:
        return None
    return document["national"]["username"], document["national"]["password"]


def _signing(secret: str) -> str:
    Webhook(secret)
    return secret


def _redirects(text: str) -> dict[str, tuple[str, ...]]:
    try:
        urls = {client: tuple(map(str.strip, at)) for client, at in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        urls = {"": ("",)}
    if not all(_ROOT.fullmatch(url) for at in urls.values() for url in at):
        raise SettingsWrong("SANDBOX_REDIRECTS is not JSON like {client: [http://host:port/]}")
    return urls


def _authority(environment: Mapping[str, str]) -> Path | None:
    protocol = environment.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    if protocol == "PLAINTEXT":
        return None
    if protocol != "SASL_SSL":
        raise SettingsWrong("KAFKA_SECURITY_PROTOCOL must be PLAINTEXT or SASL_SSL")
    return Path(_needed(environment, "KAFKA_CA_FILE"))


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsWrong(f"{name} is not set")
    return value


def _seconds(
    environment: Mapping[str, str], name: str, usual: float, least: float, most: float
) -> float:
    try:
        seconds = float(environment.get(name, usual))
    except ValueError:
        seconds = float("nan")
    if not least <= seconds <= most:
        raise SettingsWrong(f"{name} must be a number from {least} to {most}")
    return seconds


def _port(environment: Mapping[str, str], name: str) -> int:
    value = _needed(environment, name)
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65_536:
        raise SettingsWrong(f"{name} must be a port from 1 to 65535")
    return int(value)
