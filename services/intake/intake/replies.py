"""The topics replies go to: one for each portal on the bus, looked for at the start."""

import asyncio
from collections.abc import Collection

import structlog

from contracts.topics import replies_to
from plumbing.kafka_clients import known_topics
from plumbing.settings import CommonSettings
from plumbing.waiting import patiently

log = structlog.get_logger()


class PortalWithoutTopic(Exception):
    """A portal may hand in on the bus and could not be answered there."""


async def watch_topics(settings: CommonSettings, portals: Collection[str]) -> None:
    """Look once Kafka is there, then go on for ever; raises PortalWithoutTopic."""
    known: set[str] = set()

    async def look() -> None:
        known.update(
            await known_topics(settings.kafka_bootstrap_servers, "intake", settings.kafka_security)
        )

    await patiently("kafka", look)
    missing = [portal for portal in portals if replies_to(portal).name not in known]
    for portal in missing:
        log.critical("portal_has_no_topic", portal=portal, topic=replies_to(portal).name)
    if missing:
        raise PortalWithoutTopic
    await asyncio.Event().wait()
