"""What can be done to the system: every kind of fault, whom it may hit, how long it lasts."""

from dataclasses import dataclass

from contracts.asyncapi import READS
from contracts.topics import ACCESS, CHECKPOINTS, TOPICS, replies_to, topics_for
from local_stack.credentials import NATIONAL, portals

SERVICES = ("intake", "routing", "registry-sync", "notifier")
#: As the stack names them with REPLICAS=routing:2,registry-sync:2.
PROCESSES = ("intake", "routing", "routing-1", "registry-sync", "registry-sync-1", "notifier")
#: Archives the log beside them; it has no database, makes no calls and is in no group.
AUDIT = "audit"
DATABASES = tuple(f"database-{service}" for service in SERVICES)
OUTSIDE = ("register", "sms", "mail", "portals", "tokens", "intake")
GATEWAYS = ("register.push", "register.results", "sms", "mail", "callbacks")
READ_TOPICS = tuple(topic.name for topic in TOPICS if any(topic in read for read in READS.values()))
#: Topics the load fills: on the others there may be nothing yet that could come again.
FILLED_TOPICS = tuple(
    topic.name
    for topic in (*TOPICS, replies_to(NATIONAL))
    if topic not in (*ACCESS.values(), CHECKPOINTS)
)
#: Every topic of the stack.
ALL_TOPICS = topics_for(portals())

_CALLING = ("after_call", "before_call")
_SETTLING = ("after_db_commit", "before_db_commit", "after_publish")
#: Where a process of each service can be told to kill itself; two of them make calls.
POINTS = {
    "intake": _SETTLING,
    "routing": _SETTLING,
    "registry-sync": (*_SETTLING, *_CALLING),
    "notifier": (*_SETTLING, *_CALLING),
}
#: The rules of the intake refuse what was submitted an hour from now, so its clock only goes on.
SKEWS = {"intake": (3600,)}


@dataclass(frozen=True)
class Kind:
    """A kind of fault; `weight` is how often it comes, `seconds` the least and most it lasts."""

    name: str
    weight: float
    targets: tuple[str, ...]
    seconds: tuple[float, float] = (0.0, 0.0)


def kinds(brokers: int) -> tuple[Kind, ...]:
    """Return every kind there is with so many brokers, in a fixed order."""
    nodes = tuple(f"kafka-{number}" for number in range(1, brokers + 1))
    ways = (*nodes, *DATABASES, *OUTSIDE)
    found = [
        Kind("kill_service", 34, (*PROCESSES, AUDIT)),
        Kind("kill_at_point", 28, PROCESSES, (10, 20)),
        Kind("term_service", 4, (*PROCESSES, AUDIT)),
        Kind("restart_storm", 2, PROCESSES, (10, 10)),
        Kind("pause_service", 5, (*PROCESSES, AUDIT), (3, 15)),
        Kind("kill_broker", 3, nodes),
        Kind("term_broker", 2, nodes),
        Kind("database_immediate_stop", 3, ("postgres",)),
        Kind("kill_backends", 5, DATABASES),
        Kind("cut", 6, ways, (2, 12)),
        Kind("blackhole", 5, ways, (3, 15)),
        Kind("delay", 4, ways, (5, 12)),
        Kind("drop_replies", 5, ways, (2, 6)),
        Kind("reset", 4, ways),
        Kind("throttle", 2, ways, (4, 10)),
        Kind("gateway_errors", 3, GATEWAYS, (5, 15)),
        Kind("gateway_lost_answers", 4, GATEWAYS, (5, 15)),
        Kind("gateway_delays", 3, GATEWAYS, (5, 15)),
        Kind("gateway_hang_ups", 2, GATEWAYS, (5, 15)),
        Kind("kill_sandbox", 2, ("sandbox",)),
        Kind("clock_skew", 3, PROCESSES, (5, 20)),
        Kind("duplicate_records", 4, FILLED_TOPICS),
        Kind("shuffled_records", 2, READ_TOPICS),
        Kind("poison_records", 3, READ_TOPICS),
        Kind("offsets_forgotten", 1, SERVICES, (16, 16)),
    ]
    if brokers > 1:
        found.append(Kind("kill_leader", 3, ("kafka",)))
    return tuple(found)


def service_of(process: str) -> str:
    """Return the service a process is a replica of."""
    return max((one for one in SERVICES if process.startswith(one)), key=len)


def hit_by(kind: str, target: str) -> frozenset[str]:
    """Return everything a fault puts out of order; two faults at once never share any of it."""
    if target.startswith("kafka"):
        return frozenset({"kafka"})
    if kind == "offsets_forgotten":
        return frozenset(one for one in PROCESSES if service_of(one) == target)
    if kind == "database_immediate_stop":
        return frozenset(DATABASES)
    if kind == "kill_sandbox":
        return frozenset({"sandbox", *(f"way:{one}" for one in OUTSIDE)})
    if kind.startswith("gateway_"):
        return frozenset({f"way:{_way_of(target)}"})
    if kind in _WAYS and target in OUTSIDE:
        return frozenset({f"way:{target}"})
    return frozenset({target})


_WAYS = ("cut", "blackhole", "delay", "drop_replies", "reset", "throttle")


def _way_of(gateway: str) -> str:
    return "portals" if gateway == "callbacks" else gateway.partition(".")[0]
