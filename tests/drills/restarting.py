"""What drills of releases and keys do to processes: one by one, in order, as another release."""

import asyncio
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from local_stack.supervision import Keeper
from tests.chaos.campaign.field import NotDone
from tests.drills.drill import Act, Drilling

OVERLAY = Path(__file__).parent / "overlay"
#: How long a process may take to end, as the manifests give it.
GRACE_SECONDS = 30.0
_LEASES = "SELECT count(*) FROM effect WHERE state = 'IN_FLIGHT' AND owner = $1"
TO_SETTLE = "SELECT count(*) FROM dead_letter WHERE settled_at IS NULL"


def environment(before: str) -> dict[str, str]:
    """Return what lets services be of the next release; `before` is PYTHONPATH so far."""
    others = [part for part in before.split(os.pathsep) if part and part != str(OVERLAY)]
    return {"PYTHONPATH": os.pathsep.join([str(OVERLAY), *others])}


def of_the_overlay(module: str) -> Any:
    """Return a module of the overlay, for this process to follow and judge what others become."""
    if str(OVERLAY) not in sys.path:
        sys.path.append(str(OVERLAY))
    return importlib.import_module(module)


def understand_the_next_release() -> None:
    """Let this process read what the next release says."""
    of_the_overlay("next_release").install()


async def restart(drilling: Drilling, process: str) -> None:
    """End a process in order and start it: its exit code is 0 and it keeps no call to itself.

    Raises NotDone when it took longer than its grace, failed, or left a lease behind.
    """
    stack = drilling.field.stack
    keeper = Keeper(stack.place)
    service, _, replica = process.rpartition("-")
    owner = process if replica.isdigit() else f"{process}-0"
    service = service if replica.isdigit() else process
    group = "services"
    began = asyncio.get_running_loop().time()
    await asyncio.to_thread(keeper.stop, group, process)
    seconds = asyncio.get_running_loop().time() - began
    ended: Any = (await asyncio.to_thread(keeper.processes))[process]
    if ended["exitstatus"] != 0 or seconds > GRACE_SECONDS:
        raise NotDone(f"{process} ended with {ended['exitstatus']} after {seconds:.1f} s")
    if left := await drilling.count(service, _LEASES, owner):
        raise NotDone(f"{process} left {left} calls under lease")
    slowest = drilling.figures.get("slowest_stop_seconds", 0.0)
    drilling.figures["slowest_stop_seconds"] = max(slowest, round(seconds, 1))
    await asyncio.to_thread(keeper.start, group, process)
    await drilling.until(lambda: drilling.ready(process), f"{process} is ready")


def restarted(*processes: str) -> Act:
    """Return an act that restarts processes one by one, each ready before the next."""

    async def restart_all(drilling: Drilling) -> None:
        for process in processes:
            await restart(drilling, process)

    return restart_all


def upgraded(service: str, *processes: str) -> Act:
    """Return an act that restarts a service's processes as the next release."""

    async def upgrade(drilling: Drilling) -> None:
        (drilling.field.folder / f"new-{service}").touch()
        await restarted(*processes)(drilling)

    return upgrade


def redriven(*services: str) -> Act:
    """Return an act in which two operators redrive every dead letter, until none is left."""

    async def redrive(drilling: Drilling) -> None:
        where = ("--stack", str(drilling.field.stack.place.state / "status.json"), "--as")
        for service in services:
            while await drilling.count(service, TO_SETTLE):
                listed = await drilling.hotich(
                    *("stuck", "list", "--service", service, "--kind", "dead_letter", "--json"),
                    *(*where, "operator"),
                )
                items = [str(json.loads(line)["item"]) for line in listed.splitlines()]
                proposed = await drilling.hotich(
                    *("stuck", "redrive", *items[:100], "--reason", "the service was updated"),
                    *(*where, "operator"),
                    codes=(0, 2),
                )
                act = proposed.strip().rpartition(" ")[2]
                await drilling.hotich("stuck", "approve", act, *where, "operator-2", codes=(0, 2))

    return redrive
