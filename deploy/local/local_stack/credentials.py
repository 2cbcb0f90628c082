"""The secrets of one stack, made once and kept in its state folder."""

import base64
import json
import secrets
from pathlib import Path
from typing import Any

from local_stack.places import write_secretly

SERVICES = ("intake", "routing", "registry-sync", "notifier")
LETTER_PROVINCES = ("79", "74", "10", "02", "06", "83", "49")
# A commune in each of three provinces; its officers sign in with their unit's client.
OFFICER_UNITS = ("25747", "20194", "00691")
# What is stuck is redriven or discarded by two people.
OPERATORS = ("operator", "operator-2")


def database_of(service: str) -> str:
    """Return the name of a service's database, which is also the name of its owner."""
    return service.replace("-", "_")


def keep(path: Path) -> dict[str, Any]:
    """Return the secrets in the file; makes it, readable by its owner only, when it is missing.

    A file made before there was a client is completed; what it holds stays as it is.
    """
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text())
        return _completed(path, kept)
    made = {
        "clients": _clients(),
        "portals": {portal: {"webhook_secret": _webhook_secret()} for portal in portals()},
        "register": {"username": "hotich", "password": secrets.token_urlsafe(24)},
        "sms": {"token": secrets.token_urlsafe(24)},
        "particulars_keys": {"current": "k1", "keys": {"k1": _base64(32)}},
        "databases": {
            name: secrets.token_hex(16) for name in ("postgres", *map(database_of, SERVICES))
        },
    }
    write_secretly(path, json.dumps(made, indent=1))
    return made


def _completed(path: Path, kept: dict[str, Any]) -> dict[str, Any]:
    missing = {name: one for name, one in _clients().items() if name not in kept["clients"]}
    if missing:
        kept["clients"] |= missing
        write_secretly(path, json.dumps(kept, indent=1))
    return kept


def portals() -> list[str]:
    """Return the ids of the portals the sandbox plays, national one first."""
    provincial = [f"provincial-portal-{code}" for code in LETTER_PROVINCES]
    return ["national-portal", *provincial, "moj-direct"]


def _clients() -> dict[str, Any]:
    submit, everywhere = "submissions:write", ["*"]
    clients = {
        "national-portal": _client(submit, channel="national-portal", provinces=everywhere),
        "moj-direct": _client(submit, channel="moj-direct", provinces=everywhere),
        **{person: _client("operate", role="operator") for person in OPERATORS},
    }
    for code in LETTER_PROVINCES:
        clients[f"provincial-portal-{code}"] = _client(
            submit, channel="provincial-portal", provinces=[code]
        )
    for unit in OFFICER_UNITS:
        clients[f"officer-{unit}"] = _client("desk:act", role="officer", unit_code=unit)
    return clients


def _client(scope: str, **claims: object) -> dict[str, Any]:
    return {"secret": secrets.token_urlsafe(24), "scope": scope, "claims": claims}


def _webhook_secret() -> str:
    return f"whsec_{_base64(24)}"


def _base64(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()
