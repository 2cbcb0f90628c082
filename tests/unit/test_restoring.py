"""What a service has said is asked of Kafka, and a refusal is no answer."""

from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError

from plumbing import restoring
from plumbing.kafka_security import PLAINTEXT

_REFUSED, _NO_SUCH_TOPIC = 29, 3


def answered(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Let the broker answer with that code and no partitions."""

    async def describe(self: AIOKafkaAdminClient, topics: list[str]) -> list[dict[str, Any]]:
        return [{"error_code": code, "topic": topics[0], "partitions": []}]

    async def nothing(self: AIOKafkaAdminClient) -> None:
        """Stand for a connection."""

    monkeypatch.setattr(AIOKafkaAdminClient, "describe_topics", describe)
    for name in ("start", "close"):
        monkeypatch.setattr(AIOKafkaAdminClient, name, nothing)


async def test_given_a_topic_that_may_not_be_read_then_it_does_not_count_as_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered(monkeypatch, _REFUSED)

    with pytest.raises(TopicAuthorizationFailedError):
        await restoring._places("life", "127.0.0.1:1", "intake", PLAINTEXT)


async def test_given_a_topic_that_was_never_made_then_nothing_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered(monkeypatch, _NO_SUCH_TOPIC)

    assert await restoring._places("life", "127.0.0.1:1", "intake", PLAINTEXT) == []
