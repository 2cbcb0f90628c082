"""Carries a fault out, heals it whatever happens, and says what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import asyncpg
from aiokafka.errors import KafkaError

from local_stack.errors import StackFailed
from tests.chaos.campaign import processes, records, ways
from tests.chaos.campaign.course import Fault, Happened
from tests.chaos.campaign.field import Field, NotDone

#: A nemesis returns when its fault is over and healed; what it cannot do raises NotDone.
Nemesis = Callable[[Field, Fault], Awaitable[None]]
NEMESES: Mapping[str, Nemesis] = {
    "kill_service": processes.kill,
    "kill_at_point": processes.kill_at_point,
    "term_service": processes.end,
    "restart_storm": processes.restart_storm,
    "pause_service": processes.pause,
    "kill_broker": processes.kill,
    "term_broker": processes.end,
    "kill_leader": processes.kill_leader,
    "database_immediate_stop": processes.stop_database_at_once,
    "kill_backends": processes.kill_backends,
    "kill_sandbox": processes.kill,
    "cut": ways.trouble,
    "blackhole": ways.trouble,
    "delay": ways.trouble,
    "drop_replies": ways.trouble,
    "reset": ways.trouble,
    "throttle": ways.trouble,
    "gateway_errors": ways.gateway,
    "gateway_lost_answers": ways.gateway,
    "gateway_delays": ways.gateway,
    "gateway_hang_ups": ways.gateway,
    "clock_skew": ways.clock_skew,
    "duplicate_records": records.duplicate,
    "shuffled_records": records.shuffle,
    "poison_records": records.poison,
    "offsets_forgotten": records.forget_offsets,
}
#: Whatever a nemesis still waits for by then will not come.
_LONGEST_SECONDS = 90.0


async def carry_out(field: Field, fault: Fault) -> Happened:
    """Return the fault as it happened; one that could not be carried out says why."""
    began_at, note = datetime.now(UTC), ""
    try:
        async with asyncio.timeout(fault.seconds + _LONGEST_SECONDS):
            await NEMESES[fault.kind](field, fault)
    except NotDone as why:
        note = str(why)
    except (
        KafkaError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        StackFailed,
        OSError,
        TimeoutError,
    ) as trouble:
        note = f"{type(trouble).__name__}: {trouble}"
    return Happened(fault, began_at, datetime.now(UTC), note=note)
