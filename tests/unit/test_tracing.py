"""Traces: nothing when off; parents, sampling and what is carried when on."""

import asyncio
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.envelope import GENESIS, Cause
from plumbing import carrying, tracing

DOSSIER = UUID(int=7)
TRACE, SPAN = "ab" * 16, "cd" * 8
GIVEN = f"00-{TRACE}-{SPAN}-00"


@dataclass(frozen=True)
class Item:
    """What `apply` is given, as far as traces look at it."""

    dossier_id: UUID
    message: object
    cause: Cause


def an_item(traceparent: str | None) -> Item:
    return Item(DOSSIER, "a message", Cause("cause", GENESIS, traceparent))


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> "Finished":
    """Record into a list instead of sending."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    return Finished(exporter)


class Finished(list[Any]):
    """The spans that ended, read anew each time."""

    def __init__(self, exporter: Any) -> None:
        super().__init__()
        self._exporter = exporter

    def named(self, name: str) -> Any:
        """Return the one span of that name."""
        (one,) = (s for s in self._exporter.get_finished_spans() if s.name == name)
        return one

    def names(self) -> list[str]:
        """Return the names in the order in which they ended."""
        return [span.name for span in self._exporter.get_finished_spans()]


def decided(item: Item) -> str | None:
    """Return what the item carries into its rule."""
    seen: list[Any] = []
    decide = carrying.deciding("routing", lambda _, __, given, ___: seen.append(given), {})
    decide(None, None, item, None)
    return str(seen[0].cause.traceparent) if seen[0].cause.traceparent else None


def test_given_no_endpoint_then_nothing_that_records_or_sends_is_imported() -> None:
    code = (
        "import sys; from plumbing import carrying, observing, tracing, running;"
        "tracing.begin('intake'); assert not tracing.is_on();"
        "f = lambda: 1; assert carrying.deciding('intake', f, {}) is f;"
        # The web framework brings the API, which does nothing by itself.
        "print([m for m in sys.modules if m.startswith(('opentelemetry.sdk',"
        " 'opentelemetry.exporter', 'opentelemetry.proto', 'google.protobuf'))])"
    )

    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}

    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean
    )

    assert ran.stdout.strip() == "[]"


def test_given_no_traces_then_items_calls_and_headers_pass_as_they_are() -> None:
    item = an_item(GIVEN)

    assert decided(item) == GIVEN
    with tracing.calling("notifier", "sms", GIVEN) as carried:
        assert carried == GIVEN


def test_a_decision_is_a_child_of_what_it_follows_from_and_is_carried_on(spans: Finished) -> None:
    carried = decided(an_item(GIVEN))

    span = spans.named("decide str")
    assert f"{span.parent.trace_id:032x}-{span.parent.span_id:016x}" == f"{TRACE}-{SPAN}"
    assert carried == tracing.text_of(span)
    assert dict(span.attributes) == {"service": "routing", "dossier_id": str(DOSSIER)}


def test_given_nothing_sampled_upstream_then_a_decision_is_not_recorded(spans: Finished) -> None:
    assert decided(an_item(None)) is None
    assert spans.names() == []


def test_an_answer_goes_on_from_its_call(spans: Finished) -> None:
    with tracing.calling("registry-sync", "push", GIVEN) as carried:
        pass

    answered = carrying.carried_by(an_item(None), carried)

    assert answered.cause.traceparent == tracing.text_of(spans.named("call push"))
    assert carrying.carried_by(None, carried) is None


def test_a_batch_links_to_its_decisions_and_is_silent_without_any(spans: Finished) -> None:
    with carrying.batch("dossier.intake.v1", 2):
        decided(an_item(None))
    assert spans.names() == []

    with carrying.batch("dossier.intake.v1", 2):
        decided(an_item(GIVEN))

    (link,) = spans.named("settle dossier.intake.v1").links
    assert link.context.span_id == spans.named("decide str").context.span_id


def test_a_record_of_the_bus_begins_its_dossiers_trace_with_its_header(spans: Finished) -> None:
    with carrying.came_with({DOSSIER: [("traceparent", GIVEN.encode())], None: []}):
        decided(an_item(None))
    with carrying.came_with({DOSSIER: [("traceparent", b"00-zz")]}):
        decided(an_item(None))

    first, second = spans._exporter.get_finished_spans()
    assert (f"{first.context.trace_id:032x}", second.parent) == (TRACE, None)


def test_a_request_is_named_by_its_route_and_what_it_decides_is_its_child(spans: Finished) -> None:
    scope = {"headers": [(b"traceparent", GIVEN.encode())]}

    with tracing.request(scope, lambda: "POST /v1/submissions"):
        decided(an_item(None))

    request, rule = spans.named("POST /v1/submissions"), spans.named("decide str")
    assert f"{request.parent.span_id:016x}" == SPAN
    assert rule.parent.span_id == request.context.span_id


def test_whether_a_trace_is_recorded_is_ours_to_say_and_the_same_each_time(
    spans: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "_ratio", 0.01)
    ids = [f"00-{uuid4().hex}-{SPAN}-01" for _ in range(4000)]

    taken = [one for one in ids if tracing.is_sampled(one)]

    assert taken == [one for one in ids if tracing.is_sampled(one)]
    assert 5 < len(taken) < 120
    monkeypatch.setattr(tracing, "_ratio", 0.0)
    with tracing.request({"headers": [(b"traceparent", ids[0].encode())]}, lambda: "x"):
        assert tracing.current.get() is None


def test_what_is_published_ends_when_it_is_acknowledged(spans: Finished) -> None:
    rows = [
        {"body": f'{{"traceparent":"{GIVEN}","data":{{}}}}'.encode(), "topic": "dossier.intake.v1"},
        {"body": b'{"data":{}}', "topic": "dossier.intake.v1"},
        {"body": None, "topic": "dossier.particulars.v1"},
    ]

    tracing.published("intake", rows, 0.0)

    assert spans.names() == ["publish dossier.intake.v1"]


def test_attributes_are_those_of_a_log_line_and_nothing_personal() -> None:
    told = {"dossier_id": str(uuid4()), "name": "Nguyễn", "kind": "0912345678", "count": 3}

    assert tracing.safe(told) == {"dossier_id": told["dossier_id"], "count": 3}


async def test_what_carries_no_trace_goes_on_in_the_last_one_of_its_dossier(
    spans: Finished,
) -> None:
    class Known:
        async def fetch(self, _: str, ids: list[UUID]) -> list[dict[str, Any]]:
            return [{"dossier_id": one, "traceparent": GIVEN} for one in ids if one == DOSSIER]

    known: Any = Known()
    bare, other, own = an_item(None), replace(an_item(None), dossier_id=UUID(int=8)), an_item(GIVEN)

    found = await carrying.carried_on(known, [bare, other, own])

    assert [one.cause.traceparent for one in found] == [GIVEN, None, GIVEN]


async def test_given_a_collector_that_is_away_then_the_end_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go, asked = threading.Event(), threading.Event()

    def flush(*_: object) -> None:
        asked.set()
        let_go.wait(60)

    processor = SimpleNamespace(force_flush=flush)
    monkeypatch.setattr(tracing, "_tracer", SimpleNamespace(span_processor=processor))
    monkeypatch.setattr(tracing, "FLUSH_SECONDS", 0.05)
    try:
        async with asyncio.timeout(20):
            await tracing.end()
        assert asked.is_set()
        assert not tracing.is_on()
    finally:
        let_go.set()
