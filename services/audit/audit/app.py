"""Wires the audit: settings in; the log archived in a thread, its state told over HTTP."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import FastAPI

from audit import merging, proof_serving, serving
from audit.archiving import Archiving
from audit.checkpointing import Checkpointing, open_producer
from audit.kafka_reading import BulkReader
from audit.looking_back import published_on
from audit.proof_settings import ProofSettings
from audit.settings import AuditSettings
from audit.signing import BadKeys
from audit.writing import SERVICE
from plumbing.kafka_security import FileWatch
from plumbing.listening import http_server, listen
from plumbing.logs import configure, describe, where
from plumbing.serving import Health, make_app
from plumbing.settings import read_settings
from plumbing.tokens import TokenVerifier

log = structlog.get_logger()

MERGE_SECONDS = 600.0


def make_routes(
    settings: AuditSettings, proofs: ProofSettings, archiving: Archiving, health: Health
) -> FastAPI:
    """Return the app with every route of the audit."""
    app = make_app(SERVICE, health)
    verifier = TokenVerifier(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)
    allow = serving.allowing(verifier)
    serving.add_to(app, settings.archive_folder, allow, lambda: dict(archiving.reached))
    proof_serving.add_routes(app, settings.archive_folder, allow, proofs.witness_keys())
    return app


async def _run(settings: AuditSettings, proofs: ProofSettings) -> int:
    stop, health = asyncio.Event(), Health()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    try:
        checkpointing = _checkpointing(settings, proofs)
        archiving = Archiving(settings, checkpointing.open, closing=checkpointing.end)
        app = make_routes(settings, proofs, archiving, health)
    except (BadKeys, ValueError) as error:  # the supervisor starts us again; say why we stopped
        log.critical("service_failed", error=describe(error), traceback=where(error))
        return 1
    server = http_server(app, settings.http_host, settings.http_port)

    async def ready() -> str | None:
        return archiving.trouble if server.started else "starting"

    health.ready, health.live = ready, lambda: archiving.hangs
    merging_ends = threading.Event()
    keeping = _task("archiving", _in_a_thread(archiving.run))
    beside = [
        _task("checkpointing", _in_a_thread(checkpointing.run)),
        _task("merging", _merge(settings, archiving, merging_ends)),
        _task("http", listen(server)),
    ]
    stopping = _task("stop", stop.wait())
    log.info("service_started", port=settings.http_port)
    await asyncio.wait([stopping, keeping, *beside], return_when=asyncio.FIRST_COMPLETED)
    asked = stop.is_set()
    # Whatever writes into the archive ends before it is held no more.
    server.should_exit = True
    checkpointing.stop.set()
    merging_ends.set()
    stopping.cancel()
    ended = await asyncio.gather(*beside, return_exceptions=True)
    archiving.stop.set()
    ended += await asyncio.gather(keeping, return_exceptions=True)
    for failed in ended:
        if isinstance(failed, BaseException):
            asked = False
            log.critical("service_failed", error=describe(failed), traceback=where(failed))
    log.info("service_stopped", outcome="asked" if asked else "failed")
    return 0 if asked else 1


def _checkpointing(settings: AuditSettings, proofs: ProofSettings) -> Checkpointing:
    servers, security = settings.kafka_bootstrap_servers, settings.kafka_security

    def producer() -> Any:
        return open_producer(servers, security.librdkafka())

    def reading() -> BulkReader:
        return BulkReader(servers, security.librdkafka())

    return Checkpointing(
        settings.archive_folder,
        settings.archive_origin,
        proofs,
        producer,
        published=published_on(reading),
        renewed=FileWatch(security).changed,
    )


def _task(name: str, work: Awaitable[object]) -> "asyncio.Future[object]":
    task = asyncio.ensure_future(work)
    if isinstance(task, asyncio.Task):
        task.set_name(name)
    return task


async def _in_a_thread(work: Callable[[], None]) -> None:
    """Run the work in a thread of its own; returns or raises as it does."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def run() -> None:
        error: BaseException | None = None
        try:
            work()
        except BaseException as raised:  # told to whoever waits for the thread
            error = raised
        loop.call_soon_threadsafe(_settle, over, error)

    threading.Thread(target=run, daemon=True).start()
    await over


def _settle(over: "asyncio.Future[None]", error: BaseException | None) -> None:
    if over.done():
        return
    if error is None:
        over.set_result(None)
    else:
        over.set_exception(error)


async def _merge(settings: AuditSettings, archiving: Archiving, end: threading.Event) -> None:
    """Merge the files of days that are over, now and then, once the archive is ours."""
    while not await asyncio.to_thread(end.wait, MERGE_SECONDS if archiving.opened.is_set() else 1):
        if not archiving.opened.is_set():
            continue
        with contextlib.suppress(OSError):  # a full disk is told by the archiving
            merged = await asyncio.to_thread(
                merging.merge, settings.archive_folder, datetime.now(UTC), end
            )
            if merged:
                log.info("segments_merged", count=merged)


def main() -> None:
    """Archive and serve until SIGTERM (exit 0), or until something fails (exit 1)."""
    settings = read_settings(AuditSettings, SERVICE)
    proofs = read_settings(ProofSettings, SERVICE)
    configure(SERVICE, settings.log_level)
    raise SystemExit(asyncio.run(_run(settings, proofs)))
