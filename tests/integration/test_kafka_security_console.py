"""With the rights of `components/restore` a database can be made from a secured Kafka's log."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Producer
from confluent_kafka.admin import AclBindingFilter

from console.failing import Failed
from console.rebuild_reading import from_kafka, own_ends
from contracts.grants import Grant
from contracts.topics import LIFECYCLE, PARTICULARS
from local_stack.rights import bindings
from tests.integration.secured_kit import REFUSED, SecuredBroker

CONSOLE = Path(__file__).parents[2] / "deploy" / "components" / "restore" / "console.yaml"
READ = (*(topic.name for topic in LIFECYCLE.values()), PARTICULARS.name)


def rules() -> list[Grant]:
    """Return what the component's user may do."""
    objects = yaml.safe_load_all(CONSOLE.read_text("utf-8"))
    (user,) = (one for one in objects if one["kind"] == "KafkaUser")
    return [
        Grant(
            user["metadata"]["name"],
            rule["resource"]["type"],
            rule["resource"]["name"],
            rule["resource"]["patternType"],
            tuple(one.upper() for one in rule["operations"]),
        )
        for rule in user["spec"]["authorization"]["acls"]
    ]


@pytest.fixture
def console(secured: SecuredBroker, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecuredBroker]:
    """A secured Kafka with the component's user, who is the environment's."""
    given = [one for grant in rules() for one in bindings(grant)]
    admin: Any = secured.admin()
    for future in admin.create_acls(given).values():
        future.result()
    security = secured.with_certificate("console", secured.authority.issue("console"))
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv("KAFKA_CA_FILE", str(security.ca_file))
    monkeypatch.setenv("KAFKA_CERTIFICATE_FILE", str(security.certificate_file))
    monkeypatch.setenv("KAFKA_KEY_FILE", str(security.key_file))
    yield secured
    for future in admin.delete_acls([_that(one) for one in given]).values():
        future.result()


def _that(binding: Any) -> Any:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def test_the_console_reads_what_a_rebuild_needs_and_nothing_else(console: SecuredBroker) -> None:
    for service, topic in LIFECYCLE.items():
        writer = Producer(console.settings(service))
        writer.produce(topic.name, value=b"x", key=b"k")
        assert writer.flush(20) == 0

    read = {record.topic for record in from_kafka(console.servers, READ)}

    assert read >= {topic.name for topic in LIFECYCLE.values()}
    assert sum(own_ends(console.servers, "routing").values()) > 0
    with pytest.raises(Failed):
        list(from_kafka(console.servers, ["portal.submissions.v1"]))


def test_the_console_writes_nothing(console: SecuredBroker) -> None:
    refused: list[Any] = []
    security = console.with_certificate("console", console.authority.issue("console"))
    producer = Producer({"bootstrap.servers": console.servers, **security.librdkafka()})

    for name in READ:
        producer.produce(name, value=b"x", on_delivery=lambda error, _: refused.append(error))
    assert producer.flush(20) == 0

    assert len(refused) == len(READ)
    assert {error.code() for error in refused} <= REFUSED
