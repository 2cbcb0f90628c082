"""PostgreSQL refuses to run as root: the account it gets instead, and folders it can reach."""

import grp
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_stack.errors import StackFailed
from local_stack.places import Place, exclusive

ACCOUNTS = ("postgres", "hotich-postgres")
# Used only by root, and only for a clone that other accounts cannot reach, as under /root.
REACHABLE = Path("/var/lib/hotich")


@dataclass(frozen=True)
class Owner:
    """An account without privileges."""

    name: str
    uid: int
    gid: int

    def identity(self) -> dict[str, Any]:
        """Return what subprocess.run needs to act as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def take(self, folder: Path) -> None:
        """Give the folder and all in it to this account."""
        os.chown(folder, self.uid, self.gid)
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.lchown(os.path.join(parent, name), self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Say whether this account can enter or run the path, going by every folder above it."""
        command = ["test", "-x", str(path)]
        return subprocess.run(command, check=False, cwd="/", **self.identity()).returncode == 0


def needed() -> Owner | None:
    """Return the account PostgreSQL runs as: None for a plain user, who runs it himself.

    Root gets the account `postgres` where the machine has one, else a system account made once.
    """
    if os.getuid() != 0:
        return None
    for name in ACCOUNTS:
        if owner := _account(name):
            return owner
    name = ACCOUNTS[-1]
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise StackFailed(
            "postgres",
            f"it refuses to run as root and no account could be made for it ({error})",
            advice="run as a plain user, or add a system account named postgres",
        ) from error
    made = _account(name)
    assert made
    return made


def data_folder(place: Place, owner: Owner | None) -> Path:
    """Return where the data live: in the state folder, or where the account can reach them."""
    inside = place.state / "postgres"
    if inside.is_symlink():
        return inside.readlink()
    if owner is None or owner.reaches(place.state):
        return inside
    away = REACHABLE / place.digest
    away.mkdir(mode=0o755, parents=True, exist_ok=True)
    inside.symlink_to(away / "data")
    return away / "data"


def programs(bundled: Path, version: str, owner: Owner | None) -> Path:
    """Return the folder of the server's programs, copied once to where the account reaches it."""
    if owner is None or owner.reaches(bundled / "postgres"):
        return bundled
    install, package = bundled.parent, bundled.parent.parent
    copy = REACHABLE / f"postgres-{version}"
    REACHABLE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with exclusive(REACHABLE / "programs.lock"):
        if not copy.exists():
            making = copy.with_name(f"{copy.name}.{os.getpid()}")
            # The programs look for their libraries two folders up, beside the package.
            shutil.copytree(install, making / package.name / install.name, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            shutil.copytree(libraries, making / libraries.name)
            making.rename(copy)
    return copy / package.name / install.name / "bin"


def remove_away(place: Place) -> None:
    """Remove the data that were put outside the clone for this stack, if any were."""
    shutil.rmtree(REACHABLE / place.digest, ignore_errors=True)


def _account(name: str) -> Owner | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Owner(name, entry.pw_uid, grp.getgrgid(entry.pw_gid).gr_gid)
