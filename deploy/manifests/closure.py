"""The packages our services are shipped with, and the licences these say they are under."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
#: What runs with citizens' data; the sandbox and the local stack are not shipped.
SHIPPED = (
    "hotich-shared",
    "hotich-intake",
    "hotich-routing",
    "hotich-registry-sync",
    "hotich-notifier",
    "hotich-board",
    "hotich-audit",
)
SHARED = "hotich-shared"
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """A package of others, as it is installed."""

    name: str
    version: str
    licences: tuple[str, ...]


def hashes(lock: Path = LOCK) -> dict[str, list[str]]:
    """Return the SHA-256 of every file of every package of the lock, by its normal name."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"(?m)^(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8")):
        if named := _LOCKED.match(part):
            found[canonicalize_name(named[1])] = re.findall(r"sha256:([0-9a-f]{64})", part)
    return found


def locked(lock: Path = LOCK) -> dict[str, str]:
    """Return the version of every package of the lock by its normal name."""
    found = _LOCKED.findall(lock.read_text(encoding="utf-8"))
    return {canonicalize_name(name): version for name, version in found}


def shipped(names: Iterable[str] = SHIPPED) -> list[Package]:
    """Return every package of others that these need, needed by them or by one of these.

    By default what all our services need; an image has the tracing besides.
    """
    seen: dict[str, Distribution] = {}
    waiting = [(name, frozenset[str]()) for name in names]
    waiting.append((SHARED, frozenset({"tracing"})))
    asked: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in asked:
            continue
        asked.add((name, extras))
        found = seen[name] = distribution(name)
        waiting += _needs(found, extras)
    return [
        Package(name, one.version, licences_of(one))
        for name, one in sorted(seen.items())
        if not name.startswith("hotich-")
    ]


def _needs(found: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for text in found.requires or ():
        need = Requirement(text)
        wanted = [{"extra": extra} for extra in (*extras, "")]
        if need.marker is None or any(need.marker.evaluate(one) for one in wanted):
            yield canonicalize_name(need.name), frozenset(need.extras)


def licences_of(found: Distribution) -> tuple[str, ...]:
    """Return what a package says of its licence: its expression, else its classifiers, else text.

    Empty when it says nothing.
    """
    metadata: Any = found.metadata
    if expression := metadata.get("License-Expression"):
        return (expression,)
    named = [
        one.rpartition("::")[2].strip()
        for one in metadata.get_all("Classifier") or ()
        if one.startswith("License ::") and one != "License :: OSI Approved"
    ]
    if named:
        return tuple(named)
    text = (metadata.get("License") or "").strip().splitlines()
    return tuple(text[:1])
