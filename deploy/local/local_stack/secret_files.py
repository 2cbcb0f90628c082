"""SECURE=1: what is secret comes to a process in files of its own, as it does on a cluster."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from local_stack.places import write_secretly
from local_stack.supervision import Program
from plumbing.settings import FOLDER

#: What the environment of a process, which a dump of it shows, has nothing of.
SECRET = frozenset(
    {
        *("AUDIT_KEYS", "DATABASE_URL", "OIDC_CLIENT_SECRET", "PARTICULARS_KEYS", "PORTALS"),
        *("PORTAL_SECRETS", "RECEIPT_KEYS", "REGISTER_PASSWORD", "REGISTER_USERNAME"),
        *("SESSION_KEY", "SMS_GATEWAYS"),
    }
)


def hide(folder: Path, program: Program) -> Program:
    """Return the program told by files in `folder`, in one of its name, what is secret."""
    return replace(program, environment=hidden(folder / program.name, program.environment))


def hidden(folder: Path, told: Mapping[str, str]) -> dict[str, str]:
    """Write what is secret of an environment into the folder, alone; return the rest and where."""
    secret = SECRET & told.keys()
    if not secret:
        return dict(told)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    for name in secret:
        write_secretly(folder / name.lower(), told[name])
    rest = {name: value for name, value in told.items() if name not in secret}
    return rest | {FOLDER: str(folder)}
