"""What runs on a cluster and what it is given: one table, from which the manifests are written."""

from dataclasses import dataclass

from contracts.asyncapi import READS
from contracts.grants import AUDIT

SYSTEM = "hotich"
BOARD = "board"
#: The Kafka cluster of Strimzi, and where its clients come in.
KAFKA = "hotich"
KAFKA_PORT = 9093
PORTALS_PORT = 9094
DATABASE_PORT = 5432

PORTS = {
    "intake": 8081,
    "routing": 8082,
    "registry-sync": 8083,
    "notifier": 8084,
    BOARD: 8085,
    AUDIT: 8086,
}
#: Each has a database, migrations, a consumer group; they are scaled.
WITH_DATABASE = tuple(READS)
#: Who is a client of Kafka.
ON_KAFKA = (*WITH_DATABASE, AUDIT)
#: All of ours, in the order of their ports.
SERVICES = tuple(PORTS)
#: The partitions of its topics that one more member of the group could still be given.
CEILING = {name: max(topic.partitions for topic in topics) for name, topics in READS.items()}


@dataclass(frozen=True)
class Secret:
    """A secret that someone else fills: its name, its keys, and what it is for."""

    name: str
    keys: tuple[str, ...]
    purpose: str


PARTICULARS = Secret("particulars-keys", ("particulars_keys",), "keys of the personal data")

#: What each service reads from files; a key is the setting's name in small letters.
OWN_SECRETS: dict[str, Secret] = {
    "intake": Secret(
        "intake-settings", ("database_url", "portal_secrets"), "runtime role, portals' signatures"
    ),
    "routing": Secret(
        "routing-settings",
        ("database_url", "oidc_client_secret", "receipt_keys", "session_key"),
        "runtime role, signing in, receipts",
    ),
    "registry-sync": Secret(
        "registry-sync-settings",
        ("database_url", "register_password", "register_username"),
        "runtime role, the register",
    ),
    "notifier": Secret(
        "notifier-settings",
        ("database_url", "portals", "sms_gateways"),
        "runtime role, SMS gateways, portals called back",
    ),
    BOARD: Secret("board-settings", ("oidc_client_secret", "session_key"), "signing in"),
    AUDIT: Secret(
        "audit-settings",
        ("audit_keys", "tsa_certificate.pem"),
        "keys of the checkpoints, root of the time-stamping authority",
    ),
}


def secrets_of(service: str) -> tuple[Secret, ...]:
    """Return the secrets whose files a service reads its settings from."""
    own = OWN_SECRETS[service]
    return (own, PARTICULARS) if service in WITH_DATABASE else (own,)


def database(service: str) -> str:
    """Return the name of the service's database, which is its owner's too."""
    return service.replace("-", "_")


def runtime_role(service: str) -> str:
    """Return the role the running service comes as, which changes no table."""
    return f"{database(service)}_runtime"


def module(service: str) -> str:
    """Return the package that `python -m` starts."""
    return service.replace("-", "_")


def filled_by_others() -> tuple[Secret, ...]:
    """Return every secret that no operator of the cluster makes by itself."""
    roles = tuple(
        Secret(f"{name}-runtime-role", ("password", "username"), "what its database makes it of")
        for name in WITH_DATABASE
    )
    return (PARTICULARS, *OWN_SECRETS.values(), *roles)
