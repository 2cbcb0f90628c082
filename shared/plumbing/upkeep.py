"""What every service does beside its work: forgets what was sent, purges, seals its accesses."""

import asyncio
from collections.abc import Sequence

from plumbing.accesses.blocks import HOLDERS, Sealing
from plumbing.assembly import Running
from plumbing.keeping import Purge, keep_clean
from plumbing.watching import forget_sent


def start(running: Running, service: str, purges: Sequence[Purge]) -> list["asyncio.Task[None]"]:
    """Start the tasks of the upkeep, each until it is cancelled."""
    loop, pool = asyncio.get_running_loop(), running.pool
    tasks = [
        loop.create_task(forget_sent(pool, running.settings.sent_days), name="keeping"),
        loop.create_task(keep_clean(pool, purges), name="purging"),
    ]
    if service in HOLDERS:
        sealing = Sealing(service, pool, running.clock, running.relay.wake.set)
        tasks.append(loop.create_task(sealing.run(), name="sealing"))
    return tasks
