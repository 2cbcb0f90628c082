"""The topics: who writes each one, how it is keyed, how long it is kept."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

PARTITIONS = 6
DAY_MS = 24 * 60 * 60 * 1000

#: The broker counts a whole batch against this, so it is far above the size of one record.
_LARGEST_BATCH = str(1024 * 1024)

_FOR_EVER = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": _LARGEST_BATCH,
}
_FOR_DAYS = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * DAY_MS),
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": _LARGEST_BATCH,
}
_LATEST_ONLY = {
    "cleanup.policy": "compact",
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": _LARGEST_BATCH,
}


@dataclass(frozen=True)
class Topic:
    """A topic, its only writer (a service name, or `portals`) and its broker settings.

    `key` is what orders its records: `dossier_id`, `portal_reference`, `service` or
    `topic_partition`, as in `dossier.intake.v1/3`.
    """

    name: str
    writer: str
    key: str
    purpose: str
    config: dict[str, str] = field(hash=False)
    partitions: int = PARTITIONS


SUBMISSIONS = Topic(
    "portal.submissions.v1", "portals", "portal_reference", "What portals send", _FOR_DAYS
)
#: The topic of every portal's replies, of which each has one of its own: see `replies_to`.
REPLIES = Topic(
    "portal.replies.{portal}.v1",
    "intake",
    "portal_reference",
    "Receipt or refusal, to one portal",
    _FOR_DAYS,
    partitions=1,
)
#: What the names of these topics begin with, and no other's.
REPLIES_PREFIX = "portal.replies."
PARTICULARS = Topic(
    "dossier.particulars.v1",
    "intake",
    "dossier_id",
    "The latest personal data of a dossier, encrypted; a tombstone erases it",
    _LATEST_ONLY,
)

#: The lifecycle topic of each producing service; written by that service alone.
LIFECYCLE: dict[str, Topic] = {
    "intake": Topic(
        "dossier.intake.v1", "intake", "dossier_id", "What portals submitted", _FOR_EVER
    ),
    "routing": Topic(
        "dossier.routing.v1", "routing", "dossier_id", "What the one-stop decided", _FOR_EVER
    ),
    "registry-sync": Topic(
        "dossier.registry.v1",
        "registry-sync",
        "dossier_id",
        "What the register answered",
        _FOR_EVER,
    ),
    "notifier": Topic(
        "dossier.notification.v1", "notifier", "dossier_id", "Who was told what", _FOR_EVER
    ),
}


def _access(service: str, name: str) -> Topic:
    purpose = "Who read or opened personal data: sealed blocks, nothing personal"
    return Topic(name, service, "service", purpose, _FOR_EVER, partitions=1)


#: The sealed blocks of each service's access log; written by that service alone.
ACCESS: dict[str, Topic] = {
    "intake": _access("intake", "access.intake.v1"),
    "routing": _access("routing", "access.routing.v1"),
    "registry-sync": _access("registry-sync", "access.registry.v1"),
    "notifier": _access("notifier", "access.notification.v1"),
}

CHECKPOINTS = Topic(
    "audit.checkpoints.v1",
    "audit",
    "topic_partition",
    "Signed heads of the Merkle trees over the log",
    _FOR_EVER,
    partitions=1,
)

#: What the archive keeps: every record of these.
ARCHIVED: tuple[Topic, ...] = (*LIFECYCLE.values(), *ACCESS.values())

#: The topics every installation has; each portal on the bus has that of its replies besides.
TOPICS: tuple[Topic, ...] = (SUBMISSIONS, PARTICULARS, *ARCHIVED, CHECKPOINTS)
#: Every kind of topic there is, the replies to portals as one.
CHANNELS: tuple[Topic, ...] = (SUBMISSIONS, REPLIES, PARTICULARS, *ARCHIVED, CHECKPOINTS)

#: Lifecycle topic name -> the service that alone may write it.
WRITER_OF: dict[str, str] = {topic.name: service for service, topic in LIFECYCLE.items()}

_PORTAL = re.compile(r"[a-z0-9-]{1,40}")


def replies_to(portal: str) -> Topic:
    """Return the topic of the replies to a portal, which no other portal may read.

    Raises ValueError for what is no portal's id.
    """
    if not _PORTAL.fullmatch(portal):
        raise ValueError(f"{portal!r} is no portal's id: a-z, 0-9 and -, at most 40")
    return replace(REPLIES, name=REPLIES.name.format(portal=portal))


def topics_for(portals: Iterable[str]) -> tuple[Topic, ...]:
    """Return every topic of an installation whose bus has these portals; raises ValueError."""
    return (*TOPICS, *(replies_to(portal) for portal in portals))
