"""Starts a service's parts in order, stops them in reverse, and exits when one of them dies."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from plumbing import collecting, observing, operating, upkeep, watching
from plumbing.assembly import Assemble, Assembly, Running, clock_ahead
from plumbing.consuming import Consumer
from plumbing.database import Pool, open_pool
from plumbing.effects import Executor
from plumbing.granting import migrate_and_end
from plumbing.listening import http_server, listen
from plumbing.logs import configure, describe, where
from plumbing.migrating import ensure_migrated, migrate
from plumbing.operating import AddRoutes
from plumbing.overview import OverviewRoutes
from plumbing.relay import Relay
from plumbing.restoring import ensure_not_behind
from plumbing.sealing import KeyRing
from plumbing.serving import Health, make_app
from plumbing.settings import CommonSettings, read_settings
from plumbing.settling import FloodGate, Settler
from plumbing.stuck.api import StuckRoutes
from plumbing.stuck.lanes_api import LaneRoutes
from plumbing.stuck.workbench import Workbench
from plumbing.subjects.api import SubjectRoutes
from plumbing.waiting import let_go, patiently, unless

log = structlog.get_logger()

#: A part that has not come round in this time is taken for stuck.
STALL_SECONDS = 60.0
#: How long batches and calls under way may take to end at a stop.
STOP_SECONDS = 15


def main(
    make_settings: Callable[[], CommonSettings], service: str, migrations: Path, assemble: Assemble
) -> None:
    """Run the service until SIGTERM (exit 0) or until a part of it dies (exit 1).

    With the argument `migrate` it applies the migrations and ends.
    """
    if sys.argv[1:] == ["migrate"]:
        raise SystemExit(migrate_and_end(service, migrations))
    settings = read_settings(make_settings, service)
    configure(service, settings.log_level)
    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.install()
    code = asyncio.run(_run(settings, service, migrations, assemble))
    # Client libraries may keep threads or half-closed sockets; everything of ours is closed.
    os._exit(code)


async def _run(settings: CommonSettings, service: str, migrations: Path, assemble: Assemble) -> int:
    health = Health()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    try:
        pool = await unless(stop, _open_database(settings, service, migrations))
        if pool is None:
            return 0
        servers = settings.kafka_bootstrap_servers
        relay = Relay(service, settings.database_url, servers, settings.kafka_security)
        keys = KeyRing.from_json(settings.particulars_keys)
        clock = clock_ahead(settings.clock_offset_seconds)
        running = Running(settings, pool, keys, relay, clock)
        assembly = await assemble(running)
        return await _live(running, assembly, service, health, stop)
    except Exception as error:  # the supervisor starts us again; say why we stopped
        log.critical("service_failed", error=describe(error), traceback=where(error))
        return 1


async def _open_database(settings: CommonSettings, service: str, migrations: Path) -> Pool:
    pools: list[Pool] = []

    async def opened() -> None:
        act = migrate if settings.migrations == "apply" else ensure_migrated
        await act(settings.database_url, migrations)
        name = f"{service}-{settings.replica}"
        pools.append(await open_pool(settings.database_url, application=name))

    await patiently("database", opened)
    await ensure_not_behind(pools[0], service, settings)
    return pools[0]


async def _live(
    running: Running, assembly: Assembly, service: str, health: Health, stop: asyncio.Event
) -> int:
    settings = running.settings
    app = make_app(service, health)
    if assembly.routes is not None:
        assembly.routes(app)
    consumer = _make_consumer(running, assembly, service)
    operating.attach(app, settings, _operating(running, assembly, service, consumer))
    server = http_server(app, settings.http_host, settings.http_port)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    tasks = [asyncio.create_task(_serve(server), name="http")]
    tasks += _start_parts(running, assembly, service)
    if consumer is not None:
        tasks.append(asyncio.create_task(_consume(consumer), name="consumer"))
    tasks.append(observing.start(service, running.pool, running.lags, consumer))
    watching.attach(health, running, consumer, STALL_SECONDS)
    collecting.spare_what_stays()
    log.info("service_started", port=settings.http_port, replica=settings.replica)
    code = await _until_over(tasks, consumer, stop)
    await _close(running, assembly, consumer, server, tasks)
    log.info("service_stopped", outcome="asked" if code == 0 else "failed")
    return code


def _operating(
    running: Running, assembly: Assembly, service: str, consumer: Consumer | None
) -> tuple[AddRoutes, ...]:
    """Return the routes every service has for operators, and its own."""
    bench = Workbench(
        service,
        running.pool,
        assembly.part,
        running.keys,
        {topic.name: settle for topic, settle in assembly.inlets.items()},
        running.clock,
        running.wake,
    )
    states = running.valves.states
    lanes = LaneRoutes(service, running.pool, states, running.wake, assembly.lanes)
    overview = OverviewRoutes(service, running, consumer, assembly.lanes)
    subjects = SubjectRoutes(service, running.pool, running.keys, assembly.open_own)
    return StuckRoutes(bench), lanes, overview, subjects, *assembly.operating


async def _consume(consumer: Consumer) -> None:
    # HTTP is served meanwhile: what people hand in waits in the outbox.
    await patiently("kafka", consumer.broker.start)
    log.info("consuming")
    await consumer.watch()


async def _serve(server: uvicorn.Server) -> None:
    if not await listen(server):
        raise RuntimeError("the HTTP port could not be opened")


def _make_consumer(running: Running, assembly: Assembly, service: str) -> Consumer | None:
    if not assembly.inlets:
        return None
    settler = Settler(
        service=service,
        group=service,
        pool=running.pool,
        keys=running.keys,
        inlets={t.name: running.lags.noting(settle) for t, settle in assembly.inlets.items()},
        clock=running.clock,
        flood=FloodGate(running.settings.flood_limit),
        settled=running.wake,
    )
    compacted = {t.name for t in assembly.inlets if t.config["cleanup.policy"] == "compact"}
    settings = running.settings
    servers = settings.kafka_bootstrap_servers
    return Consumer(settler, servers, settings.replica, compacted, settings.kafka_security)


def _start_parts(running: Running, assembly: Assembly, service: str) -> list["asyncio.Task[None]"]:
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(running.relay.run(), name="relay")]
    running.valves.limit(assembly.valves)
    if assembly.callers:
        running.executor = Executor(
            assembly.part,
            running.pool,
            running.keys,
            assembly.callers,
            running.clock,
            owner=f"{service}-{running.settings.replica}",
            valves=running.valves,
            decided=running.relay.wake.set,
        )
        tasks.append(loop.create_task(running.executor.run(), name="executor"))
    gauges = watching.refresh_gauges(running.pool, service, running.valves)
    tasks.append(loop.create_task(gauges, name="gauges"))
    tasks += upkeep.start(running, service, assembly.purges)
    tasks += [asyncio.ensure_future(task()) for task in assembly.tasks]
    return tasks


async def _until_over(
    tasks: Sequence["asyncio.Task[None]"], consumer: Consumer | None, stop: asyncio.Event
) -> int:
    waiter = asyncio.create_task(stop.wait())
    watched: list[asyncio.Future[Any]] = [*tasks, waiter]
    if consumer is not None:
        watched.append(consumer.failed)
    done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
    if waiter in done:
        return 0
    waiter.cancel()
    for one in done:
        error = None if one.cancelled() else one.exception()
        name = one.get_name() if isinstance(one, asyncio.Task) else "consumer"
        log.critical(
            "part_died",
            task=name,
            error=describe(error) if error else "ended",
            traceback=where(error) if error else "",
        )
    return 1


async def _stop_consumer(consumer: Consumer | None) -> None:
    if consumer is not None:
        await let_go(consumer.stop(), STOP_SECONDS)


async def _close(
    running: Running,
    assembly: Assembly,
    consumer: Consumer | None,
    server: uvicorn.Server,
    tasks: Sequence["asyncio.Task[None]"],
) -> None:
    server.should_exit = True
    executors = [task for task in tasks if task.get_name() == "executor"]
    for task in executors:
        task.cancel()
    await asyncio.wait(
        [asyncio.ensure_future(_stop_consumer(consumer)), *executors], timeout=STOP_SECONDS
    )
    for task in tasks:
        if task.get_name() != "http":
            task.cancel()
    await asyncio.wait(tasks, timeout=6)
    if assembly.close is not None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(assembly.close(), 3)
    with contextlib.suppress(Exception):
        await asyncio.wait_for(running.pool.close(), 3)
