"""Dossiers a second over the bus with one and with two processes of each service."""

import os
from typing import Any
from unittest.mock import patch

from rich.console import Console

from local_stack.stack import Stack
from tests.bench.whole import judged, roads, runs, submissions
from tests.bench.whole.ground import ROOT, Ground

_SERVICES = ("intake", "routing", "registry-sync", "notifier")


async def measure(stack: Stack, console: Console, *, dossiers: int) -> dict[str, Any]:
    """Return the figures of a run on the stack, and what was broken in it."""
    ground = Ground(stack, console)
    async with roads.by_bus(ground) as bus:
        await runs.warm(ground, bus)
        figures = await runs.closed_loop(ground, bus, submissions.make(dossiers), window=dossiers)
    return figures | {"broken": await judged.broken(ground)}


def stack_of(replicas: int) -> Stack:
    """Return a fresh stack, not started, with so many processes of each service."""
    return Stack(ROOT, name=f"bench-replicas-{replicas}", fresh=True)


def environment(replicas: int) -> Any:
    """Return a patch of the environment that such a stack is started in."""
    told = ",".join(f"{name}:{replicas}" for name in _SERVICES)
    return patch.dict(os.environ, {"REPLICAS": told})
