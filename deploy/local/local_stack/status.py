"""What is known of a stack: one document that everything else finds it by."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from contracts.model import VIETNAM
from local_stack.errors import StackFailed
from local_stack.places import Place, write_secretly
from local_stack.supervision import Keeper
from plumbing.kafka_security import KafkaSecurity


@dataclass(frozen=True)
class Status:
    """A stack as it is now. Addresses hold passwords: the document is for its owner only."""

    stack: str
    running: bool = False
    kafka: str = ""
    databases: dict[str, str] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    sandbox: dict[str, str] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    #: How a client proves who it is, as variables that name files; empty without SECURE=1.
    kafka_security: dict[str, str] = field(default_factory=dict)
    components: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    reference: str = ""
    state: str = ""
    logs: str = ""
    secrets: str = ""
    #: Where the archive of the log is; empty without services.
    archive: str = ""
    database_server: str = ""
    #: With DETOURS=1: `url`, where orders go, and `names`.
    detours: dict[str, Any] = field(default_factory=dict)
    #: How far the rules' clock is ahead of the real one; not 0 when AS_OF named a day.
    clock_offset_seconds: float = 0.0

    @property
    def now(self) -> datetime:
        """Return the instant it is for the rules of this stack."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset_seconds)

    def kafka_client(self) -> dict[str, Any]:
        """Return what a client of aiokafka has to be told to read and write everything."""
        security = KafkaSecurity.from_environment(self.kafka_security)
        return {"bootstrap_servers": self.kafka, **security.aiokafka()}

    def as_json(self) -> str:
        """Return the document."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)


def save(place: Place, status: Status) -> None:
    """Write the document into the state folder."""
    write_secretly(place.state / "status.json", status.as_json())


def current(place: Place) -> Status:
    """Return the document as last written, with what the keeper says right now.

    `running` is false when no keeper holds the stack or nothing was ever started.
    """
    file = place.state / "status.json"
    keeper = Keeper(place)
    if not file.exists() or not keeper.alive:
        return Status(stack=place.name)
    known = json.loads(file.read_text())
    processes = keeper.processes()
    known["running"] = bool(processes) or not known["components"]
    known["components"] = {name: info["statename"].lower() for name, info in processes.items()}
    known["pids"] = {"keeper": keeper.pid} | {
        name: info["pid"] for name, info in processes.items() if info["pid"]
    }
    return Status(**known)


def relative(path: Path, place: Place) -> str:
    """Return a path as seen from the clone's root, whole when it lies outside."""
    return str(path.relative_to(place.root)) if path.is_relative_to(place.root) else str(path)


def reference_version() -> str:
    """Return the version of the reference data the services load.

    Raises StackFailed if they contradict themselves: no service would start with them.
    """
    import reference

    try:
        return reference.load().version
    except reference.BadReferenceData as bad:
        raise StackFailed(
            "reference data",
            str(bad),
            advice="`hotich reference check FOLDER` says the same; mend the rows, start again",
        ) from None


def own_version() -> str:
    """Return the version of this project."""
    return metadata.version("hotich-local")


def lines(status: Status) -> list[str]:
    """Return the status for a person: one line per process, then what can be opened."""
    if not status.running:
        return [f"The stack '{status.stack}' is not running. `make up` starts it."]
    shown = [f"{'component':<16}{'state':<10}{'pid':>8}{'memory':>10}"]
    for name, state in status.components.items():
        pid = status.pids.get(name, 0)
        memory = f"{_memory(pid) // 2**20} MB" if pid else ""
        shown.append(f"{name:<16}{state:<10}{pid or '':>8}{memory:>10}")
    how = ", TLS, deny by default" if status.kafka_security else ""
    shown += ["", f"{'Kafka':<16}{status.kafka}{how}"]
    if status.clock_offset_seconds:
        shown += [f"{'clock':<16}{status.now.astimezone(VIETNAM):%Y-%m-%d %H:%M} in Vietnam"]
    shown += [f"{name:<16}{url}" for name, url in status.urls.items()]
    shown += [f"{'archive':<16}{status.archive}"] if status.archive else []
    shown += [f"{'logs':<16}{status.logs}"]
    return shown


def _memory(pid: int) -> int:
    """Return what a process and its children hold, each shared page divided among its users."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(getattr(p.memory_full_info(), "pss", p.memory_info().rss) for p in family)
    except psutil.Error:
        return 0
