"""A Kafka client whose inner task has ended consumes no more: the process has to stop."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from plumbing import consuming
from plumbing.consuming import Consumer
from plumbing.positions import ClientEnded, runs, unbroken


async def forever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise KeyError("topic")


def a_client(fetching: Any, coordinating: Any) -> Any:
    return SimpleNamespace(
        _fetcher=SimpleNamespace(_fetch_task=fetching),
        _coordinator=SimpleNamespace(_coordination_task=coordinating),
    )


@pytest.fixture
async def running() -> Any:
    task = asyncio.create_task(forever())
    yield task
    task.cancel()


async def test_a_client_that_runs_has_not_ended(running: Any):
    client = a_client(running, running)

    assert runs(client)
    assert unbroken(client) is client
    assert unbroken(None) is None


@pytest.mark.parametrize("which", ["fetching", "coordinating"])
async def test_a_consumer_whose_client_broke_fails_and_says_why(
    monkeypatch: pytest.MonkeyPatch, running: Any, which: str
):
    monkeypatch.setattr(consuming, "WATCH_SECONDS", 0.01)
    settler: Any = SimpleNamespace(service="routing", group="routing", inlets={"a.topic": None})
    consumer = Consumer(settler, "127.0.0.1:1", "0", set())
    task = asyncio.create_task(broken())
    await asyncio.wait([task])
    tasks = {"fetching": running, "coordinating": running} | {which: task}
    monkeypatch.setattr(consumer._subscriber, "consumer", a_client(**tasks), raising=False)

    with pytest.raises(ClientEnded) as died:
        await asyncio.wait_for(consumer.watch(), 5)

    assert isinstance(died.value.__cause__, KeyError)
    assert not consumer.alive()
