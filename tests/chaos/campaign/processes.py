"""Faults of processes: killed, ended, paused, and their connections cut off at the server."""

import asyncio
import contextlib
import os
import signal
import time
from urllib.parse import urlsplit

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from contracts.topics import LIFECYCLE
from tests.chaos.campaign import overlay
from tests.chaos.campaign.course import Fault
from tests.chaos.campaign.field import CAMPAIGN, RETURN_SECONDS, Field, NotDone
from tests.chaos.campaign.kinds import PROCESSES, service_of

_GRACE_SECONDS = 30.0
_BACKENDS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = $1 AND application_name <> $2 AND pid <> pg_backend_pid()
"""


async def kill(field: Field, fault: Fault) -> None:
    """Kill a process with SIGKILL; whoever keeps it starts it again."""
    await field.signal(fault.target, signal.SIGKILL)


async def end(field: Field, fault: Fault) -> None:
    """Ask a process to end; whoever keeps it starts it again."""
    await field.signal(fault.target, signal.SIGTERM)


async def kill_at_point(field: Field, fault: Fault) -> None:
    """Let a process kill itself at the named point; raises NotDone when it never came there.

    While another fault keeps all work from it, the order stands somewhat longer than planned.
    """
    point = str(fault.how["point"])
    armed = _who_may_come_to(point, fault.target)
    for process in armed:
        overlay.arm(field.folder, process, point)
    give_up = time.monotonic() + fault.seconds + _GRACE_SECONDS
    try:
        while all(overlay.is_armed(field.folder, process) for process in armed):
            if time.monotonic() > give_up:
                raise NotDone(f"{fault.target} did not come to {point}")
            await asyncio.sleep(0.1)
    finally:
        for process in armed:
            overlay.disarm(field.folder, process)


def _who_may_come_to(point: str, target: str) -> tuple[str, ...]:
    """Return the target; of those that publish, its replicas too: one holds what is to be sent."""
    if point != "after_publish":
        return (target,)
    return tuple(one for one in PROCESSES if service_of(one) == service_of(target))


async def restart_storm(field: Field, fault: Fault) -> None:
    """Let one member leave its group and join it again, several times in a row."""
    times = int(str(fault.how["times"]))
    for _ in range(times):
        turn_ends = time.monotonic() + fault.seconds / times
        before = await field.signal(fault.target, signal.SIGTERM)
        await field.back(fault.target, before, fault.seconds)
        await asyncio.sleep(max(0.0, turn_ends - time.monotonic()))


async def pause(field: Field, fault: Fault) -> None:
    """Stop a process where it stands, as a long collection or a frozen machine would."""
    pid = await field.signal(fault.target, signal.SIGSTOP)
    try:
        await asyncio.sleep(fault.seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def kill_leader(field: Field, fault: Fault) -> None:
    """Kill the broker that leads a partition of the busiest topic."""
    topic = LIFECYCLE["notifier"]
    number = (field.seed + fault.number) % topic.partitions
    give_up = time.monotonic() + RETURN_SECONDS
    while (leader := await _leader(field, topic.name, number)) < 1:
        if time.monotonic() > give_up:
            raise NotDone(f"{topic.name} {number} has no leader now")
        await asyncio.sleep(0.5)
    await field.signal(f"kafka-{leader}", signal.SIGKILL)


async def _leader(field: Field, topic: str, number: int) -> int:
    """Return the broker that leads the partition, -1 while none does or nobody can say."""
    admin = AIOKafkaAdminClient(**field.status.kafka_client())
    try:
        await admin.start()
        (described,) = await admin.describe_topics([topic])
    except KafkaError:
        return -1
    finally:
        await admin.close()
    leaders = {one["partition"]: one["leader"] for one in described["partitions"]}
    return int(leaders.get(number, -1))


async def stop_database_at_once(field: Field, fault: Fault) -> None:
    """Stop PostgreSQL without a checkpoint; it recovers from its log when it comes back."""
    await field.signal(fault.target, signal.SIGQUIT)


async def kill_backends(field: Field, fault: Fault) -> None:
    """End every connection to one service's database, at the server."""
    url = field.status.databases[fault.target.removeprefix("database-")]
    async with field.database(field.status.database_server) as connection:
        await connection.fetchval(_BACKENDS, urlsplit(url).path.lstrip("/"), CAMPAIGN)
