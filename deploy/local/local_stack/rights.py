"""Gives on a secured Kafka what is granted, takes back what is not any more, sets passwords."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaException, admin

from contracts.grants import Grant, grants, principal_of
from local_stack.errors import StackFailed
from local_stack.secured import ADMIN, Secured

_ITERATIONS = 4096
_ASK_SECONDS = 10.0
_POLL_SECONDS = 0.1
#: The library's own types do not name what is here.
_kafka: Any = admin


def administrator(bootstrap: str, secured: Secured) -> Any:
    """Return a client that may do everything."""
    settings = {"bootstrap.servers": bootstrap, **secured.security(ADMIN).librdkafka()}
    return admin.AdminClient({**settings}, logger=_Silent())


def give(
    bootstrap: str,
    secured: Secured,
    *,
    seconds: float,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Give every principal its rights, and none else, and every portal its password.

    Waits for the broker, calling `check` between attempts. Raises StackFailed.
    """
    deadline = time.monotonic() + seconds
    client = administrator(bootstrap, secured)
    while True:
        try:
            _give_rights(client, grants(secured.passwords))
            set_passwords(client, secured.passwords)
        except KafkaException as error:
            check()
            if time.monotonic() > deadline:
                reason = f"takes no rights: {error.args[0].name()}"
                raise StackFailed("kafka", reason, advice="read the log of kafka-1") from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _give_rights(client: Any, granted: Iterable[Grant]) -> None:
    wanted_now = {binding for grant in granted for binding in bindings(grant)}
    there = set(client.describe_acls(_all(), request_timeout=_ASK_SECONDS).result())
    if stale := there - wanted_now:
        filters = [_only(binding) for binding in stale]
        _done(client.delete_acls(filters, request_timeout=_ASK_SECONDS))
    if missing := wanted_now - there:
        _done(client.create_acls(list(missing), request_timeout=_ASK_SECONDS))


def bindings(grant: Grant) -> list[Any]:
    """Return a grant as Kafka keeps it, one entry an operation."""
    return [
        _kafka.AclBinding(
            _kafka.ResourceType[grant.resource.upper()],
            grant.name,
            _kafka.ResourcePatternType[grant.pattern.upper()],
            f"User:{grant.principal}",
            "*",
            _kafka.AclOperation[operation],
            _kafka.AclPermissionType.ALLOW,
        )
        for operation in grant.operations
    ]


def set_passwords(client: Any, passwords: Mapping[str, str]) -> None:
    """Make these the passwords of the portals, by id; raises KafkaException."""
    info = _kafka.ScramCredentialInfo(_kafka.ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    changes: list[Any] = [
        _kafka.UserScramCredentialUpsertion(principal_of(portal), info, password.encode())
        for portal, password in passwords.items()
    ]
    _done(client.alter_user_scram_credentials(changes, request_timeout=_ASK_SECONDS))


def _only(binding: Any) -> Any:
    return _kafka.AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _all() -> Any:
    return _kafka.AclBindingFilter(
        _kafka.ResourceType.ANY,
        None,
        _kafka.ResourcePatternType.ANY,
        None,
        None,
        _kafka.AclOperation.ANY,
        _kafka.AclPermissionType.ANY,
    )


def _done(futures: Mapping[Any, Any]) -> None:
    for future in futures.values():
        future.result()


class _Silent:
    """Takes the library's log lines, which say only that the broker is not up yet."""

    def log(self, *_: object, **__: object) -> None:
        """Do nothing."""
