"""The secrets of the Docker stack, as the files that `deploy/compose.yaml` reads."""

import json
import os
from pathlib import Path
from typing import Any

from local_stack import credentials
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
    addresses = {
        name: {
            "url": f"{SANDBOX}/portals/{name}/callbacks",
            "dossiers_url": f"{SANDBOX}/portals/{name}/dossiers",
            "secret": secret,
        }
        for name, secret in webhook.items()
    }
    databases = dict(secrets["databases"])
    made = {
        # The sandbox reads the secrets file, which only its owner may read.
        "HOTICH_UID": str(os.getuid()),
        "POSTGRES_PASSWORD": databases.pop("postgres"),
        "PARTICULARS_KEYS": json.dumps(secrets["particulars_keys"]),
        "PORTAL_SECRETS": json.dumps(webhook),
        "PORTALS": json.dumps(addresses),
        "REGISTER_USERNAME": secrets["register"]["username"],
        "REGISTER_PASSWORD": secrets["register"]["password"],
        "SMS_TOKEN": secrets["sms"]["token"],
    }
    return made | {f"{n.upper()}_DATABASE_PASSWORD": word for n, word in databases.items()}
