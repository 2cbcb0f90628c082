"""What a process shows of itself: requests by route, the event loop, connections, lags."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from plumbing import observing
from plumbing.lagging import Lag
from plumbing.listening import http_server, listen
from plumbing.serving import Health, make_app
from tests.unit.pages_kit import listening, serving, visiting


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def an_app(title: str) -> FastAPI:
    app, inner = make_app(title, Health()), FastAPI()

    @app.get("/things/{name}")
    async def thing(name: str) -> Any:
        if name == "broken":
            raise KeyError(name)
        return name

    app.mount("/mounted", inner)
    return app


@pytest.mark.parametrize(
    ("path", "route", "outcome"),
    [
        ("/things/secret-001234567890", "GET /things/{name}", "2xx"),
        ("/things/broken", "GET /things/{name}", "5xx"),
        ("/nothing/001234567890", "other", "4xx"),
        ("/mounted/anything", "static", "4xx"),
    ],
)
async def test_a_request_is_counted_by_its_route_never_by_its_path(
    path: str, route: str, outcome: str
) -> None:
    service = f"demo{abs(hash(path))}"
    with listening() as (listener, url):
        async with serving(an_app(service), listener), visiting(url) as visitor:
            await visitor.get(path)

    counted = shown("dossiers_http_requests_total", service=service, route=route, outcome=outcome)
    assert counted == 1
    assert shown("dossiers_http_seconds_count", service=service, route=route) == 1


async def test_probes_and_scrapes_are_not_counted() -> None:
    with listening() as (listener, url):
        async with serving(an_app("probed"), listener), visiting(url) as visitor:
            for path in ("/health/live", "/health/ready", "/metrics"):
                await visitor.get(path)

    text = "".join(
        f"{sample.labels}"
        for family in REGISTRY.collect()
        if family.name.startswith("dossiers_http")
        for sample in family.samples
    )
    assert "probed" not in text


async def test_the_release_and_the_lateness_of_the_loop_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(observing, "LOOP_SECONDS", 0.0)

    async with observing.watched_loop(SimpleNamespace(title="looped")):
        while not shown("dossiers_loop_lag_seconds_count", service="looped"):
            await asyncio.sleep(0)

    assert shown("dossiers_build_info", service="looped", version=observing.release()) == 1


def test_a_topic_whose_partitions_went_to_others_is_shown_as_zero() -> None:
    both = [Lag("one", 3, 5, 7.0), Lag("two", 3, 1, 2.0)]

    known = observing.show_lags("lagging", both, set())
    observing.show_lags("lagging", both[:1], known)

    assert [shown("dossiers_lag_records", service="lagging", topic=t) for t in ("one", "two")] == [
        5,
        0,
    ]
    assert shown("dossiers_lag_oldest_seconds", service="lagging", topic="two") == 0
    assert shown("dossiers_assigned_partitions", service="lagging", topic="two") == 0


def test_connections_are_shown_as_used_and_idle() -> None:
    pool: Any = SimpleNamespace(get_size=lambda: 6, get_idle_size=lambda: 2, get_max_size=lambda: 8)

    observing.show_pool("pooled", pool)

    assert shown("dossiers_database_connections", service="pooled", state="used") == 4
    assert shown("dossiers_database_connections", service="pooled", state="idle") == 2
    assert shown("dossiers_database_connections_most", service="pooled") == 8


async def test_a_server_that_listens_shows_its_release() -> None:
    server = http_server(make_app("listened", Health()), "127.0.0.1", 0)
    serving_it = asyncio.create_task(listen(server))
    while not server.started:
        await asyncio.sleep(0.01)
    server.should_exit = True
    await serving_it

    assert shown("dossiers_build_info", service="listened", version=observing.release()) == 1
