"""The bus road out: a portal's signed CloudEvent on the submissions topic."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from standardwebhooks import Webhook

from sandbox.answers import compact_json
from sandbox.bus_access import Bus
from sandbox.clock import REAL_CLOCK, Clock
from sandbox.ending import let_go

SUBMISSIONS_TOPIC = "portal.submissions.v1"
EVENT_TYPES = {
    "submission": "vn.hotich.portal.submission.v1",
    "supplement": "vn.hotich.portal.supplement.v1",
    "withdrawal": "vn.hotich.portal.withdrawal.v1",
}

_START_SECONDS = 5.0
_SEND_SECONDS = 30.0
_STOP_SECONDS = 0.5
_EVENT_IDS = uuid.UUID("5d2f2f43-6b0d-4c0c-9a70-2f6e6c1d7f11")


class BusAway(Exception):
    """The record was not acknowledged; it may still arrive."""


@dataclass(frozen=True, slots=True)
class BusRecord:
    """A Kafka record as portals on the bus make it."""

    event_id: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def build_record(
    portal: str,
    document: Mapping[str, Any],
    *,
    secret: str,
    idempotency_key: str,
    now: datetime,
    about: str = "submission",
    clock: Clock = REAL_CLOCK,
) -> BusRecord:
    """Return the signed record; the same idempotency key gives the same event id.

    It is signed at the real time, and dated by the clock.
    """
    scope = portal if about == "submission" else f"{portal}:{about}"
    event_id = str(uuid.uuid5(_EVENT_IDS, f"{scope}:{idempotency_key}"))
    event = {
        "specversion": "1.0",
        "id": event_id,
        "type": EVENT_TYPES[about],
        "source": f"/portals/{portal}",
        "time": clock.shown(now).isoformat(timespec="milliseconds"),
        "datacontenttype": "application/json",
        "data": document,
    }
    value = compact_json(event)
    headers = {
        "content-type": "application/cloudevents+json",
        "portal": portal,
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, now.astimezone(UTC), value),
    }
    return BusRecord(
        event_id=event_id,
        key=str(document["portal_reference"]).encode(),
        value=value.encode(),
        headers=[(name, text.encode()) for name, text in headers.items()],
    )


class BusSender:
    """Sends records, each portal's by a producer of its own, made anew after any failure."""

    def __init__(self, bus: Bus, secrets: Mapping[str, str], clock: Clock) -> None:
        self._bus = bus
        self._secrets = secrets
        self._clock = clock
        self._producers: dict[str, AIOKafkaProducer] = {}
        self._starting = asyncio.Lock()

    async def send(
        self, portal: str, about: str, document: Mapping[str, Any], idempotency_key: str
    ) -> str:
        """Return the event id once every in-sync replica has the record; raises BusAway."""
        producer = await self._started(portal)
        record = build_record(
            portal,
            document,
            secret=self._secrets[portal],
            idempotency_key=idempotency_key,
            now=datetime.now(UTC),
            about=about,
            clock=self._clock,
        )
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await producer.send_and_wait(
                    SUBMISSIONS_TOPIC, record.value, key=record.key, headers=record.headers
                )
        except (KafkaError, TimeoutError) as trouble:
            await self._forget(portal, producer)
            raise BusAway(f"not acknowledged: {type(trouble).__name__}") from None
        return record.event_id

    async def close(self) -> None:
        """Let the producers go; what they have not sent by then stays unsent."""
        await asyncio.gather(*(self._forget(*one) for one in list(self._producers.items())))

    async def _started(self, portal: str) -> AIOKafkaProducer:
        if not self._bus.servers:
            raise BusAway("KAFKA_BOOTSTRAP_SERVERS is not set")
        async with self._starting:
            if portal not in self._producers:
                producer = AIOKafkaProducer(
                    **self._bus.client(portal),
                    acks="all",
                    linger_ms=5,
                    request_timeout_ms=int(_SEND_SECONDS * 1000),
                )
                try:
                    async with asyncio.timeout(_START_SECONDS):
                        await producer.start()
                except (KafkaError, TimeoutError, OSError) as trouble:
                    await let_go(producer.stop(), _STOP_SECONDS)
                    raise BusAway(f"cannot be reached: {type(trouble).__name__}") from None
                self._producers[portal] = producer
            return self._producers[portal]

    async def _forget(self, portal: str, producer: AIOKafkaProducer) -> None:
        if self._producers.get(portal) is producer:
            del self._producers[portal]
        await let_go(producer.stop(), _STOP_SECONDS)
