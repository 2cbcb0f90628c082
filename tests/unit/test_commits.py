"""What Kafka is told of offsets: the latest, one at a time, and nothing once the client ends."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition

from plumbing import positions
from plumbing.positions import Commits

HERE = TopicPartition("a.topic", 0)


class Client:
    """Takes offsets when it is let; knows whether it was asked after its end."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.let = asyncio.Event()
        self.asked = 0

    def assignment(self) -> set[TopicPartition]:
        return {HERE}

    async def commit(self, told: dict[TopicPartition, int]) -> None:
        self.asked += 1
        await self.let.wait()
        self.taken += told.values()


@pytest.fixture
async def client() -> Any:
    return Client()


async def test_given_one_under_way_then_of_those_after_it_the_latest_counts(client: Any):
    commits = Commits()
    for offset in (5, 6, 7):
        commits.tell(client, HERE, offset)
        await asyncio.sleep(0)
    client.let.set()

    await commits.end()

    assert client.taken == [5, 7]


async def test_given_one_under_way_then_the_end_waits_for_it_and_nothing_begins_after(client: Any):
    commits = Commits()
    commits.tell(client, HERE, 5)
    await asyncio.sleep(0)
    ending = asyncio.create_task(commits.end())
    await asyncio.sleep(0)
    commits.tell(client, HERE, 6)
    assert not ending.done()

    client.let.set()
    await ending
    commits.tell(client, HERE, 7)
    await asyncio.sleep(0)

    assert client.taken == [5]
    assert client.asked == 1


async def test_given_a_broker_that_does_not_answer_then_the_end_does_not_wait_for_ever(
    client: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(positions, "END_SECONDS", 0.01)
    commits = Commits()
    commits.tell(client, HERE, 5)
    await asyncio.sleep(0)

    await asyncio.wait_for(commits.end(), 5)

    assert client.taken == []
    assert not commits._under_way
