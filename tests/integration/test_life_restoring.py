"""A database that came back older than its log: the service does not begin on it."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.envelope import Head
from local_stack.stack import Stack
from plumbing import restoring
from plumbing.database import Pool, open_pool
from plumbing.migrating import migrate
from plumbing.restoring import DatabaseBehindItsLog, ensure_not_behind, last_sequences
from plumbing.settings import KafkaSettings
from tests.integration.core_kit import Dossier

SERVICE = "routing"
#: As if the database were another server's copy.
MOVED = "UPDATE database_origin SET origin = 'elsewhere'"
#: Nobody listens there.
NOWHERE = "127.0.0.1:1"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    await migrate(database)
    opened = await open_pool(database, application="life", size=2)
    yield opened
    opened.terminate()


@pytest.fixture
async def kafka(servers: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KafkaSettings]:
    """An own topic in the place of the service's."""
    name, bootstrap = f"life-{uuid4().hex[:8]}", servers.status().kafka
    monkeypatch.setattr(restoring, "LIFECYCLE", {SERVICE: SimpleNamespace(name=name)})
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1)])
    yield KafkaSettings(kafka_bootstrap_servers=bootstrap)
    await admin.delete_topics([name])
    await admin.close()


async def said(kafka: KafkaSettings, *bodies: bytes | None) -> None:
    topic = restoring.LIFECYCLE[SERVICE].name
    async with AIOKafkaProducer(bootstrap_servers=kafka.kafka_bootstrap_servers) as producer:
        for number, body in enumerate(bodies):
            await producer.send_and_wait(topic, body, partition=number % 2)


async def known(pool: Pool, dossier: Dossier) -> None:
    """Let the database know all the dossier's service has said so far."""
    head: Head = dossier.heads[SERVICE]
    await pool.execute(
        "INSERT INTO stream (dossier_id, subject, sequence, head_hash) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (dossier_id) DO UPDATE SET sequence = $3, head_hash = $4",
        *(dossier.id, dossier.code, head.sequence, head.hash),
    )


async def origin(pool: Pool) -> Any:
    return await pool.fetchval("SELECT origin FROM database_origin")


async def test_given_nothing_said_and_nothing_known_then_it_begins_and_knows_where_it_is(
    pool: Pool, kafka: KafkaSettings
):
    await ensure_not_behind(pool, SERVICE, kafka)

    assert len((await origin(pool)).split("/")) == 3


async def test_given_the_database_of_its_last_start_then_kafka_is_not_asked(
    pool: Pool, kafka: KafkaSettings
):
    await ensure_not_behind(pool, SERVICE, kafka)
    await said(kafka, Dossier().says("routed"))

    await ensure_not_behind(pool, SERVICE, KafkaSettings(kafka_bootstrap_servers=NOWHERE))


async def test_given_an_empty_database_and_a_log_then_it_does_not_begin(
    pool: Pool, kafka: KafkaSettings
):
    await said(kafka, Dossier().says("routed"))

    with pytest.raises(DatabaseBehindItsLog, match="of 1 dossiers"):
        await ensure_not_behind(pool, SERVICE, kafka)
    assert await origin(pool) is None


async def test_given_a_database_that_came_back_whole_then_it_begins_and_is_known_from_then_on(
    pool: Pool, kafka: KafkaSettings
):
    await ensure_not_behind(pool, SERVICE, kafka)
    whole = Dossier()
    await said(kafka, whole.says("routed"), whole.says("accepted"))
    await known(pool, whole)
    await pool.execute(MOVED)

    await ensure_not_behind(pool, SERVICE, kafka)

    assert await origin(pool) != "elsewhere"


@pytest.mark.parametrize("partition_first", [True, False])
async def test_given_a_database_that_came_back_without_one_event_then_it_never_begins(
    pool: Pool, kafka: KafkaSettings, partition_first: bool
):
    await ensure_not_behind(pool, SERVICE, kafka)
    whole, lost = Dossier(), Dossier()
    first = [lost.says("routed"), whole.says("routed")]
    await known(pool, lost)
    await known(pool, whole)
    last = lost.says("accepted")
    await said(kafka, *first, *([last] if partition_first else [b"no event", last]))
    await pool.execute(MOVED)

    for _ in range(2):
        with pytest.raises(DatabaseBehindItsLog, match="of 1 dossiers"):
            await ensure_not_behind(pool, SERVICE, kafka)
    assert await origin(pool) == "elsewhere"


async def test_given_a_database_made_from_the_log_then_it_begins(pool: Pool, kafka: KafkaSettings):
    made = Dossier()
    await said(kafka, made.says("routed"))
    await known(pool, made)

    await ensure_not_behind(pool, SERVICE, kafka)

    assert await origin(pool)


async def test_given_a_backup_of_a_release_that_did_not_keep_its_place_then_it_does_not_begin(
    pool: Pool, kafka: KafkaSettings
):
    lost = Dossier()
    first = lost.says("routed")
    await known(pool, lost)
    await said(kafka, first, lost.says("accepted"))

    with pytest.raises(DatabaseBehindItsLog, match="of 1 dossiers"):
        await ensure_not_behind(pool, SERVICE, kafka)


def test_only_the_last_true_event_of_the_service_itself_counts():
    one, other = Dossier(), Dossier()
    first, second = one.says("routed"), one.says("accepted")
    values = [second, first, other.says("submitted"), b"{", None, first]

    assert last_sequences(SERVICE, values) == {one.id: 2}
