"""The secrets of the Docker stack, as the files that `deploy/compose.yaml` reads."""

import json
import os
from pathlib import Path
from typing import Any

from local_stack import credentials, people
from local_stack.places import write_secretly

SANDBOX = "http://sandbox:8090"


def write(root: Path) -> Path:
    """Write secrets and environment into .local/compose, once, and return the environment file."""
    folder = root / ".local" / "compose"
    (folder / "sandbox").mkdir(parents=True, exist_ok=True)
    secrets = credentials.keep(folder / "secrets.json")
    lines = [f"{name}='{value}'" for name, value in environment(secrets).items()]
    write_secretly(folder / "compose.env", "\n".join([*lines, ""]))
    return folder / "compose.env"


def environment(secrets: dict[str, Any]) -> dict[str, str]:
    """Return the variables the compose file asks for."""
    webhook = {name: portal["webhook_secret"] for name, portal in secrets["portals"].items()}
    addresses: dict[str, Any] = {
        name: {
            "url": f"{SANDBOX}/portals/{name}/callbacks",
            "dossiers_url": f"{SANDBOX}/portals/{name}/dossiers",
            "secret": secret,
        }
        for name, secret in webhook.items()
    }
    addresses[credentials.NATIONAL]["sync"] = credentials.synchronising(f"{SANDBOX}/dvcqg", secrets)
    databases = dict(secrets["databases"])
    made = {
        # The sandbox reads the secrets file, which only its owner may read.
        "HOTICH_UID": str(os.getuid()),
        "POSTGRES_PASSWORD": databases.pop("postgres"),
        "PARTICULARS_KEYS": json.dumps(secrets["particulars_keys"]),
        "RECEIPT_KEYS": json.dumps(secrets["receipt_keys"]),
        "AUDIT_KEYS": json.dumps(credentials.audit_keys(secrets)),
        "PORTAL_SECRETS": json.dumps(webhook),
        "PORTALS": json.dumps(addresses),
        # The networks Docker gives its containers.
        "PORTAL_NETWORKS": "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16",
        "REGISTER_USERNAME": secrets["register"]["username"],
        "REGISTER_PASSWORD": secrets["register"]["password"],
        "SMS_GATEWAYS": json.dumps(credentials.gateways(secrets, SANDBOX)),
    }
    for service in people.WEB:
        client = secrets["web_clients"][f"{service}-web"]
        made[f"{service.upper()}_CLIENT_SECRET"] = client["secret"]
        made[f"{service.upper()}_SESSION_KEY"] = secrets["session_keys"][service]
    return made | {f"{n.upper()}_DATABASE_PASSWORD": word for n, word in databases.items()}
