"""Asks every service what it holds of a dossier and who looked, and puts it together."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from console.failing import Failed
from console.services import Asking
from contracts.topics import LIFECYCLE

#: In the order of a dossier's way.
SERVICES = tuple(LIFECYCLE)


async def told_of(asking: Asking, code: str) -> dict[str, Any]:
    """Return `dossier` and `services`: what each holds, and who looked; raises Failed."""
    path = f"/v1/dossiers/by-code/{quote(code, safe='')}"
    status, dossier = await asking.ask("intake", "GET", path)
    if status == 404:
        raise Failed(f"no dossier has the code {code!r}")
    if status >= 300:
        raise Failed(f"intake refuses ({status})")
    path = f"/v1/subjects/{dossier['dossier_id']}"
    found = [await asking.told(service, "GET", path) for service in SERVICES]
    return {"dossier": dossier, "services": found}


async def opened(asking: Asking, dossier_id: str, reason: str) -> dict[str, Any]:
    """Return the person's own data by service; each writes down who opened them and why."""
    path = f"/v1/subjects/{dossier_id}/opened"
    asked = {"reason": reason}
    found = {}
    for service in SERVICES:
        found[service] = (await asking.told(service, "POST", path, json=asked))["data"]
    return found


def accesses(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return who read or opened it in all services, the oldest first."""
    found = [
        {"service": one["service"], **access}
        for one in told["services"]
        for access in one["accesses"]
    ]
    return sorted(found, key=lambda one: (one["at"], one["service"], one["id"]))


def untold(told: Mapping[str, Any]) -> int:
    """Return how many earlier accesses are not among those told: of each who did it the last."""
    return sum(one["accessed"] - len(one["accesses"]) for one in told["services"])


def access_lines(told: Mapping[str, Any], *, as_json: bool) -> Iterator[str]:
    """Yield a line for each access, and how many there were."""
    found = accesses(told)
    for one in found:
        if as_json:
            yield json.dumps(one, ensure_ascii=False)
            continue
        facts = [one["at"], one["service"], one["actor"], one["act"]]
        facts += [text for text in (one["unit_code"], one["purpose"]) if text]
        yield "  ".join(facts)
    if not as_json:
        earlier = untold(told)
        yield f"{len(found)} accesses" + (f", {earlier} earlier ones not listed" * (earlier > 0))
