"""The real relay with a producer of ours: a broker that loses records or acknowledgements."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from plumbing.relay import Relay

Sent = tuple[str, bytes, bytes | None]
REFUSALS = {"refused": MessageSizeTooLargeError, "denied": TopicAuthorizationFailedError}


@dataclass
class Broker:
    """Takes what the producers bring; `says` decides for each record what becomes of it."""

    log: list[tuple[str, Sent]] = field(default_factory=list)
    says: Callable[[Sent], str] = lambda _: "taken"

    @property
    def records(self) -> list[Sent]:
        """Return what is on the log, in order."""
        return [sent for _, sent in self.log]


@dataclass
class Producer:
    """What the relay uses of a producer."""

    relay: str
    broker: Broker

    async def send(
        self, topic: str, *, value: bytes | None, key: bytes, headers: Sequence[Any]
    ) -> "asyncio.Future[None]":
        """Put the record on the broker's log, lose it, refuse it, or lose the acknowledgement."""
        sent = (topic, key, value)
        verdict = self.broker.says(sent)
        if verdict == "unknown":  # the client asks for the topic's metadata for so long
            await asyncio.sleep(10)
            raise UnknownTopicOrPartitionError
        if verdict in REFUSALS:
            raise REFUSALS[verdict]
        if verdict in ("taken", "unacknowledged"):
            self.broker.log.append((self.relay, sent))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if verdict == "taken":
            future.set_result(None)
        elif verdict != "silent":
            future.set_exception(KafkaTimeoutError())
        return future

    async def stop(self) -> None:
        """Do nothing; there is nothing to close."""


class RelayToBroker(Relay):
    """The real relay, with the producer of a fake broker."""

    def __init__(self, database_url: str, broker: Broker, name: str = "a") -> None:
        super().__init__("notifier", database_url, "nowhere")
        self.made = 0
        self._name, self._broker = name, broker

    async def _live_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            self.made += 1
            self._producer = cast(AIOKafkaProducer, Producer(self._name, self._broker))
        return self._producer
