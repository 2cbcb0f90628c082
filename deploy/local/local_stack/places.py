"""Where the stack keeps things: state inside the clone, downloads outside it."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import StackFailed


@dataclass(frozen=True)
class Place:
    """The folders of one stack of one clone."""

    root: Path
    name: str

    @property
    def state(self) -> Path:
        """Return the folder of everything this stack keeps between runs."""
        return self.root / ".local" / self.name

    @property
    def logs(self) -> Path:
        """Return the folder with one log file per component."""
        return self.state / "logs"

    @property
    def archive(self) -> Path:
        """Return the folder of the archive of this stack's log."""
        return self.state / "archive"

    @property
    def service_secrets(self) -> Path:
        """Return the folder with one folder of secrets per process, if it is told by files."""
        return self.state / "service-secrets"

    @property
    def pids(self) -> Path:
        """Return the folder with one file per running process."""
        return self.state / "pids"

    @property
    def digest(self) -> str:
        """Return a short name that no other stack on this machine has."""
        return hashlib.sha256(str(self.state).encode()).hexdigest()[:12]

    @property
    def sockets(self) -> Path:
        """Return a folder whose path is short: a socket's path may have 107 bytes."""
        return Path(tempfile.gettempdir()) / f"hotich-{os.getuid()}-{self.digest}"

    def make(self) -> None:
        """Create the folders; raises StackFailed when the socket folder is somebody else's."""
        for folder in (self.state, self.logs, self.pids, self.sockets):
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        if self.sockets.is_symlink() or self.sockets.stat().st_uid != os.getuid():
            raise StackFailed(
                "sockets", f"{self.sockets} belongs to another user", advice="remove that folder"
            )


def cache_folder() -> Path:
    """Return the folder all clones of this user share for downloads and prepared files."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "hotich"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold a lock file for the length of the block; waits for whoever has it."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_held(lock: Path) -> bool:
    """Say whether a living process holds the lock; a killed one does not."""
    try:
        with lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def write_secretly(path: Path, text: str) -> None:
    """Write a file only its owner may read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)
