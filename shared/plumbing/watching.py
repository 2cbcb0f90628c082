"""Health by progress, and the gauges that count what waits."""

import asyncio
import time

import structlog

from plumbing import metrics
from plumbing.accesses.blocks import HOLDERS
from plumbing.accesses.unsealed import Unsealed
from plumbing.assembly import Running
from plumbing.consuming import Consumer
from plumbing.database import TRANSIENT, Pool
from plumbing.logs import describe
from plumbing.serving import Health
from plumbing.stuck import counting
from plumbing.stuck.counting import UNLESS_HELD_BACK
from plumbing.valves import Valves, ValveState
from plumbing.waiting import rest

log = structlog.get_logger()
GAUGE_SECONDS = 5.0
KEEPING_SECONDS = 3600.0
FORGET_ROWS = 5000

_FORGET = """
DELETE FROM outbox_sent WHERE id IN (
    SELECT id FROM outbox_sent WHERE sent_at < clock_timestamp() - make_interval(days => $1)
    LIMIT $2)
"""

_IN_TIME = UNLESS_HELD_BACK.format("created_at")
_COUNTS = f"""
SELECT (SELECT count(*) FROM inbound_parked) AS parked,
    (SELECT count(*) FROM dead_letter WHERE settled_at IS NULL) AS dead,
    (SELECT count(*) FROM conflict WHERE settled_at IS NULL) AS conflicts,
    (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) FROM outbox)
        AS outbox_age,
    (SELECT coalesce(extract(epoch FROM clock_timestamp() - min({_IN_TIME})), 0) FROM effect
        WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT')) AS effect_age,
    (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(started_at)), 0)
        FROM reconciliation WHERE finished_at IS NULL) AS comparison_age,
    (SELECT count(*) FROM effect WHERE state = 'PENDING') AS pending,
    (SELECT count(*) FROM effect WHERE state = 'IN_DOUBT') AS in_doubt,
    (SELECT count(*) FROM effect WHERE state = 'MANUAL') AS manual
"""


def attach(
    health: Health, running: Running, consumer: Consumer | None, stall_seconds: float
) -> None:
    """Make `health` tell of this process: live while it moves, ready while it may be given work."""

    def live() -> str | None:
        if time.monotonic() - running.relay.last_turn > stall_seconds:
            # Kafka or the database may be away: a restart would not bring them back.
            return None if running.relay.waiting else "relay_stalled"
        executor = running.executor
        if executor is not None and time.monotonic() - executor.last_turn > stall_seconds:
            return "executor_stalled"
        if consumer is not None and consumer.consumer is not None and not consumer.alive():
            return "consumer_tasks_ended"
        if consumer is not None and consumer.stalled_seconds() > stall_seconds:
            return "consumer_stalled"
        return None

    async def ready() -> str | None:
        try:
            async with asyncio.timeout(2), running.pool.acquire() as conn:
                await conn.execute("SELECT 1")
        except TRANSIENT:
            return "database_away"
        if consumer is not None and not consumer.assigned:
            return "no_partitions_yet"
        return live()

    health.live, health.ready = live, ready


async def forget_sent(pool: Pool, days: int) -> None:
    """Delete published rows older than that many days, some at a time, until cancelled."""
    while True:
        try:
            done = await pool.execute(_FORGET, days, FORGET_ROWS)
            more = done == f"DELETE {FORGET_ROWS}"
        except TRANSIENT as error:
            log.warning("keeping_waits_for_database", error=describe(error))
            more = False
        await rest(1.0 if more else KEEPING_SECONDS)


def show_valves(valves: Valves, service: str) -> None:
    """Show in the gauges how far the valves are open; of several turns the least."""
    by_call: dict[str, list[ValveState]] = {}
    for one in valves.states():
        by_call.setdefault(one.call, []).append(one)
    for call, states in by_call.items():
        metrics.VALVE_WINDOW.labels(service, call).set(min(one.window for one in states))
        shut = sum(one.state != "open" for one in states)
        metrics.VALVE_SHUT.labels(service, call).set(shut)


async def refresh_gauges(pool: Pool, service: str, valves: Valves) -> None:
    """Count what waits every few seconds, until cancelled."""
    unsealed, looked = Unsealed(), time.monotonic()
    # Also while the database lets a look wait.
    metrics.FIGURES_AGE.labels(service).set_function(lambda: time.monotonic() - looked)
    while True:
        show_valves(valves, service)
        try:
            async with pool.acquire() as conn:
                (row,) = await conn.fetch(_COUNTS)
                await counting.refresh(conn, service)
                if service in HOLDERS:
                    seconds = await unsealed.seconds(conn)
                    metrics.ACCESSES_UNSEALED.labels(service).set(seconds)
            metrics.PARKED.labels(service).set(row["parked"])
            metrics.DEAD_LETTERS.labels(service).set(row["dead"])
            metrics.CONFLICTS.labels(service).set(row["conflicts"])
            metrics.OUTBOX_AGE.labels(service).set(float(row["outbox_age"]))
            metrics.EFFECT_AGE.labels(service).set(float(row["effect_age"]))
            metrics.COMPARISON_AGE.labels(service).set(float(row["comparison_age"]))
            for state in ("pending", "in_doubt", "manual"):
                metrics.EFFECTS_OPEN.labels(service, state).set(row[state])
            looked = time.monotonic()
        except TRANSIENT as error:
            log.warning("gauges_wait_for_database", error=describe(error))
        await rest(GAUGE_SECONDS)
