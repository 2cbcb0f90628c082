"""Which detours a stack has: one on every road between a service, a portal and what it reaches.

With DETOURS=1 only; else every road is the direct one.
"""

import json
import os
import sys
from collections.abc import Mapping

from local_stack.credentials import SERVICES
from local_stack.errors import StackFailed
from local_stack.ports import HOST
from local_stack.supervision import Program

#: The program that keeps them, and the port it takes orders on.
DETOURS = "detours"
#: The played systems' roads and the port each leads to.
OUTSIDE = {
    "register": "sandbox",
    "sms": "sandbox",
    "mail": "sandbox-smtp",
    "portals": "sandbox",
    "tokens": "sandbox",
    "intake": "intake",
}


def wanted() -> bool:
    """Say whether this stack has detours; raises StackFailed when it cannot have them."""
    said = os.environ.get("DETOURS") or "0"
    if said not in {"0", "1"}:
        raise StackFailed("DETOURS", f"{said!r} is not 0 or 1", advice="write DETOURS=1")
    if said == "1" and (
        os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or os.environ.get("DATABASE_URL")
    ):
        raise StackFailed(
            "DETOURS",
            "lead to Kafka and PostgreSQL of the stack's own only",
            advice="leave KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL out",
        )
    return said == "1"


def targets(brokers: int) -> dict[str, str]:
    """Return detour -> the name of the port it leads to."""
    kafka = {f"kafka-{n}": f"kafka-{n}-proxied" for n in range(1, brokers + 1)}
    return kafka | {f"database-{service}": "postgres" for service in SERVICES} | OUTSIDE


def port_name(detour: str) -> str:
    """Return the name of the port a detour listens on."""
    return f"detour-{detour}"


def port_names(brokers: int) -> list[str]:
    """Return the names of all ports that detours need beside those of the stack without."""
    found = targets(brokers)
    proxied = [f"kafka-{n}-proxied" for n in range(1, brokers + 1)]
    return [DETOURS, *proxied, *map(port_name, found)]


def program(environment: Mapping[str, str], ports: Mapping[str, int], brokers: int) -> Program:
    """Return the program that keeps the detours, told which there are."""
    ways = {
        name: [ports[port_name(name)], ports[target]] for name, target in targets(brokers).items()
    }
    return Program(
        name=DETOURS,
        group="outside",
        command=[sys.executable, "-m", "local_stack.detours"],
        environment={
            **environment,
            "DETOURS_PORT": str(ports[DETOURS]),
            "DETOURS_WAYS": json.dumps(ways),
        },
        ready_url=f"http://{HOST}:{ports[DETOURS]}/health/ready",
    )
