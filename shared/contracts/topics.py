"""The topics: who writes each one, how it is keyed, how long it is kept."""

from dataclasses import dataclass, field

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
REPLIES = Topic("portal.replies.v1", "intake", "portal_reference", "Receipt or refusal", _FOR_DAYS)
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

TOPICS: tuple[Topic, ...] = (SUBMISSIONS, REPLIES, PARTICULARS, *ARCHIVED, CHECKPOINTS)

#: Lifecycle topic name -> the service that alone may write it.
WRITER_OF: dict[str, str] = {topic.name: service for service, topic in LIFECYCLE.items()}
