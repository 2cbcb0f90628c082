"""Traces over all services, opt-in: nothing is imported or made unless an endpoint is named.

A dossier's trace begins with the request or record that brought it to us and is carried in the
`traceparent` of its events and calls (`plumbing.carrying`); where none is carried nothing was
sampled, and nothing is recorded. Attributes are those a log line may have. Neighbours get none.
"""

import asyncio
import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import structlog

from plumbing.logs import KNOWN_KEYS, describe, is_personal

log = structlog.get_logger()

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
RATIO = "OTEL_TRACES_SAMPLER_ARG"
FLUSH_SECONDS = 2.0
TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
_IN_BODY = re.compile(rb'"traceparent":"(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})"')

#: The recorder of this process; None unless it was told where to send traces.
_tracer: Any = None
_ratio = 1.0
#: The span under way, as what follows from it carries it; None when it is not recorded.
current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def is_on() -> bool:
    """Return whether this process records traces."""
    return _tracer is not None


def begin(service: str) -> None:
    """Record traces from now on if the environment names an endpoint; twice does no harm."""
    global _ratio, _tracer
    if _tracer is not None or not any(os.environ.get(name) for name in ENDPOINTS):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON
    except ImportError as error:
        log.error("traces_not_recorded", error=describe(error))
        return
    _ratio = min(1.0, max(0.0, float(os.environ.get(RATIO) or 1.0)))
    # Whether a trace is recorded is decided where it begins; who carries one is recorded.
    provider = TracerProvider(
        sampler=ALWAYS_ON, resource=Resource({"service.name": service}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer("hotich")


async def end() -> None:
    """Send what is recorded, within a bounded time, and record no more."""
    global _tracer
    tracer, _tracer = _tracer, None
    if tracer is not None:
        # The library's own limit does not count: a collector that is away would hold up the end.
        flush = threading.Thread(target=tracer.span_processor.force_flush, daemon=True)
        flush.start()
        await asyncio.to_thread(flush.join, FLUSH_SECONDS)


def safe(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes a span may have: known keys, and nothing that looks personal."""
    return {
        key: value
        for key, value in attributes.items()
        if key in KNOWN_KEYS and not is_personal(str(value))
    }


def start(name: str, parent: str, at: int | None = None, **attributes: Any) -> Any:
    """Return a span that began `at` (ns), else now; "" as its parent begins a trace."""
    return _tracer.start_span(
        name, context=_context(parent), attributes=safe(attributes), start_time=at
    )


def _context(traceparent: str) -> Any:
    from opentelemetry import context, trace

    carried = context_of(traceparent)
    nothing = context.Context()
    if carried is None:
        return nothing
    return trace.set_span_in_context(trace.NonRecordingSpan(carried), nothing)


def context_of(traceparent: str) -> Any:
    """Return the span a `traceparent` names, None if it names none."""
    from opentelemetry import trace

    found = TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    ids = int(found[1], 16), int(found[2], 16)
    return trace.SpanContext(*ids, is_remote=True, trace_flags=trace.TraceFlags(1))


def text_of(span: Any) -> str:
    """Return the `traceparent` of what follows from the span."""
    known = span.get_span_context()
    return f"00-{known.trace_id:032x}-{known.span_id:016x}-01"


def is_sampled(given: str) -> bool:
    """Return whether a trace that begins here is recorded; of a `given` one always the same."""
    found = TRACEPARENT.fullmatch(given)
    # The last seven bytes are the random ones: before them a UUID has bits that never change.
    number = int(found[1][18:], 16) if found else int.from_bytes(os.urandom(7))
    return number < _ratio * 2**56


def header(pairs: Iterable[tuple[Any, bytes]]) -> str:
    """Return the valid `traceparent` among the headers of a request or record, "" for none."""
    for name, value in pairs:
        if name in ("traceparent", b"traceparent"):
            text = (value or b"").decode("latin-1")
            return text if TRACEPARENT.fullmatch(text) else ""
    return ""


@contextlib.contextmanager
def request(scope: Any, route: Callable[[], str]) -> Iterator[None]:
    """Record an HTTP request as long as the block runs; `route()` names it at the end.

    The trace id it came with is continued; whether it is recorded is ours to say.
    """
    given = header(scope["headers"]) if is_on() else ""
    if not is_on() or not is_sampled(given):
        yield
        return
    span = start("request", given)
    token = current.set(text_of(span))
    try:
        yield
    finally:
        current.reset(token)
        span.update_name(route())
        span.end()


@contextlib.contextmanager
def calling(service: str, kind: str, parent: str | None) -> Iterator[str | None]:
    """Record a call that follows from what is recorded; give what its answer carries.

    Nothing of it is sent to the neighbour.
    """
    if parent is None or not is_on():
        yield parent
        return
    span = start(f"call {kind}", parent, service=service, kind=kind)
    try:
        yield text_of(span)
    finally:
        span.end()


def published(service: str, rows: Iterable[Any], started: float) -> None:
    """Record that the rows, begun at `started` (monotonic), were acknowledged just now."""
    if not is_on():
        return
    now, seconds = time.time_ns(), time.monotonic() - started
    for row in rows:
        if found := _IN_BODY.search(row["body"] or b""):
            parent, topic = found[1].decode(), row["topic"]
            began = now - int(seconds * 1e9)
            start(f"publish {topic}", parent, began, service=service, topic=topic).end(now)
