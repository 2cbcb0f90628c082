"""Whoever cannot prove who it is does not come in; whoever is unknown may do nothing."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from contracts.topics import LIFECYCLE
from local_stack.certificates import Authority, write
from plumbing.kafka_security import PLAINTEXT, KafkaSecurity
from plumbing.restoring import last_said
from tests.integration.secured_kit import SecuredBroker

EVENTS = LIFECYCLE["intake"].name
AGO = timedelta(days=-2)


def expired(broker: SecuredBroker) -> KafkaSecurity:
    pair = broker.authority.issue("intake", begins=AGO, lasts=timedelta(days=1))
    return broker.with_certificate("expired", pair)


def of_another_authority(broker: SecuredBroker) -> KafkaSecurity:
    foreign = Authority.make("hotich-local-ca")
    return broker.with_certificate("foreign", foreign.issue("intake"))


def signed_by_a_service(broker: SecuredBroker) -> KafkaSecurity:
    """Return a certificate made by one that was given to a service, with the service's key."""
    folder = broker.secured.folder
    key, certificate = (folder / "routing-key.pem", folder / "routing.pem")
    from local_stack.certificates import Pair

    service = Authority.read(Pair(key.read_text(), certificate.read_text()))
    return broker.with_certificate("chained", service.issue("intake"))


def a_password_alone(broker: SecuredBroker) -> KafkaSecurity:
    """Return a right password, which counts for nothing where certificates are asked for."""
    return broker.security("portal-moj-direct")


@pytest.mark.parametrize(
    "who", [expired, of_another_authority, signed_by_a_service, a_password_alone]
)
async def test_who_has_no_certificate_that_counts_does_not_come_in(
    secured: SecuredBroker, who: Callable[[SecuredBroker], KafkaSecurity]
):
    await refused(secured.servers, who(secured))


def test_a_client_that_ends_does_not_wait_for_the_brokers_goodbye(secured: SecuredBroker):
    took: list[float] = []

    async def come_and_go(service: str) -> None:
        for _ in range(10):
            began = time.monotonic()
            await last_said(service, secured.servers, secured.security(service))
            took.append(time.monotonic() - began)

    async def all_come_and_go() -> None:
        await asyncio.gather(*map(come_and_go, ("intake", "routing", "notifier")))

    # The loop our services run on: the other one waits less.
    uvloop.run(all_come_and_go())

    # What waited, waited for thirty seconds, about once in ten ends.
    assert max(took) < 20


async def test_who_speaks_without_tls_does_not_come_in(secured: SecuredBroker):
    for servers in (secured.servers, secured.portals_servers):
        await refused(servers, PLAINTEXT)


@pytest.mark.parametrize(
    ("user", "password"),
    [("portal-moj-direct", "wrong"), ("portal-nobody", "any"), ("intake", "any")],
)
async def test_who_has_no_password_that_counts_does_not_come_in(
    secured: SecuredBroker, user: str, password: str
):
    await refused(secured.portals_servers, secured.by_password(user, password))


async def test_a_certificate_counts_for_nothing_where_passwords_are_asked_for(
    secured: SecuredBroker,
):
    await refused(secured.portals_servers, secured.security("intake"))


async def test_a_client_refuses_a_broker_its_authority_does_not_vouch_for(
    secured: SecuredBroker,
):
    write(secured.folder, "another-ca", Authority.make("hotich-local-ca").pair)
    ours = secured.security("intake")

    await refused(secured.servers, replace(ours, ca_file=secured.folder / "another-ca.pem"))


@pytest.mark.parametrize("who", ["intake", "portal-moj-direct"])
async def test_a_client_refuses_a_broker_at_an_address_its_certificate_does_not_name(
    secured: SecuredBroker, who: str
):
    elsewhere = secured.servers_of(who).replace("127.0.0.1", "localhost")

    await refused(elsewhere, secured.security(who))


async def test_who_is_known_to_nobody_comes_in_and_may_do_nothing(secured: SecuredBroker):
    pair = secured.authority.issue("stranger")
    arguments = secured.with_certificate("stranger", pair).aiokafka()
    consumer = AIOKafkaConsumer(bootstrap_servers=secured.servers, **arguments)
    producer = AIOKafkaProducer(bootstrap_servers=secured.servers, **arguments)
    await consumer.start()
    await producer.start()
    try:
        assert await consumer.topics() == set()
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(EVENTS, b"x")
    finally:
        await consumer.stop()
        await producer.stop()


async def refused(servers: str, security: KafkaSecurity) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, request_timeout_ms=3_000, **security.aiokafka()
    )
    try:
        with pytest.raises(KafkaConnectionError):
            await producer.start()
    finally:
        await producer.stop()
