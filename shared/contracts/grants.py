"""Who may do what on Kafka: everything else is refused. Derived from the topics.

A principal is the name in a client's certificate, or its user name: the service's own name,
`topic-admin`, which makes the topics, or `portal-<id>`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from contracts.asyncapi import READS
from contracts.topics import (
    ARCHIVED,
    CHECKPOINTS,
    LIFECYCLE,
    REPLIES,
    REPLIES_PREFIX,
    SUBMISSIONS,
    TOPICS,
    Topic,
    replies_to,
)

Resource = Literal["topic", "group"]
Pattern = Literal["literal", "prefixed"]
Operation = Literal["ALTER_CONFIGS", "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS", "READ", "WRITE"]

AUDIT = "audit"
TOPIC_ADMIN = "topic-admin"

_READ: tuple[Operation, ...] = ("DESCRIBE", "READ")
_WRITE: tuple[Operation, ...] = ("DESCRIBE", "WRITE")
_MAKE: tuple[Operation, ...] = ("ALTER_CONFIGS", "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS")


@dataclass(frozen=True)
class Grant:
    """What a principal may do to the topic or group of that name, or whose names begin so."""

    principal: str
    resource: Resource
    name: str
    pattern: Pattern
    operations: tuple[Operation, ...]


def principal_of(portal: str) -> str:
    """Return as whom a portal comes to the bus; no service has such a name."""
    return f"portal-{portal}"


def principals(portals: Iterable[str]) -> tuple[str, ...]:
    """Return all principals: the services, who makes the topics, and these portals."""
    return (*READS, AUDIT, TOPIC_ADMIN, *map(principal_of, portals))


def grants(portals: Iterable[str]) -> tuple[Grant, ...]:
    """Return everything that is allowed where these portals are on the bus.

    A producer that is idempotent needs no more than WRITE; nobody has a transaction. Nobody may
    delete, nor change partitions, rights or users. Raises ValueError for what is no portal's id.
    """
    made = [grant for service in READS for grant in _of_service(service)]
    made += _of_audit()
    made += [_on(TOPIC_ADMIN, topic.name, _MAKE) for topic in TOPICS]
    made.append(Grant(TOPIC_ADMIN, "topic", REPLIES_PREFIX, "prefixed", _MAKE))
    return (*made, *(grant for portal in portals for grant in _of_portal(portal)))


def _on(principal: str, name: str, operations: tuple[Operation, ...]) -> Grant:
    return Grant(principal, "topic", name, "literal", operations)


def _of_service(service: str) -> list[Grant]:
    made = [_on(service, topic.name, _WRITE) for topic in TOPICS if topic.writer == service]
    if REPLIES.writer == service:
        made.append(Grant(service, "topic", REPLIES_PREFIX, "prefixed", _WRITE))
    made += [_on(service, topic.name, _READ) for topic in READS[service]]
    # A start on a database that came back looks whether the service has said more than it knows.
    made.append(_on(service, LIFECYCLE[service].name, _READ))
    return [*made, Grant(service, "group", service, "literal", ("READ",))]


def _of_audit() -> list[Grant]:
    read: tuple[Topic, ...] = (*ARCHIVED, CHECKPOINTS)
    made = [_on(AUDIT, topic.name, _READ) for topic in read]
    # Its library asks where a group is that it never joins: that alone it may know.
    group = Grant(AUDIT, "group", AUDIT, "literal", ("DESCRIBE",))
    return [*made, _on(AUDIT, CHECKPOINTS.name, ("WRITE",)), group]


def _of_portal(portal: str) -> list[Grant]:
    principal = principal_of(portal)
    return [
        _on(principal, SUBMISSIONS.name, _WRITE),
        _on(principal, replies_to(portal).name, _READ),
        # With the dot: what begins with a portal's name alone may be another portal's.
        Grant(principal, "group", principal, "literal", ("READ",)),
        Grant(principal, "group", f"{principal}.", "prefixed", ("READ",)),
    ]
