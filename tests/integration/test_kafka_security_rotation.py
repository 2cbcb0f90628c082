"""Certificates and passwords are exchanged while clients go on; the old ones are refused then."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from audit.archiving import Archiving
from audit.settings import AuditSettings
from contracts.topics import LIFECYCLE, SUBMISSIONS, Topic, replies_to
from local_stack.certificates import write
from local_stack.rights import set_passwords
from plumbing.kafka_clients import make_producer
from plumbing.kafka_security import KafkaSecurity
from tests.integration.audit_kit import until
from tests.integration.secured_kit import SecuredBroker, drop_connections

PORTAL = "moj-direct"
#: So long the first certificate still lasts; clients begin, and it is exchanged, within it.
LEFT = timedelta(seconds=8)
PAUSE_SECONDS = 0.02
BEGAN = timedelta(minutes=5)


@dataclass
class Traffic:
    """A producer and a consumer of one topic that go on all the time."""

    producer: AIOKafkaProducer
    consumer: AIOKafkaConsumer
    topic: str
    mark: str
    sent: int = 0

    async def send(self, seconds: float) -> None:
        """Send one record after another for so long; each has to be acknowledged."""
        until = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            await self.producer.send_and_wait(self.topic, f"{self.mark}:{self.sent}".encode())
            self.sent += 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def all_heard(self) -> bool:
        """Return whether the consumer gets every record that was sent."""
        heard: set[bytes] = set()
        wanted = {f"{self.mark}:{n}".encode() for n in range(self.sent)}
        async with asyncio.timeout(20):
            while not heard >= wanted:
                for records in (await self.consumer.getmany(timeout_ms=200)).values():
                    heard |= {record.value for record in records}
        return True


@asynccontextmanager
async def traffic(
    broker: SecuredBroker,
    writing: Callable[[], KafkaSecurity],
    reader: KafkaSecurity,
    topic: str,
    group: str,
) -> AsyncIterator[Traffic]:
    """Give traffic that has begun; who writes is asked for last, for it may not be so for long."""

    def servers(security: KafkaSecurity) -> str:
        return broker.portals_servers if security.username else broker.servers

    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers(reader),
        group_id=group,
        auto_offset_reset="earliest",
        **reader.aiokafka(),
    )
    await consumer.start()
    writer = writing()
    producer = make_producer(servers(writer), "test", writer, 16_384)
    await producer.start()
    try:
        yield Traffic(producer, consumer, topic, uuid4().hex)
    finally:
        await producer.stop()
        await consumer.stop()


async def test_certificates_are_exchanged_while_records_go_on(secured: SecuredBroker):
    """`intake` sends a portal its replies; its certificate ends in the middle of it."""

    def of_short_duration() -> KafkaSecurity:
        short = secured.authority.issue("intake", lasts=BEGAN + LEFT)
        write(secured.folder, "old", short)
        return secured.with_certificate("intake", short)

    password = secured.security(f"portal-{PORTAL}")
    topic, group = replies_to(PORTAL).name, f"portal-{PORTAL}.{uuid4().hex}"

    async with traffic(secured, of_short_duration, password, topic, group) as going:
        await going.send(0.5)
        write(secured.folder, "intake", secured.authority.issue("intake"))
        await drop_connections(going.producer)
        await going.send(LEFT.total_seconds())
        await drop_connections(going.producer)
        await going.send(0.5)
        assert await going.all_heard()

    old = replace(
        secured.security("intake"),
        certificate_file=secured.folder / "old.pem",
        key_file=secured.folder / "old-key.pem",
    )
    await refused(secured.servers, old)


async def test_passwords_are_exchanged_while_records_go_on(secured: SecuredBroker, tmp_path: Path):
    """A portal hands in, the intake reads; the portal's password is made another."""
    portal = secured.security(f"portal-{PORTAL}")
    assert portal.password_file
    old = tmp_path / "old-password"
    shutil.copy(portal.password_file, old)
    intake, group = secured.security("intake"), "intake"
    try:
        async with traffic(secured, lambda: portal, intake, SUBMISSIONS.name, group) as going:
            await going.send(0.5)
            set_passwords(secured.admin(), {PORTAL: "another"})
            portal.password_file.write_text("another")
            await drop_connections(going.producer)
            await going.send(0.5)
            assert await going.all_heard()
        await refused(secured.portals_servers, replace(portal, password_file=old))
    finally:
        set_passwords(secured.admin(), secured.secured.passwords)


async def written(producer: AIOKafkaProducer, topic: Topic) -> int:
    """Return how many records the topic has after one more in each partition."""
    places = [await producer.send_and_wait(topic.name, b"x", partition=n) for n in range(6)]
    return sum(place.offset + 1 for place in places)


async def refused(servers: str, security: KafkaSecurity) -> None:
    producer = make_producer(servers, "test", security, 16_384)
    try:
        with pytest.raises(KafkaConnectionError):
            await producer.start()
    finally:
        await producer.stop()


async def test_the_audit_goes_on_by_another_client_when_its_certificate_is_another(
    secured: SecuredBroker, tmp_path: Path
):
    topic = LIFECYCLE["routing"]
    audit = secured.with_certificate("audit", secured.authority.issue("audit"))
    settings = AuditSettings(
        kafka_bootstrap_servers=secured.servers,
        kafka_security_protocol=audit.protocol,
        kafka_ca_file=audit.ca_file,
        kafka_certificate_file=audit.certificate_file,
        kafka_key_file=audit.key_file,
        archive_folder=tmp_path / "archive",
        archive_origin="test.hotich.example",
        flush_seconds=0.2,
        http_port=1,
        oidc_issuer="none",
        oidc_jwks_url="none",
    )
    producer = make_producer(secured.servers, "test", secured.security("routing"), 16_384)
    await producer.start()
    running = Archiving(settings, lambda: lambda *_: None, [topic])
    thread = threading.Thread(target=running.run)
    thread.start()

    def archived(count: int) -> bool:
        return sum(one.records for one in running.reached.values()) >= count

    try:
        there = await written(producer, topic)
        await until(lambda: archived(there), "what was there is archived")
        first = running._follower
        write(secured.folder, "audit", secured.authority.issue("audit"))
        await until(lambda: running._follower is not first, "another client reads")
        for number in range(6):
            await producer.send_and_wait(topic.name, b"after", partition=number)
        await until(lambda: archived(there + 6), "what came after is archived")
        assert not archived(there + 7)
        assert running.trouble is None
    finally:
        running.stop.set()
        await asyncio.to_thread(thread.join)
        await producer.stop()
