"""A secured broker of its own, and whoever may come to it."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from contracts.grants import principal_of
from contracts.topics import Topic, topics_for
from local_stack.certificates import Authority, Pair, authority_in, write
from local_stack.credentials import portals
from local_stack.ports import HOST
from local_stack.rights import administrator
from local_stack.secured import Secured
from local_stack.stack import Stack
from plumbing.kafka_security import KafkaSecurity

ROOT = Path(__file__).resolve().parents[2]
PORTALS = portals()
TOPICS: tuple[Topic, ...] = topics_for(PORTALS)
REFUSED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED}
SECONDS = 20.0


@dataclass(frozen=True)
class SecuredBroker:
    """Where it is for services and for portals, what it believes, and a folder to write into.

    `log` is what it says itself.
    """

    servers: str
    portals_servers: str
    secured: Secured
    folder: Path
    log: Path

    @property
    def authority(self) -> Authority:
        """Return who gives certificates it believes."""
        return authority_in(self.secured.folder)

    def admin(self) -> AdminClient:
        """Return a client that may do everything."""
        return administrator(self.servers, self.secured)

    def servers_of(self, principal: str) -> str:
        """Return where that principal comes in."""
        return self.portals_servers if principal.startswith("portal-") else self.servers

    def security(self, principal: str) -> KafkaSecurity:
        """Return how a principal proves who it is: by a certificate or, a portal, a password."""
        if not principal.startswith("portal-"):
            return self.secured.security(principal)
        portal = principal.removeprefix("portal-")
        return self.by_password(principal, self.secured.passwords[portal])

    def by_password(self, user: str, password: str) -> KafkaSecurity:
        """Return how somebody comes who gives that password."""
        file = self.folder / f"{user}-password"
        file.write_text(password)
        return KafkaSecurity("SASL_SSL", self.secured.authority, None, None, user, file)

    def with_certificate(self, name: str, pair: Pair) -> KafkaSecurity:
        """Return how somebody comes who has that certificate."""
        write(self.folder, name, pair)
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}-key.pem"
        ours = self.secured.security("intake")
        return replace(ours, certificate_file=certificate, key_file=key)

    def client(self, principal: str) -> dict[str, Any]:
        """Return the arguments of aiokafka's clients of a principal."""
        servers = self.servers_of(principal)
        return {"bootstrap_servers": servers, **self.security(principal).aiokafka()}

    def settings(self, principal: str) -> dict[str, str]:
        """Return the settings of librdkafka's clients of a principal."""
        servers = self.servers_of(principal)
        return {"bootstrap.servers": servers, **self.security(principal).librdkafka()}


@contextmanager
def secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """Start one, with every topic and right there is; stop it at the end."""
    name = f"test-secured{os.environ.get('TEST_LANE', '')}"
    os.environ["SECURE"] = "1"
    stack = Stack(ROOT, name=name, services=False, fresh=True)
    try:
        stack.start()
    finally:
        del os.environ["SECURE"]
    try:
        state = stack.place.state
        port = json.loads((state / "ports.json").read_text())["kafka-1-portals"]
        passwords = json.loads((state / "secrets.json").read_text())["bus_passwords"]
        log = stack.place.logs / "kafka-1.log"
        secured = Secured(state / "certificates", passwords)
        yield SecuredBroker(stack.status().kafka, f"{HOST}:{port}", secured, folder, log)
    finally:
        stack.stop()


def may_write(broker: SecuredBroker, principal: str) -> set[str]:
    """Return the topics that take a record of the principal's; it tries every one there is."""
    producer = Producer(
        {**broker.settings(principal), "message.timeout.ms": 15_000, "linger.ms": 0}
    )
    taken: set[str] = set()
    other: list[KafkaError] = []

    def answered(topic: str) -> Callable[[KafkaError | None, object], None]:
        def on_delivery(error: KafkaError | None, _: object) -> None:
            if error is None:
                taken.add(topic)
            elif error.code() not in REFUSED:
                other.append(error)

        return on_delivery

    for topic in TOPICS:
        producer.produce(topic.name, value=b"x", key=b"k", on_delivery=answered(topic.name))
    assert producer.flush(SECONDS) == 0
    assert other == []
    return taken


def may_read(broker: SecuredBroker, principal: str) -> set[str]:
    """Return the topics the principal reads to their end; it tries every one there is."""
    settings = {"group.id": principal, "enable.auto.commit": "false"}
    ends = {"enable.partition.eof": "true", "auto.offset.reset": "earliest"}
    consumer = Consumer({**broker.settings(principal), **settings, **ends})
    try:
        # Of a topic that is not even told of, the library fetches nothing and says nothing.
        waited = {topic.name for topic in TOPICS if _is_told_of(consumer, topic.name)}
        consumer.assign([TopicPartition(name, 0, 0) for name in waited])
        read: set[str] = set()
        give_up = time.monotonic() + SECONDS
        while waited:
            assert time.monotonic() < give_up, f"neither read nor refused: {waited}"
            for message in consumer.consume(500, timeout=0.1):
                error, topic = message.error(), str(message.topic())
                if error is None:
                    continue
                if error.code() == KafkaError._PARTITION_EOF:
                    read.add(topic)
                if error.code() in {*REFUSED, KafkaError._PARTITION_EOF}:
                    waited.discard(topic)
        return read
    finally:
        consumer.close()


def _is_told_of(consumer: Consumer, topic: str) -> bool:
    error = consumer.list_topics(topic, timeout=SECONDS).topics[topic].error
    assert error is None or error.code() in REFUSED
    return error is None


def refusal(act: Callable[[], Any]) -> str:
    """Return the name of the error that every future of an administrator's call ends with."""
    try:
        for future in act().values():
            future.result()
    except KafkaException as error:
        return str(error.args[0].name())
    return "allowed"


async def drop_connections(*clients: AIOKafkaProducer) -> None:
    """Close the connections of producers, as a broker that goes does."""
    for client in clients:
        for connection in list(client.client._conns.values()):
            connection.close()
    await asyncio.sleep(0)


__all__ = ["PORTALS", "REFUSED", "SecuredBroker", "principal_of", "secured_broker"]
