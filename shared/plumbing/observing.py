"""What every process shows of itself: requests, event loop, connections, what waits for it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog

from plumbing import metrics, tracing
from plumbing.database import TRANSIENT, Pool
from plumbing.lagging import Lag, Lags
from plumbing.logs import describe
from plumbing.waiting import rest

log = structlog.get_logger()

LOOP_SECONDS = 0.5
LAG_SECONDS = 5.0
#: Asked by machines at all times: they would hide what people and portals ask.
UNCOUNTED = ("/health", "/metrics")
#: A request no route takes; the path itself may be anything.
NO_ROUTE = "other"
_TAKEN = "hotich.taken"


class Measured:
    """Counts requests by the template of their route and the class of their answer's status."""

    def __init__(self, app: Any, service: str) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNCOUNTED):
            await self._app(scope, receive, send)
            return
        started, outcome = time.perf_counter(), "cut"
        # What stands between may copy the scope; the list stays the same.
        taken: list[str] = []
        scope[_TAKEN] = taken

        async def noted(message: Any) -> None:
            nonlocal outcome
            if message["type"] == "http.response.start":
                outcome = f"{message['status'] // 100}xx"
            await send(message)

        try:
            with tracing.request(scope, lambda: taken[0] if taken else NO_ROUTE):
                await self._app(scope, receive, noted)
        except Exception:
            outcome = "5xx"
            raise
        finally:
            route = taken[0] if taken else NO_ROUTE
            seconds = time.perf_counter() - started
            metrics.HTTP_REQUESTS.labels(self._service, route, outcome).inc()
            metrics.HTTP_SECONDS.labels(self._service, route).observe(seconds)


class Named:
    """Tells `Measured`, from inside of all that may refuse a request, which route took it."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            if (taken := scope.get(_TAKEN)) is not None:
                taken.append(route_of(scope))


def route_of(scope: Any) -> str:
    """Return method and template of the route that took the request: `GET /v1/dossiers/{id}`.

    The set is closed: a method or a path that no route has is `other`, files are `static`.
    """
    route = scope.get("route")
    template = getattr(route, "path", None)
    if template is None:
        return "static" if scope.get("endpoint") is not None else NO_ROUTE
    methods = getattr(route, "methods", None) or ()
    return f"{scope['method']} {template}" if scope["method"] in methods else NO_ROUTE


@contextlib.asynccontextmanager
async def watched_loop(app: Any) -> AsyncIterator[None]:
    """Show the release, and how late the event loop wakes tasks, as long as the block runs."""
    service = str(getattr(app, "title", "unknown"))
    metrics.BUILD.labels(service, release()).set(1)
    tracing.begin(service)
    task = asyncio.create_task(_measure_loop(service))
    try:
        yield
    finally:
        task.cancel()
        await tracing.end()


def release() -> str:
    """Return the version of our distribution that runs, `unknown` from a bare checkout."""
    try:
        return version("hotich-shared")
    except PackageNotFoundError:
        return "unknown"


async def _measure_loop(service: str) -> None:
    lag = metrics.LOOP_LAG.labels(service)
    while True:
        asked = time.perf_counter()
        await asyncio.sleep(LOOP_SECONDS)
        lag.observe(max(0.0, time.perf_counter() - asked - LOOP_SECONDS))


def start(service: str, pool: Pool, lags: Lags, consumer: Any) -> "asyncio.Task[None]":
    """Return the task that shows what waits in this process's partitions, and its connections.

    `consumer.consumer` is the Kafka client, None while there is none; a service may have none.
    """
    return asyncio.create_task(_show_waiting(service, pool, lags, consumer), name="waiting")


async def _show_waiting(service: str, pool: Pool, lags: Lags, consumer: Any) -> None:
    shown: set[str] = set()
    while True:
        show_pool(service, pool)
        try:
            async with pool.acquire() as conn:
                found = await lags.load(conn, service, getattr(consumer, "consumer", None))
            shown = show_lags(service, found or [], shown)
        except TRANSIENT as error:
            log.warning("gauges_wait_for_database", error=describe(error))
        await rest(LAG_SECONDS)


def show_age(service: str, topic: str, at_ms: int) -> None:
    """Show how long ago the broker took the first record of a batch that is committed now."""
    metrics.RECORD_AGE.labels(service, topic).observe(max(0.0, time.time() - at_ms / 1000))


def show_pool(service: str, pool: Pool) -> None:
    """Show how many connections are used and idle, and how many there may be."""
    idle = pool.get_idle_size()
    metrics.CONNECTIONS.labels(service, "used").set(pool.get_size() - idle)
    metrics.CONNECTIONS.labels(service, "idle").set(idle)
    metrics.CONNECTIONS_MOST.labels(service).set(pool.get_max_size())


def show_lags(service: str, found: list[Lag], shown: set[str]) -> set[str]:
    """Show the lags; topics `shown` before that went to others are zero. Return those shown now."""
    gone = shown - {one.topic for one in found}
    for one in (*found, *(Lag(topic, 0, 0, 0.0) for topic in gone)):
        metrics.PARTITIONS.labels(service, one.topic).set(one.partitions)
        metrics.LAG_RECORDS.labels(service, one.topic).set(one.waiting)
        metrics.LAG_AGE.labels(service, one.topic).set(one.oldest_seconds)
    return shown | {one.topic for one in found}
