"""On a secured Kafka everything that is granted works, and everything else is refused."""

from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import GroupAuthorizationFailedError
from confluent_kafka import KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AclOperation,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

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
from tests.integration.audit_kit import until
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
def test_nobody_removes_records_changes_users_or_opens_a_transaction(
    secured: SecuredBroker, principal: str
):
    admin: Any = AdminClient(secured.settings(principal))
    refused, event = "TOPIC_AUTHORIZATION_FAILED", LIFECYCLE["intake"].name
    shorter = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
    kept = ConfigResource(ResourceType.TOPIC, event, incremental_configs=[shorter])
    word = UserScramCredentialUpsertion(
        principal, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), b"another"
    )

    # The library finds no partition of a topic that is not even told of.
    removed = refusal(lambda: admin.delete_records([TopicPartition(event, 0, -1)]))
    assert removed in {refused, "_NOENT"}
    changed = "allowed" if principal == "topic-admin" else refused
    assert refusal(lambda: admin.incremental_alter_configs([kept], validate_only=True)) == changed
    passwords = refusal(lambda: admin.alter_user_scram_credentials([word]))
    assert passwords == "CLUSTER_AUTHORIZATION_FAILED"
    producer = Producer({**secured.settings(principal), "transactional.id": "any"})
    with pytest.raises(KafkaException, match="TRANSACTIONAL_ID_AUTHORIZATION_FAILED"):
        producer.init_transactions(10)


async def test_the_broker_says_who_was_refused_what(secured: SecuredBroker):
    before = len(secured.log.read_text(encoding="utf-8"))
    topic = replies_to("moj-direct").name
    who = "Principal = User:portal-moj-direct is Denied operation = WRITE "

    def said() -> bool:
        lines = secured.log.read_text(encoding="utf-8")[before:].splitlines()
        return any(who in line and f"Topic:LITERAL:{topic} " in line for line in lines)

    assert may_write(secured, "portal-moj-direct") == {SUBMISSIONS.name}
    await until(said, "the refusal is in the broker's log")


@pytest.mark.parametrize("principal", TRIED)
def test_the_broker_counts_the_same_rights_of_a_topic(secured: SecuredBroker, principal: str):
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
