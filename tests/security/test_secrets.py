"""A secret shows nowhere: not in a setting's text, the environment, a command line or a log."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings

from audit.proof_settings import ProofSettings
from intake.settings import IntakeSettings
from notifier.settings import Settings as NotifierSettings
from pages.oidc import OidcSettings
from plumbing.granting import MigrateSettings
from registry_sync.settings import RegistrySyncSettings
from routing.settings import RoutingSettings

#: Twenty-four bytes as text: every secret below holds it, as it is or as base64.
CANARY = "canary-4b1f0c7e9d2a-canary"
KEY = base64.b64encode(CANARY.ljust(32, "x").encode()).decode()
SHOWN = (CANARY, KEY[:24])
NOBODY = "http://127.0.0.1:9"
RING = json.dumps({"current": "k1", "keys": {"k1": KEY}})
PORTAL = {
    "url": f"{NOBODY}/x",
    "secret": f"whsec_{KEY}",
    "sync": {"url": NOBODY, "username": "u", "password": CANARY, "madonvi": "m"},
}
GATEWAY = [{"name": "sms", "url": NOBODY, "token": CANARY}]
COMMON = {
    "DATABASE_URL": f"postgresql://owner:{CANARY}@127.0.0.1:9/x",
    "PARTICULARS_KEYS": RING,
}
PAGES = {"OIDC_CLIENT_SECRET": CANARY, "SESSION_KEY": KEY}
#: The secrets of each process, as its settings name them.
SECRETS: Mapping[str, Mapping[str, str]] = {
    "intake": {**COMMON, "PORTAL_SECRETS": json.dumps({"national-portal": f"whsec_{KEY}"})},
    "routing": {**COMMON, **PAGES, "RECEIPT_KEYS": RING},
    "registry_sync": {**COMMON, "REGISTER_PASSWORD": CANARY},
    "notifier": {
        **COMMON,
        "PORTALS": json.dumps({"national-portal": PORTAL}),
        "SMS_GATEWAYS": json.dumps(GATEWAY),
    },
    "board": PAGES,
    "audit": {"AUDIT_KEYS": json.dumps([{"key": CANARY}])},
}
#: What is no secret and has to be told.
TOLD = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
    "HTTP_PORT": "0",
    "OIDC_ISSUER": NOBODY,
    "OIDC_JWKS_URL": f"{NOBODY}/jwks.json",
    "OIDC_AUTHORIZE_URL": f"{NOBODY}/authorize",
    "OIDC_TOKEN_URL": f"{NOBODY}/token",
    "OIDC_CLIENT_ID": "web",
    "PUBLIC_URL": "http://127.0.0.1:1",
    "SERVICES_URLS": json.dumps({"intake": NOBODY}),
    "REGISTER_URL": NOBODY,
    "REGISTER_USERNAME": "us",
    "SMTP_HOST": "127.0.0.1",
    "SMTP_PORT": "9",
    "MAIL_FROM": "hotich@example.vn",
    "ARCHIVE_ORIGIN": "hotich.example/log",
}
CLASSES: Mapping[str, tuple[type[BaseSettings], ...]] = {
    "intake": (IntakeSettings, MigrateSettings),
    "routing": (RoutingSettings, OidcSettings, MigrateSettings),
    "registry_sync": (RegistrySyncSettings, MigrateSettings),
    "notifier": (NotifierSettings, MigrateSettings),
    "board": (OidcSettings,),
    "audit": (ProofSettings,),
}
KINDS = [(service, kind) for service, kinds in CLASSES.items() for kind in kinds]


def shows(text: str) -> bool:
    return any(one in text for one in SHOWN)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "secrets"
    made.mkdir()
    return made


def put(folder: Path, service: str, **changes: str) -> None:
    for name, value in {**SECRETS[service], **changes}.items():
        (folder / name.lower()).write_text(value)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path) -> None:
    for name, value in (TOLD | {"ARCHIVE_FOLDER": str(tmp_path / "archive")}).items():
        monkeypatch.setenv(name, value)
    # The environment is heard before the folder, and other tests of this process may have set it.
    for name in {name for secrets in SECRETS.values() for name in secrets}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRETS_FOLDER", str(folder))


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(("service", "kind"), KINDS)
def test_no_text_of_settings_shows_a_secret(
    service: str, kind: type[BaseSettings], folder: Path
) -> None:
    put(folder, service)

    settings = kind()

    held = sum(shows(str(value)) for value in _plain(settings))
    assert held, "the secrets did not arrive"
    for text in (repr(settings), str(settings), f"{settings!r}", repr([settings])):
        assert not shows(text)


def _plain(settings: BaseModel) -> list[Any]:
    """Return every value of the settings, secrets opened."""
    found: list[Any] = []
    for name in type(settings).model_fields:
        found += _opened(getattr(settings, name))
    return found


def _opened(value: Any) -> list[Any]:
    if hasattr(value, "get_secret_value"):
        return [value.get_secret_value()]
    if isinstance(value, BaseModel):
        return _plain(value)
    if isinstance(value, Mapping):
        return [one for item in value.values() for one in _opened(item)]
    if isinstance(value, list | tuple):
        return [one for item in value for one in _opened(item)]
    return [value]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(("service", "kind"), KINDS)
def test_no_text_of_an_error_shows_a_secret(
    service: str, kind: type[BaseSettings], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, service)
    for name in kind.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name in SECRETS[service]:
        if name not in ("DATABASE_URL", "PARTICULARS_KEYS", "OIDC_CLIENT_SECRET"):
            (folder / name.lower()).write_text(f'["{CANARY}"]')
    (folder / "http_port").write_text(CANARY)
    (folder / "log_level").write_text(CANARY)

    try:
        text = repr(kind())
    except (ValidationError, ValueError) as error:
        text = f"{error} {error!r}"

    assert not shows(text.replace(f"log_level='{CANARY}'", ""))


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("service", SECRETS)
def test_a_process_whose_secrets_are_files_shows_none_while_it_lives_and_when_it_fails(
    service: str, folder: Path
) -> None:
    put(folder, service)
    started = subprocess.Popen(
        [sys.executable, "-m", service], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        place = Path("/proc") / str(started.pid)
        said = b""
        until = time.monotonic() + 60
        assert started.stdout is not None
        while b"\n" not in said and time.monotonic() < until:
            said += started.stdout.read1()
            if started.poll() is not None:
                break
        seen = said
        if started.poll() is None and place.exists():
            seen += (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
    finally:
        started.terminate()
        try:
            rest, _ = started.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            started.kill()
            rest, _ = started.communicate()

    text = (seen + rest).decode(errors="replace")
    assert text
    assert not shows(text)
