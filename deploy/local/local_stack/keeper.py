"""Keeps the stack's processes: supervisor, with each process bound to the keeper's life.

`python -m local_stack.keeper <state folder> [--lifeline]`. With --lifeline the keeper ends
when its standard input closes, which the kernel does however its parent died.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from supervisor.options import ServerOptions
from supervisor.supervisord import go

PR_SET_PDEATHSIG = 1


class KeeperOptions(ServerOptions):  # type: ignore[misc]
    """Supervisor's options, with our own way to turn a fork into a program."""

    def __init__(self, state: Path) -> None:
        super().__init__()
        self.keeper = os.getpid()
        self.pids = state / "pids"
        self.programs: dict[str, dict[str, Any]] = json.loads((state / "programs.json").read_text())

    def execve(self, filename: str, argv: list[str], env: dict[str, str]) -> None:
        """Become the program: its own environment, its pid on file, dying with the keeper."""
        name = env["SUPERVISOR_PROCESS_NAME"]
        program = self.programs[name]
        _die_with_parent(self.keeper, signal.Signals[f"SIG{program['stop_signal']}"])
        # PostgreSQL's account may not write here; its data folder has a pid file of its own.
        with contextlib.suppress(PermissionError):
            (self.pids / name).write_text(str(os.getpid()))
        super().execve(filename, argv, program["environment"])


def main() -> None:
    """Run until told to stop; exits 3 when another keeper holds this state folder."""
    state = Path(sys.argv[1])
    lock = (state / "keeper.lock").open("a")
    if not _held(lock):
        sys.exit(3)
    (state / "keeper.pid").write_text(str(os.getpid()))
    if "--lifeline" in sys.argv:
        threading.Thread(target=_end_with_lifeline, daemon=True).start()
    options = KeeperOptions(state)
    options.realize(["-n", "-c", str(state / "supervisord.conf")], doc=__doc__)
    options.first = True
    options.test = False
    go(options)


def _held(lock: IO[str]) -> bool:
    """Take the lock; tries again for a moment, as those who only look hold it that long."""
    for _ in range(20):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False


def _end_with_lifeline() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _die_with_parent(parent: int, wanted: signal.Signals) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(wanted))
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    main()
