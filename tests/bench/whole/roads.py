"""The two roads in: a portal's signed record on the bus, a portal's own call of the intake."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

import aiohttp
from aiokafka import AIOKafkaProducer

from contracts.topics import SUBMISSIONS
from sandbox.answers import compact_json
from sandbox.bus import build_record
from sandbox.samples import Sample
from tests.bench.whole.ground import Ground

#: Calls of portals under way at once.
CALLS = 64
_ONE_CALL = aiohttp.ClientTimeout(total=60)


class Road(Protocol):
    """A way to hand a submission in."""

    async def hand_in(self, sample: Sample) -> None:
        """Return when it is acknowledged; raises NotTaken."""


class NotTaken(Exception):
    """A submission was refused; names the status and the kind of problem."""


class Bus:
    """Every portal's records by one producer; each is signed when it is sent."""

    def __init__(self, ground: Ground, producer: AIOKafkaProducer) -> None:
        self._ground, self._producer = ground, producer

    async def hand_in(self, sample: Sample) -> None:
        """Return when every in-sync replica has the record."""
        self._ground.sending(sample, "bus")
        record = build_record(
            sample.portal,
            sample.submission,
            secret=self._ground.secrets["portals"][sample.portal]["webhook_secret"],
            idempotency_key=str(sample.submission["portal_reference"]),
            now=datetime.now(UTC),
        )
        await self._producer.send_and_wait(
            SUBMISSIONS.name, record.value, key=record.key, headers=record.headers
        )
        self._ground.taken(sample, {})


class Http:
    """Every submission a call of its own, with the portal's token from the issuer."""

    def __init__(self, ground: Ground, session: aiohttp.ClientSession) -> None:
        self._ground, self._session = ground, session
        self._url = f"{ground.status.urls['intake']}/v1/submissions"
        self._tokens: dict[str, str] = {}
        self._calls = asyncio.Semaphore(CALLS)

    async def hand_in(self, sample: Sample) -> None:
        """Return when the intake gave its receipt; raises NotTaken for any other answer."""
        async with self._calls:
            self._ground.sending(sample, "http")
            headers = {
                "Authorization": f"Bearer {await self._token(sample.portal)}",
                "Idempotency-Key": str(sample.submission["portal_reference"]),
                "Content-Type": "application/json",
            }
            body = compact_json(sample.submission).encode()
            async with self._session.post(self._url, data=body, headers=headers) as answer:
                document = await answer.json(content_type=None)
                if answer.status not in (200, 201):
                    raise NotTaken(f"HTTP {answer.status} {document.get('type')}")
            self._ground.taken(sample, document)

    async def _token(self, portal: str) -> str:
        if portal not in self._tokens:
            client = self._ground.secrets["clients"][portal]
            asked = {"grant_type": "client_credentials", "scope": client["scope"]}
            async with self._session.post(
                f"{self._ground.status.sandbox['url']}/oauth/token",
                data=asked,
                auth=aiohttp.BasicAuth(portal, client["secret"]),
            ) as answer:
                answer.raise_for_status()
                self._tokens[portal] = (await answer.json())["access_token"]
        return self._tokens[portal]


@asynccontextmanager
async def by_bus(ground: Ground) -> AsyncIterator[Bus]:
    """Give the road over the bus."""
    producer = AIOKafkaProducer(
        **ground.status.kafka_client(), acks="all", linger_ms=5, max_batch_size=262_144
    )
    await producer.start()
    try:
        yield Bus(ground, producer)
    finally:
        await producer.stop()


@asynccontextmanager
async def by_http(ground: Ground) -> AsyncIterator[Http]:
    """Give the road over HTTP."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=_ONE_CALL) as session:
        yield Http(ground, session)
