"""A real Prometheus scrapes a real stack: targets, rules, the dashboards' queries, an alert."""

import asyncio
import contextlib
import copy
import os
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from local_stack.samples import run_samples
from local_stack.stack import Stack
from tests.unit.promql_kit import ALERTS, filled, panels, program, rules

SERVICES = ("intake", "routing", "registry-sync", "notifier", "board", "audit")
#: What the samples move, whatever else happened before.
MUST_SHOW = {
    "Processes that answer",
    "Records settled",
    "Records published",
    "Calls to neighbours",
    "Duration of calls, 95 %",
    "Age of the oldest record that waits",
    "From the broker to the commit, 95 %",
    "Requests by route",
}


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus, asked over its API."""

    url: str

    async def get(self, path: str, **parameters: str) -> Any:
        """Return `data` of an answer of the API."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.url}/api/v1/{path}", params=parameters) as answer,
        ):
            document = await answer.json()
        assert document["status"] == "success", document
        return document["data"]

    async def query(self, expression: str) -> list[Any]:
        """Return the samples of an instant query."""
        return list((await self.get("query", query=expression))["result"])

    async def firing(self) -> set[tuple[str, str]]:
        """Return name and instance or service of every alert that fires."""
        return {
            (one["labels"]["alertname"], one["labels"].get("service", ""))
            for one in (await self.get("alerts"))["alerts"]
            if one["state"] == "firing"
        } | {
            (one["labels"]["alertname"], one["labels"].get("instance", ""))
            for one in (await self.get("alerts"))["alerts"]
            if one["state"] == "firing"
        }


def quick_rules(folder: Path) -> None:
    """Copy the rules, with moments instead of minutes before they fire."""
    for path in ALERTS:
        document = copy.deepcopy(yaml.safe_load(path.read_text("utf-8")))
        for group in document["groups"]:
            for rule in group["rules"]:
                rule["for"] = "2s"
        (folder / path.name).write_text(yaml.safe_dump(document), "utf-8")


@pytest.fixture(scope="module")
def prometheus(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    quick_rules(folder)
    urls = stack.status().urls
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / path.name) for path in ALERTS],
        "scrape_configs": [
            {
                "job_name": "hotich",
                "static_configs": [
                    {"targets": [urls[one].removeprefix("http://") for one in SERVICES]}
                ],
            }
        ],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration), "utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "log").open("wb") as said:
        process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={folder}/prometheus.yaml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=said,
            stderr=said,
            env={**os.environ, "GOMAXPROCS": "1"},
        )
    try:
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


async def until(holds: Callable[[], Awaitable[bool]], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            if await holds():
                return
        assert time.monotonic() < deadline, f"never happened: {what}"
        await asyncio.sleep(0.3)


async def test_every_process_is_scraped_and_every_rule_is_loaded(prometheus: Prometheus) -> None:
    async def all_up() -> bool:
        targets = (await prometheus.get("targets"))["activeTargets"]
        return [one["health"] for one in targets] == ["up"] * len(SERVICES)

    await until(all_up, "every target is up")

    groups = (await prometheus.get("rules"))["groups"]
    loaded = {rule["name"] for group in groups for rule in group["rules"]}
    assert loaded == {rule["alert"] for rule in rules()}
    assert not [rule for group in groups for rule in group["rules"] if rule.get("lastError")]


async def test_given_samples_then_the_dashboards_queries_have_values(
    stack: Stack, prometheus: Prometheus
) -> None:
    await run_samples(stack.status(), lambda tracks, events: None)
    asked = {
        panel["title"]: [filled(target["expr"]) for target in panel["targets"]]
        for _, panel in panels()
    }

    empty = set(MUST_SHOW)

    async def shown() -> bool:
        for title in sorted(empty):
            if await prometheus.query(asked[title][0]):
                empty.discard(title)
        return not empty

    await until(shown, "values for every panel the samples move")
    assert empty == set()
    for queries in asked.values():
        for query in queries:
            await prometheus.query(query)


async def test_given_a_service_that_stops_then_an_alert_fires_and_ends_when_it_is_back(
    stack: Stack, prometheus: Prometheus
) -> None:
    place = stack.status().urls["notifier"].removeprefix("http://")
    expected = {("ProcessAway", place), ("ServiceUnseen", "notifier")}

    await asyncio.to_thread(stack.stop_component, "notifier")
    try:
        await until(lambda: _fires(prometheus, expected), "the alerts of a stopped service")
    finally:
        await asyncio.to_thread(stack.start_component, "notifier")
        await asyncio.to_thread(stack.await_component, "notifier")

    async def quiet() -> bool:
        return not (await prometheus.firing()) & expected

    await until(quiet, "the alerts end")


async def _fires(prometheus: Prometheus, expected: set[tuple[str, str]]) -> bool:
    return expected <= await prometheus.firing()
