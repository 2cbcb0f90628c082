"""Three brokers: a leader is killed under load and the promise holds."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack.stack import Stack
from tests.flow.kit import following, good_samples, told_by

ROOT = Path(__file__).parents[2]


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setenv("BROKERS", "3")
    monkeypatch.setenv("REPLICAS", "routing:2,registry-sync:2")
    with Stack(ROOT, name="test-three", fresh=True) as started:
        yield started


@pytest.mark.timeout(240)
async def test_a_broker_killed_in_the_middle_loses_and_doubles_nothing(three: Stack):
    status = three.status()
    brokers = [name for name in status.components if name.startswith("kafka-")]
    assert len(brokers) == 3

    async with following(status, told_by("sms", good_samples(100))[:20]) as journey:
        sending = asyncio.create_task(journey.send())
        await asyncio.sleep(0.5)
        os.kill(three.status().pids["kafka-2"], signal.SIGKILL)
        await sending
        await journey.arrive()

        assert journey.breaches() == []
