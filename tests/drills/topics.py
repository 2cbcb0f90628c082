"""Drills of topics: one that was deleted, and one that gets more partitions."""

import asyncio
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.asyncapi import READS
from contracts.topics import LIFECYCLE, TOPICS
from local_stack.credentials import database_of
from tests.drills import cluster
from tests.drills.drill import Drill, Drilling, Lack, Step, started, stopped

_WRITER = "routing"
TOPIC = LIFECYCLE[_WRITER]
READERS: Sequence[str] = [service for service, topics in READS.items() if TOPIC in topics]
_FORGET = f"DELETE FROM consumer_offset WHERE topic = '{TOPIC.name}'"
#: The statement of docs/operations.md, "A topic was made anew".
AGAIN = f"""
INSERT INTO outbox (shard, topic, key, body, event_id)
SELECT (SELECT sum(get_byte(s.key, n)) % 16 FROM generate_series(0, length(s.key) - 1) n),
    s.topic, s.key, s.body, s.event_id
FROM (SELECT DISTINCT ON (event_id) * FROM outbox_sent
      WHERE topic = '{TOPIC.name}' ORDER BY event_id, id) s
ORDER BY s.id
ON CONFLICT (event_id) DO NOTHING
"""


async def _delete(drilling: Drilling) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=drilling.field.status.kafka)
    await admin.start()
    try:
        await admin.delete_topics([TOPIC.name])
    finally:
        await admin.close()


async def _make(drilling: Drilling) -> None:
    (topic,) = (one for one in TOPICS if one.name == TOPIC.name)
    admin = AIOKafkaAdminClient(bootstrap_servers=drilling.field.status.kafka)
    await admin.start()
    try:
        new = NewTopic(topic.name, topic.partitions, 1, topic_configs=dict(topic.config))

        async def made() -> bool:
            # The broker refuses the name until it has forgotten the old one.
            answer = await admin.create_topics([new])
            return bool(answer.topic_errors[0][1] == 0)

        await drilling.until(made, f"{TOPIC.name} is made")
    finally:
        await admin.close()


async def _forget(drilling: Drilling) -> None:
    for service in READERS:
        await drilling.execute(drilling.field.status.databases[service], _FORGET)


async def _say_again(drilling: Drilling) -> None:
    url = drilling.field.status.databases[_WRITER]
    drilling.figures["events_said_again"] = await drilling.count(
        _WRITER, "SELECT count(*) FROM outbox_sent WHERE topic = $1", TOPIC.name
    )
    await drilling.execute(url, AGAIN)

    async def sent() -> bool:
        sql = "SELECT count(*) FROM outbox WHERE created_at < clock_timestamp() - interval '5 s'"
        return await drilling.count(_WRITER, sql) == 0

    await asyncio.sleep(1)
    await drilling.until(sent, "all is said again")


DRILLS = (
    Drill(
        "topic-lost",
        "A topic is deleted",
        (
            f"`{TOPIC.name}` is deleted and made anew; everything said on it is published again"
            " from the writer's database.",
            "Readers drop what they applied before, by sequence and hash.",
        ),
        (
            Step("disaster", "The topic is deleted.", (), _delete),
            Step(
                "recovery",
                "Its readers are stopped: a reader stops by itself only when it reads a record"
                " below its place.",
                cluster.stop(*READERS),
                stopped(*READERS),
            ),
            Step(
                "recovery",
                "The topic is made anew, by the job that makes topics or by Strimzi.",
                (),
                _make,
            ),
            Step(
                "recovery",
                "Each reader forgets its place in it.",
                tuple(
                    "kubectl -n hotich exec -i $(kubectl -n hotich get pods -o name"
                    f" -l cnpg.io/cluster={reader}-database,cnpg.io/instanceRole=primary)"
                    f' -c postgres -- psql -d {database_of(reader)} -c "{_FORGET}"'
                    for reader in READERS
                ),
                _forget,
            ),
            Step(
                "recovery",
                "The writer says everything again, by the statement in"
                " [a topic was made anew](#a-topic-was-made-anew); portals and other services go"
                " on meanwhile.",
                (),
                _say_again,
            ),
            Step(
                "recovery",
                "The readers are started.",
                cluster.start(*READERS),
                started(*READERS),
            ),
        ),
        (
            "It reaches back `SENT_DAYS`; older events are in the archive alone, from which a"
            " developer has to publish them.",
            "The archive refuses the topic that begins again (`refused`), because it is not the"
            " one it holds: begin another archive and keep the old one.",
        ),
        seconds=35,
        breaks={"I16": Lack("the archive is of the topic that was deleted", rf".*{TOPIC.name}.*")},
    ),
)
