"""The events and the settings of the hand-written version."""

import logging
import os
from typing import Any

import asyncpg
from faststream.kafka import KafkaBroker
from pydantic import BaseModel

SUBMITTED, ACCEPTED = "hand.intake.v1", "hand.routing.v1"
REGISTERED, TOLD = "hand.registry.v1", "hand.notification.v1"
TOPICS = (SUBMITTED, ACCEPTED, REGISTERED, TOLD)
#: 1 as the documentation begins with; more take partitions side by side.
WORKERS = int(os.environ.get("HAND_WORKERS", "1"))


class Event(BaseModel):
    """What a service says of a dossier; the submission goes along."""

    dossier_id: str
    code: str
    submission: dict[str, Any]


def broker() -> KafkaBroker:
    """Return a broker with the guarantee ours asks for."""
    logging.basicConfig(level=logging.INFO)
    return KafkaBroker(os.environ["KAFKA_BOOTSTRAP_SERVERS"], acks="all")


async def pool(table: str) -> "asyncpg.Pool[Any]":
    """Return the pool of a service with its table made."""
    made = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=10)
    await made.execute(
        f"CREATE TABLE IF NOT EXISTS {table} (dossier_id uuid PRIMARY KEY, code text NOT NULL,"
        " unit_code text NOT NULL, body jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now())"
    )
    return made


async def keep(connection: Any, table: str, event: Event) -> bool:
    """Store what is known of a dossier; return whether that was new."""
    done = await connection.execute(
        f"INSERT INTO {table} (dossier_id, code, unit_code, body) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        event.dossier_id,
        event.code,
        event.submission["unit_code"],
        event.model_dump_json(),
    )
    return str(done).endswith("1")
