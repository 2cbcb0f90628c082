"""An intake that could not answer a portal on the bus says so at its start, and ends."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from contracts.topics import replies_to
from intake.replies import PortalWithoutTopic, watch_topics
from plumbing.kafka_security import PLAINTEXT
from tests.integration.secured_kit import SecuredBroker


def told(servers: str, security: Any = PLAINTEXT) -> Any:
    return SimpleNamespace(kafka_bootstrap_servers=servers, kafka_security=security)


async def test_a_portal_without_a_topic_is_named_and_ends_the_start(secured: SecuredBroker):
    settings = told(secured.servers, secured.security("intake"))

    with capture_logs() as said, pytest.raises(PortalWithoutTopic):
        await watch_topics(settings, ["moj-direct", "portal-of-nobody"])
    assert [(line["event"], line["portal"], line["topic"]) for line in said] == [
        ("portal_has_no_topic", "portal-of-nobody", replies_to("portal-of-nobody").name)
    ]


async def test_with_a_topic_for_every_portal_it_goes_on(secured: SecuredBroker):
    settings = told(secured.servers, secured.security("intake"))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await watch_topics(settings, ["moj-direct", "national-portal"])


async def test_while_kafka_is_away_it_waits():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await watch_topics(told("127.0.0.1:1"), ["portal-of-nobody"])
