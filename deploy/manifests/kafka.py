"""Topics and users for Strimzi, from the contracts: nobody may do what no grant says."""

from collections.abc import Iterable
from typing import Any

from contracts.grants import TOPIC_ADMIN, Grant, grants, principals
from contracts.topics import TOPICS, Topic, replies_to
from deploy.manifests import plan

Object = dict[str, Any]

API = "kafka.strimzi.io/v1"
_OPERATIONS = {
    "ALTER_CONFIGS": "AlterConfigs",
    "CREATE": "Create",
    "DESCRIBE": "Describe",
    "DESCRIBE_CONFIGS": "DescribeConfigs",
    "READ": "Read",
    "WRITE": "Write",
}


def topics() -> list[Object]:
    """Return the topics every installation has."""
    return [_topic(topic) for topic in TOPICS]


def users() -> list[Object]:
    """Return the services' users, who show a certificate.

    `topic-admin` is none of them: the topics are made by Strimzi's own operator.
    """
    return [_user(name, grants(()), "tls") for name in principals(()) if name != TOPIC_ADMIN]


def of_portal(portal: str) -> list[Object]:
    """Return a portal's topic of replies, and its user, who has a password."""
    allowed, user = grants((portal,)), principals((portal,))[-1]
    return [_topic(replies_to(portal)), _user(user, allowed, "scram-sha-512")]


def _topic(topic: Topic) -> Object:
    return {
        "apiVersion": API,
        "kind": "KafkaTopic",
        "metadata": {"name": topic.name, "labels": {"strimzi.io/cluster": plan.KAFKA}},
        "spec": {"partitions": topic.partitions, "config": dict(topic.config)},
    }


def _user(name: str, allowed: Iterable[Grant], kind: str) -> Object:
    rules = [
        {
            "resource": {
                "type": grant.resource,
                "name": grant.name,
                "patternType": "prefix" if grant.pattern == "prefixed" else "literal",
            },
            "operations": [_OPERATIONS[one] for one in grant.operations],
        }
        for grant in allowed
        if grant.principal == name
    ]
    return {
        "apiVersion": API,
        "kind": "KafkaUser",
        "metadata": {"name": name, "labels": {"strimzi.io/cluster": plan.KAFKA}},
        "spec": {
            "authentication": {"type": kind},
            "authorization": {"type": "simple", "acls": rules},
        },
    }
