"""Ports on loopback: the usual ones when they are free, others when they are not."""

import json
import random
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from local_stack.errors import StackFailed
from local_stack.places import cache_folder, exclusive

HOST = "127.0.0.1"
USUAL = {
    "kafka-1": 9092,
    "kafka-1-controller": 9093,
    "kafka-2": 9094,
    "kafka-2-controller": 9095,
    "kafka-3": 9096,
    "kafka-3-controller": 9097,
    "kafka-1-portals": 9098,
    "kafka-2-portals": 9099,
    "kafka-3-portals": 9100,
    "postgres": 5432,
    "intake": 8081,
    "routing": 8082,
    "registry-sync": 8083,
    "notifier": 8084,
    "board": 8085,
    "audit": 8086,
    "sandbox": 8090,
    "sandbox-smtp": 2525,
}
# Below the range the kernel gives to outgoing connections, so that a port stays free
# while its component restarts.
OTHERS = range(20000, 32000)
CLAIM_SECONDS = 60.0


def is_free(port: int) -> bool:
    """Say whether nobody listens on the port, neither on loopback nor on all addresses."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(names: Iterable[str], *, state: Path, usual: bool) -> dict[str, int]:
    """Return a port for every name and remember them in the state folder.

    Takes last time's port first, then the usual one, then any free one. A port another
    stack of this user chose within the last minute is left alone, as it may not listen yet.
    """
    memory = state / "ports.json"
    before: dict[str, int] = json.loads(memory.read_text()) if memory.exists() else {}
    claims_file = cache_folder() / "ports.json"
    with exclusive(cache_folder() / "ports.lock"):
        claims = _fresh_claims(claims_file)
        taken = {claim["port"] for claim in claims if claim["state"] != str(state)}
        chosen: dict[str, int] = {}
        for name in names:
            chosen[name] = next(
                port
                for port in _candidates(name, before, usual=usual)
                if port not in taken and is_free(port)
            )
            taken.add(chosen[name])
        now = time.time()
        claims = [claim for claim in claims if claim["state"] != str(state)]
        claims += [{"port": p, "state": str(state), "at": now} for p in chosen.values()]
        claims_file.write_text(json.dumps(claims))
    memory.write_text(json.dumps(before | chosen, indent=1))
    return chosen


def _candidates(name: str, before: dict[str, int], *, usual: bool) -> Iterator[int]:
    if name in before:
        yield before[name]
    if usual and name in USUAL:
        yield USUAL[name]
    yield from random.sample(OTHERS, k=1000)
    raise StackFailed(name, "no free port on loopback", advice="stop what holds the ports")


def _fresh_claims(file: Path) -> list[dict[str, object]]:
    if not file.exists():
        return []
    claims: list[dict[str, object]] = json.loads(file.read_text() or "[]")
    limit = time.time() - CLAIM_SECONDS
    return [claim for claim in claims if float(str(claim["at"])) > limit]
