"""What the sandbox is told by its environment and its secrets file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from sandbox.clock import Clock

_A_CENTURY_SECONDS = 100 * 366 * 86_400


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
    """The credentials the sandbox checks others against and signs with."""

    clients: Mapping[str, Client]
    portals: Mapping[str, str]
    register_username: str
    register_password: str
    sms_token: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses, state folder and pace; empty strings mean the road is not there."""

    host: str
    http_port: int
    smtp_port: int
    state: Path
    secrets: Path
    intake_url: str
    kafka_bootstrap_servers: str
    register_seconds: float
    clock: Clock

    @property
    def url(self) -> str:
        """Where the sandbox is reached over HTTP; also the issuer of its tokens."""
        return f"http://{self.host}:{self.http_port}"


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
        kafka_bootstrap_servers=environment.get("KAFKA_BOOTSTRAP_SERVERS", ""),
        register_seconds=register_seconds,
        clock=Clock(timedelta(seconds=offset)),
    )


def read_secrets(path: Path) -> Secrets:
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
            register_username=document["register"]["username"],
            register_password=document["register"]["password"],
            sms_token=document["sms"]["token"],
        )
    except OSError as trouble:
        raise SettingsWrong(f"SANDBOX_SECRETS cannot be read: {trouble.strerror}") from None
    except (ValueError, TypeError, AttributeError, EmptyWebhookSecretError):
        raise SettingsWrong("SANDBOX_SECRETS is not a JSON document of the known shape") from None
    except KeyError as missing:
        raise SettingsWrong(f"SANDBOX_SECRETS lacks {missing}") from None


def _signing(secret: str) -> str:
    Webhook(secret)
    return secret


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
