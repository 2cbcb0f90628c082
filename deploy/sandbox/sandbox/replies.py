"""The bus road back: every reply on each portal's own topic, from the first one on."""

import asyncio
import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError

from sandbox.bus_access import Bus
from sandbox.ending import let_go
from sandbox.journal import Journal
from sandbox.portals import ABOUT, PORTAL_REFERENCE, Outcome, Portals

REPLIES_TOPIC = "portal.replies.{portal}.v1"
RECEIVED_TYPE = "vn.hotich.portal.submission_received.v1"
REFUSED_TYPE = "vn.hotich.portal.submission_refused.v1"

_ATTEMPT_SECONDS = 5.0
_PAUSE_SECONDS = 1.0
_POLL_MS = 500
_QUIET_POLLS = 20

log = logging.getLogger(__name__)


class MalformedReply(Exception):
    """A record on a replies topic that keeps not to the contract."""


class ReaderStuck(Exception):
    """Records wait on the broker and the consumer does not bring them."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the intake to one portal, `about` what the portal sent."""

    portal: str
    portal_reference: str
    about: str
    reply_id: str
    outcome: Outcome


def parse_reply(value: bytes | None) -> Reply:
    """Return the reply in a record's value; raises MalformedReply without quoting it."""
    try:
        event = json.loads(value or b"")
        content = event["data"]
        portal, portal_reference = content["portal"], content["portal_reference"]
        reply_id, about = event["id"], content.get("about", "submission")
        if event["type"] == RECEIVED_TYPE:
            outcome = Outcome(content["dossier_code"], content["dossier_id"], None)
        elif event["type"] == REFUSED_TYPE:
            outcome = Outcome(None, None, dict(content["problem"]))
        else:
            raise MalformedReply("unknown type")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise MalformedReply("not a CloudEvent of a reply") from None
    texts = (portal, portal_reference, reply_id)
    if not all(isinstance(text, str) and PORTAL_REFERENCE.fullmatch(text) for text in texts):
        raise MalformedReply("portal, portal_reference or id is out of form")
    if about not in ABOUT:
        raise MalformedReply("about is out of form")
    return Reply(portal, portal_reference, about, reply_id, outcome)


class ReplyReader:
    """Reads without a group, so that a restart sees every reply again and loses none."""

    def __init__(
        self, bus: Bus, names: Collection[str], portals: Portals, journal: Journal
    ) -> None:
        self._bus = bus
        self._portals = portals
        self._journal = journal
        self._states = dict.fromkeys(names if bus.servers else (), "starting")

    @property
    def state(self) -> str:
        """Return `off`, `reading` when every portal reads, else what one that does not does."""
        if not self._states:
            return "off"
        return next((one for one in self._states.values() if one != "reading"), "reading")

    async def keep_reading(self) -> None:
        """Read for ever, beginning again after any trouble; ends at once without a broker."""
        # aiokafka repeats itself many times a second while a broker is away.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        await asyncio.gather(*map(self._keep_reading, self._states))

    async def _keep_reading(self, portal: str) -> None:
        while True:
            consumer = self._consumer(portal)
            try:
                await self._read(portal, consumer)
            except (KafkaError, TimeoutError, OSError, ReaderStuck) as trouble:
                if self._states[portal] != "unreachable":
                    log.warning("replies_unreachable cause=%s", type(trouble).__name__)
                self._states[portal] = "unreachable"
            finally:
                await let_go(consumer.stop(), _PAUSE_SECONDS)
            await asyncio.sleep(_PAUSE_SECONDS)

    def take(self, portal: str, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        """Journal the replies to a portal; what is none is left out with a warning."""
        for record in records:
            try:
                reply = parse_reply(record.value)
            except MalformedReply as malformed:
                place = (record.partition, record.offset)
                log.warning("reply_malformed partition=%d offset=%d cause=%s", *place, malformed)
                continue
            if reply.portal != portal or portal not in self._portals:
                log.warning("reply_for_another_portal portal=%s", portal)
                continue
            self._portals.reply(
                reply.portal, reply.portal_reference, reply.about, reply.reply_id, reply.outcome
            )

    def _consumer(self, portal: str) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            REPLIES_TOPIC.format(portal=portal),
            **self._bus.client(portal),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )

    async def _read(self, portal: str, consumer: AIOKafkaConsumer) -> None:
        async with asyncio.timeout(_ATTEMPT_SECONDS):
            await consumer.start()
        self._states[portal] = "reading"
        log.info("replies_reading partitions=%d", len(consumer.assignment()))
        quiet_polls = 0
        while True:
            batches = await consumer.getmany(timeout_ms=_POLL_MS, max_records=500)
            for records in batches.values():
                self.take(portal, records)
            await self._journal.durable()
            quiet_polls = 0 if batches else quiet_polls + 1
            if quiet_polls == _QUIET_POLLS:
                quiet_polls = 0
                await _check_nothing_waits(consumer)


async def _check_nothing_waits(consumer: AIOKafkaConsumer) -> None:
    # The consumer's inner tasks can die without a word, and then it waits for ever.
    async with asyncio.timeout(_ATTEMPT_SECONDS):
        ends = await consumer.end_offsets(consumer.assignment())
        for partition, end in ends.items():
            if await consumer.position(partition) < end:
                raise ReaderStuck
