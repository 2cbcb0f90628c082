"""How the core's clients of Kafka are made."""

import contextlib
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLScram512

from plumbing.kafka_security import FreshContext, FreshPassword, KafkaSecurity


def make_broker(bootstrap: str, client_id: str, security: KafkaSecurity) -> KafkaBroker:
    """Return FastStream's broker, which logs nothing and creates no topic."""
    return KafkaBroker(
        bootstrap.split(","),
        apply_types=False,
        allow_auto_create_topics=False,
        graceful_timeout=25,
        logger=None,
        client_id=client_id,
        security=_of(security),
    )


def make_producer(
    bootstrap: str, client_id: str, security: KafkaSecurity, batch_bytes: int
) -> AIOKafkaProducer:
    """Return a producer to be thrown away at its first failure; it is not started."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=False,
        linger_ms=5,
        max_batch_size=batch_bytes,
        max_request_size=1_048_576,
        request_timeout_ms=10_000,
        client_id=client_id,
        **security.aiokafka(),
    )


@contextlib.asynccontextmanager
async def asking(
    bootstrap: str, client_id: str, security: KafkaSecurity
) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give a client that asks the broker about its topics, as long as the block runs."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, client_id=client_id, **security.aiokafka()
    )
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def known_topics(bootstrap: str, client_id: str, security: KafkaSecurity) -> set[str]:
    """Return the names of the topics this client may know of; raises KafkaError."""
    async with asking(bootstrap, client_id, security) as admin:
        return set(await admin.list_topics())


def _of(security: KafkaSecurity) -> BaseSecurity | None:
    if security.protocol == "PLAINTEXT":
        return None
    context = FreshContext(security)
    if security.protocol == "SSL":
        return BaseSecurity(ssl_context=context, use_ssl=True)
    assert security.password_file
    password = FreshPassword(security.password_file)
    # Without the context it would be SASL without TLS, silently.
    return SASLScram512(security.username, password, ssl_context=context, use_ssl=True)
