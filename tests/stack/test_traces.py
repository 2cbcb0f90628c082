"""A dossier's trace over all services, as a collector gets it from the real ones."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from uuid import uuid4

import aiohttp
import pytest

from contracts.envelope import decode
from local_stack.stack import Stack
from plumbing.logs import KNOWN_KEYS, is_personal
from tests.conftest import ROOT
from tests.flow.kit import good_samples, token, whole_log
from tests.stack.otlp_collector import Collector, Seen, collecting

PORTALS_TRACE, PORTALS_SPAN = uuid4().hex, uuid4().hex[:16]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as one:
        yield one


@pytest.fixture(scope="module")
def traced(collector: Collector) -> Iterator[Stack]:
    """A stack of its own whose services are told where to send traces."""
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setenv(name, value)
        patch.delenv("OFFICER_UNITS", raising=False)
        name = f"traces{os.environ.get('TEST_LANE', '')}-{os.getpid()}"
        own = Stack(ROOT, name=name, fresh=True)
        try:
            with own as started:
                yield started
        finally:
            own.clean()


async def _hand_in(stack: Stack) -> str:
    """Hand a dossier in over HTTP as a portal that has a trace of its own; return its id."""
    (sample,) = good_samples(1, "http")
    status = stack.status()
    headers = {
        "authorization": f"Bearer {await token(status, ROOT, sample.portal)}",
        "idempotency-key": str(uuid4()),
        "traceparent": f"00-{PORTALS_TRACE}-{PORTALS_SPAN}-00",
    }
    url = f"{status.urls['intake']}/v1/submissions"
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(url, json=sample.submission) as answer,
    ):
        assert answer.status == 201, await answer.text()
        return str((await answer.json())["dossier_id"])


async def _until_whole(collector: Collector, *wanted: tuple[str, str]) -> list[Seen]:
    """Return the spans of the trace once the wanted ones are there and no parent is missing."""
    give_up = time.monotonic() + 90
    while True:
        found = collector.of(PORTALS_TRACE)
        known = {one.span for one in found} | {PORTALS_SPAN}
        seen = {(one.service, one.name) for one in found}
        if seen >= set(wanted) and {one.parent for one in found} <= known:
            return found
        assert time.monotonic() < give_up, sorted(seen)
        await asyncio.sleep(0.2)


def _services_on_the_way(last: Seen, spans: dict[str, Seen]) -> list[str]:
    """Return the services from the first span to the last, each once where they follow."""
    way: list[str] = []
    one: Seen | None = last
    while one is not None:
        if not way or way[0] != one.service:
            way.insert(0, one.service)
        one = spans.get(one.parent)
    return way


async def test_a_dossiers_trace_goes_through_all_services_with_its_parents_right(
    traced: Stack, collector: Collector
) -> None:
    dossier_id = await _hand_in(traced)
    told, called = ("notifier", "decide Registered"), ("notifier", "call portal")
    found = await _until_whole(collector, told, called)

    spans = {one.span: one for one in found}
    (first,) = (one for one in found if one.parent == PORTALS_SPAN)
    assert (first.service, first.name) == ("intake", "POST /v1/submissions")
    assert [
        _services_on_the_way(one, spans) for one in found if (one.service, one.name) == told
    ] == [["intake", "routing", "registry-sync", "notifier"]]
    pushed = next(one for one in found if one.name == "call push")
    assert spans[pushed.parent].service == "registry-sync"
    assert any(one.name.startswith("publish dossier.") for one in found)
    assert {one.attributes.get("dossier_id", dossier_id) for one in found} == {dossier_id}


async def test_a_batch_links_to_the_decisions_in_it(traced: Stack, collector: Collector) -> None:
    decided = {o.span for o in collector.of(PORTALS_TRACE) if o.name.startswith("decide ")}

    settled = [one for one in list(collector.spans) if one.name.startswith("settle ")]

    assert decided & {link for one in settled for link in one.links}
    assert all(one.parent == "" for one in settled)


async def test_events_carry_the_trace_and_spans_carry_nothing_personal(
    traced: Stack, collector: Collector
) -> None:
    events = [
        event
        for records in (await whole_log(traced.status())).values()
        for record in records
        if PORTALS_TRACE in str((event := decode(record.value)).traceparent)
    ]

    assert {event.service for event in events} >= {"intake", "routing", "registry-sync"}
    for one in list(collector.spans):
        assert set(one.attributes) <= KNOWN_KEYS
        assert not is_personal(json.dumps(one.attributes))
