"""The secrets of one stack, made once and kept in its state folder."""

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_stack import people
from local_stack.places import write_secretly

SERVICES = ("intake", "routing", "registry-sync", "notifier")
NATIONAL = "national-portal"
LETTER_PROVINCES = ("79", "74", "10", "02", "06", "83", "49")
# A commune in each of three provinces; its officers sign in with their unit's client.
OFFICER_UNITS = ("25747", "20194", "00691")
#: Communes whose dossiers stay open in the replay; people can sign in there.
REPLAY_UNITS = ("25741", "02635")
# The sandbox's test officer receives here, by hand; magic dossiers are handed in to it.
MAGIC_UNIT = "26743"
# What is stuck is redriven or discarded by two people.
OPERATORS = ("operator", "operator-2")


def database_of(service: str) -> str:
    """Return the name of a service's database, which is also the name of its owner."""
    return service.replace("-", "_")


def runtime_role(service: str) -> str:
    """Return the role a running service comes as where it does not come as the owner."""
    return f"{database_of(service)}_runtime"


def keep(path: Path) -> dict[str, Any]:
    """Return the secrets in the file; makes it, readable by its owner only, when it is missing.

    A file made before there was a client, a person or a service with pages, or before a client
    might do something, is completed; all else it holds stays as it is.
    """
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text())
        return _completed(path, kept)
    made = {
        "clients": _clients(),
        "portals": {portal: {"webhook_secret": _webhook_secret()} for portal in portals()},
        "register": {"username": "hotich", "password": secrets.token_urlsafe(24)},
        "sms": _sms_tokens(),
        "particulars_keys": {"current": "k1", "keys": {"k1": _base64(32)}},
        "receipt_keys": _receipt_keys(),
        "audit_keys": _audit_keys(),
        "databases": {
            name: secrets.token_hex(16) for name in ("postgres", *map(database_of, SERVICES))
        },
        "people": _people(),
        "web_clients": people.web_clients(),
        "session_keys": people.session_keys(),
        "national": _national(),
        "runtime_passwords": _runtime_passwords(),
        "bus_passwords": _bus_passwords(),
    }
    write_secretly(path, json.dumps(made, indent=1))
    return made


def synchronising(url: str, kept: Mapping[str, Any]) -> dict[str, str]:
    """Return where and as whom the National Portal is told by its own calls."""
    return {"url": url, "madonvi": "000.00.01.H29", **kept["national"]}


def _completed(path: Path, kept: dict[str, Any]) -> dict[str, Any]:
    wanted = {
        "clients": _clients(),
        "people": _people(),
        "web_clients": people.web_clients(),
        "session_keys": people.session_keys(),
        "receipt_keys": _receipt_keys(),
        "audit_keys": _audit_keys(),
        "runtime_passwords": _runtime_passwords(),
        "bus_passwords": _bus_passwords(),
    }
    completed = kept | {part: made | kept.get(part, {}) for part, made in wanted.items()}
    completed["clients"] = {
        name: client | {"scope": _together(client, wanted["clients"].get(name, client))}
        for name, client in completed["clients"].items()
    }
    if completed != kept:
        write_secretly(path, json.dumps(completed, indent=1))
    return completed


def _together(kept: dict[str, Any], made: dict[str, Any]) -> str:
    """Return the scopes a client was given and those it is given since."""
    return " ".join(dict.fromkeys([*kept["scope"].split(), *made["scope"].split()]))


def _receipt_keys() -> dict[str, Any]:
    return {"current": "r1", "keys": {"r1": {"seed": _base64(32)}}}


def _audit_keys() -> dict[str, Any]:
    return {"audit.hotich.example/a1": {"key": _base64(32), "from": "2026-01-01T00:00:00Z"}}


def audit_keys(kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the keys of the audit's checkpoints, as the service is told them."""
    return [{"name": name, **one} for name, one in kept["audit_keys"].items()]


def _sms_tokens() -> dict[str, str]:
    return {name: secrets.token_urlsafe(24) for name in ("token", "second_token")}


def gateways(made: Mapping[str, Any], at: str) -> list[dict[str, Any]]:
    """Return the two SMS gateways of the sandbox at that address, as the notifier is told them."""
    tokens = made["sms"]
    known = {"sms-1": tokens["token"], "sms-2": tokens.get("second_token", tokens["token"])}
    weights = {"sms-1": 3, "sms-2": 1}
    return [
        {"name": name, "url": f"{at}/{name}", "token": token, "weight": weights[name]}
        for name, token in known.items()
    ]


def portals() -> list[str]:
    """Return the ids of the portals the sandbox plays, national one first."""
    provincial = [f"provincial-portal-{code}" for code in LETTER_PROVINCES]
    return [NATIONAL, *provincial, "moj-direct"]


def _bus_passwords() -> dict[str, str]:
    return {portal: secrets.token_urlsafe(24) for portal in portals()}


def _runtime_passwords() -> dict[str, str]:
    return {runtime_role(service): secrets.token_hex(16) for service in SERVICES}


def _clients() -> dict[str, Any]:
    submit, everywhere = "submissions:write feed:read", ["*"]
    clients = {
        "national-portal": _client(submit, channel="national-portal", provinces=everywhere),
        "moj-direct": _client(submit, channel="moj-direct", provinces=everywhere),
        **{person: _client("operate audit:read", role="operator") for person in OPERATORS},
        "auditor": _client("audit:read", role="auditor"),
        "board-reader": _client("board:read", provinces=everywhere),
    }
    for code in LETTER_PROVINCES:
        clients[f"provincial-portal-{code}"] = _client(
            submit, channel="provincial-portal", provinces=[code]
        )
    for unit in (*OFFICER_UNITS, MAGIC_UNIT):
        clients[f"officer-{unit}"] = _client("desk:act", role="officer", unit_code=unit)
    return clients


def _people() -> dict[str, Any]:
    units = (*OFFICER_UNITS, *REPLAY_UNITS, MAGIC_UNIT)
    return people.people(units, LETTER_PROVINCES, OPERATORS)


def _national() -> dict[str, str]:
    return {"username": "hotich", "password": secrets.token_urlsafe(24)}


def _client(scope: str, **claims: object) -> dict[str, Any]:
    return {"secret": secrets.token_urlsafe(24), "scope": scope, "claims": claims}


def _webhook_secret() -> str:
    return f"whsec_{_base64(24)}"


def _base64(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()
