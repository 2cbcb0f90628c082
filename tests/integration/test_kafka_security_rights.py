"""On a secured Kafka everything that is granted works, and everything else is refused."""

from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import GroupAuthorizationFailedError
from confluent_kafka import TopicCollection
from confluent_kafka.admin import AclOperation, NewPartitions, NewTopic

from contracts.asyncapi import READS
from contracts.grants import grants
from contracts.topics import (
    ARCHIVED,
    CHECKPOINTS,
    LIFECYCLE,
    REPLIES_PREFIX,
    SUBMISSIONS,
    TOPICS,
    replies_to,
    topics_for,
)
from local_stack.rights import bindings
from tests.integration.secured_kit import (
    PORTALS,
    SecuredBroker,
    may_read,
    may_write,
    refusal,
)

SERVICES = tuple(READS)
TRIED = (*SERVICES, "audit", "topic-admin", "portal-national-portal", "portal-moj-direct")


def written_by(principal: str) -> set[str]:
    """Return what it writes, by the topics' own word."""
    if principal.startswith("portal-"):
        return {SUBMISSIONS.name}
    return {topic.name for topic in topics_for(PORTALS) if topic.writer == principal}


def read_by(principal: str) -> set[str]:
    """Return what it reads, by what the services read."""
    if principal.startswith("portal-"):
        return {replies_to(principal.removeprefix("portal-")).name}
    if principal == "audit":
        return {topic.name for topic in (*ARCHIVED, CHECKPOINTS)}
    if principal == "topic-admin":
        return set()
    return {topic.name for topic in (*READS[principal], LIFECYCLE[principal])}


@pytest.mark.parametrize("principal", TRIED)
def test_a_topic_takes_records_of_its_writer_alone(secured: SecuredBroker, principal: str):
    assert may_write(secured, principal) == written_by(principal)


@pytest.mark.parametrize("principal", TRIED)
def test_a_topic_is_read_by_its_readers_alone(secured: SecuredBroker, principal: str):
    assert may_read(secured, principal) == read_by(principal)


@pytest.mark.parametrize(
    ("principal", "group", "allowed"),
    [
        ("routing", "routing", True),
        ("routing", "notifier", False),
        ("portal-moj-direct", "portal-moj-direct", True),
        ("portal-moj-direct", "portal-moj-direct.second", True),
        ("portal-moj-direct", "portal-national-portal", False),
        ("portal-moj-direct", "portal-moj-direct-2", False),
    ],
)
async def test_a_group_is_joined_by_its_own_alone(
    secured: SecuredBroker, principal: str, group: str, allowed: bool
):
    topic = sorted(read_by(principal))[0]
    consumer = AIOKafkaConsumer(topic, **secured.client(principal), group_id=group)
    try:
        if allowed:
            await consumer.start()
        else:
            with pytest.raises(GroupAuthorizationFailedError):
                await consumer.start()
    finally:
        await consumer.stop()


@pytest.mark.parametrize("principal", TRIED)
def test_nobody_makes_changes_or_deletes_what_is_not_theirs_to(
    secured: SecuredBroker, principal: str
):
    from confluent_kafka.admin import AdminClient

    admin = AdminClient(secured.settings(principal))
    refused, event = "TOPIC_AUTHORIZATION_FAILED", LIFECYCLE["intake"].name
    makes = "allowed" if principal == "topic-admin" else refused
    fresh = NewTopic(f"{REPLIES_PREFIX}trial.v1", 1, 1)

    assert refusal(lambda: admin.create_topics([NewTopic("other", 1, 1)])) == refused
    assert refusal(lambda: admin.create_topics([fresh], validate_only=True)) == makes
    assert refusal(lambda: admin.create_partitions([NewPartitions(event, 7)])) == refused
    assert refusal(lambda: admin.delete_topics([event])) == refused
    acl = bindings(grants(())[0])
    assert refusal(lambda: admin.create_acls(acl)) == "CLUSTER_AUTHORIZATION_FAILED"


@pytest.mark.parametrize("principal", TRIED)
def test_the_broker_counts_the_same_rights_of_a_topic(secured: SecuredBroker, principal: str):
    from confluent_kafka.admin import AdminClient

    names = sorted({*written_by(principal), *read_by(principal)}) or [t.name for t in TOPICS]
    admin: Any = AdminClient(secured.settings(principal))
    asked = admin.describe_topics(TopicCollection(names), include_authorized_operations=True)
    granted = [one for one in grants(PORTALS) if one.principal == principal]
    for name, future in asked.items():
        ours = {
            operation
            for one in granted
            if one.resource == "topic" and name.startswith(one.name)
            for operation in one.operations
        }
        found = {AclOperation(one).name for one in future.result().authorized_operations}
        assert found == ours, name
