"""Speaks to the keeper: its configuration, its start, and what it says of each process."""

import contextlib
import http.client
import json
import os
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from local_stack.errors import AlreadyRunning, StackFailed
from local_stack.places import Place, is_held, write_secretly

GROUPS = ("infrastructure", "outside", "services")  # in order of start; stopped in reverse


@dataclass(frozen=True)
class Program:
    """One process to keep: how it runs, how it is stopped, where it says that it is ready."""

    name: str
    group: str
    command: Sequence[str]
    environment: dict[str, str] = field(repr=False)
    user: str = ""
    stop_signal: str = "TERM"
    stop_seconds: int = 10
    ready_url: str = ""


def write_configuration(place: Place, programs: Sequence[Program]) -> None:
    """Write the keeper's two files; the one with environments is readable by us alone."""
    socket = place.sockets / "keeper.sock"
    sections = [
        f"[unix_http_server]\nfile={socket}\nchmod=0700",
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        f"[supervisord]\nlogfile={place.logs / 'keeper.log'}\nlogfile_maxbytes=2MB\n"
        f"logfile_backups=1\nloglevel=warn\nsilent=true\n"
        f"pidfile={place.state / 'supervisord.pid'}\nchildlogdir={place.logs}\nminfds=1024",
    ]
    if os.getuid() == 0:
        sections[-1] += "\nuser=root"
    sections += [_program_section(place, program) for program in programs]
    for number, group in enumerate(GROUPS):
        names = [program.name for program in programs if program.group == group]
        if names:
            sections.append(f"[group:{group}]\nprograms={','.join(names)}\npriority={number}")
    write_secretly(place.state / "supervisord.conf", "\n\n".join(sections) + "\n")
    known = {
        p.name: {
            "environment": p.environment,
            "stop_signal": p.stop_signal,
            "ready_url": p.ready_url,
        }
        for p in programs
    }
    write_secretly(place.state / "programs.json", json.dumps(known))


def _program_section(place: Place, program: Program) -> str:
    command = shlex.join(program.command).replace("%", "%%")
    lines = [
        f"[program:{program.name}]",
        f"command={command}",
        f"directory={place.root}",
        "autostart=false",
        "autorestart=true",
        "startretries=1000",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={program.stop_seconds}",
        "redirect_stderr=true",
        f"stdout_logfile={place.logs / program.name}.log",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=2",
    ]
    if program.user:
        # The account may have no way into the clone.
        lines += [f"user={program.user}", "directory=/"]
        lines.remove(f"directory={place.root}")
    return "\n".join(lines)


class Keeper:
    """The keeper of one stack, seen from outside."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def alive(self) -> bool:
        """Say whether a keeper holds this stack."""
        return self._place.state.exists() and is_held(self._place.state / "keeper.lock")

    @property
    def pid(self) -> int:
        """Return the living keeper's process id."""
        return int((self._place.state / "keeper.pid").read_text())

    def launch(self, *, stay: bool) -> "subprocess.Popen[bytes]":
        """Start the keeper; without `stay` it ends, with all it keeps, when this process does."""
        command = [sys.executable, "-m", "local_stack.keeper", str(self._place.state)]
        with (self._place.logs / "keeper.err").open("wb") as log:
            return subprocess.Popen(
                command if stay else [*command, "--lifeline"],
                stdin=subprocess.DEVNULL if stay else subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Ctrl-C must reach us only; we stop the rest in order.
                start_new_session=True,
                env=own_environment(),
            )

    def wait_for_answer(self, process: "subprocess.Popen[bytes]", seconds: float = 20) -> None:
        """Wait until the keeper takes orders; raises StackFailed when it ends instead."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.ask("getPID")
            except OSError:
                code = process.poll()
                if code == 3:
                    raise AlreadyRunning(self._place.name, "is already running") from None
                if code is not None or time.monotonic() > deadline:
                    log = self._place.logs / "keeper.err"
                    raise StackFailed("keeper", "does not start", log=log) from None
                time.sleep(0.02)
            else:
                return

    def ask(self, method: str, *arguments: object) -> Any:
        """Call supervisor's interface; raises OSError when no keeper listens."""
        address = f"unix://{self._place.sockets / 'keeper.sock'}"
        transport = SupervisorTransport(None, None, address)
        try:
            proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()

    def start(self, group: str, name: str) -> None:
        """Start one process without waiting for it; a running one is left alone."""
        try:
            self.ask("startProcess", f"{group}:{name}", False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise StackFailed(name, f"cannot be started: {fault.faultString}") from None

    def stop(self, group: str, name: str) -> None:
        """Stop one process and wait until it is gone; a stopped one is left alone."""
        try:
            self.ask("stopProcess", f"{group}:{name}", True)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise StackFailed(name, f"cannot be stopped: {fault.faultString}") from None

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return what the keeper knows of each process, by name; empty when none takes orders."""
        try:
            return {known["name"]: known for known in self.ask("getAllProcessInfo")}
        except OSError:
            return {}
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != Faults.SHUTDOWN_STATE:
                raise
            return {}

    @property
    def leaving(self) -> bool:
        """Say whether a keeper holds this stack and takes no more orders: it is shutting down."""
        if not self.alive:
            return False
        try:
            self.ask("getState")
        except (OSError, http.client.HTTPException):
            return self.alive
        except xmlrpc.client.Fault as fault:
            return bool(fault.faultCode == Faults.SHUTDOWN_STATE)
        return False

    def ready_url(self, name: str) -> str:
        """Return where a process says that it is ready, empty for one that does not."""
        known = json.loads((self._place.state / "programs.json").read_text())
        return str(known[name].get("ready_url", ""))

    def shut_down(self, seconds: float = 60) -> None:
        """Stop everything in order and wait until the keeper is gone."""
        if not self.alive:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            keeper = psutil.Process(self.pid)
            try:
                self.ask("shutdown")
            except (OSError, http.client.HTTPException, xmlrpc.client.Error):
                keeper.terminate()
            deadline = time.monotonic() + seconds
            while self.alive and time.monotonic() < deadline:
                time.sleep(0.02)
            if self.alive:
                keeper.kill()


def own_environment() -> dict[str, str]:
    """Return our environment without what would slow or bend our own processes."""
    unwanted = {"PYTHONDONTWRITEBYTECODE", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "MAKEFLAGS"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def end_orphans(place: Place, seconds: float = 10) -> None:
    """End processes of an earlier run whose keeper was killed, by their own pid files."""
    left = []
    for file in place.pids.iterdir() if place.pids.exists() else ():
        try:
            process = psutil.Process(int(file.read_text()))
            if process.create_time() <= file.stat().st_mtime + 1 and _is_ours(process, place):
                process.terminate()
                left.append(process)
        except (psutil.Error, ValueError):
            pass
        file.unlink(missing_ok=True)
    _, stubborn = psutil.wait_procs(left, timeout=seconds)
    for process in stubborn:
        process.kill()


def _is_ours(process: psutil.Process, place: Place) -> bool:
    """Every program we start carries the state folder in its command or environment."""
    carried = [*process.cmdline(), process.environ().get("HOTICH_STATE", "")]
    return any(str(place.state) in word for word in carried)
