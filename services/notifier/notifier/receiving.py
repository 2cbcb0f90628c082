"""Asks the gateways what became of the messages they took."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from notifier.channels import SmsGateway
from notifier.correspondence import Correspondence
from notifier.outside import NoAnswer, NotSent
from notifier.receipt_store import Taken, due_receipts, end_receipts, note_taken
from notifier.receipts import ASK_AFTER, Receipt, Undelivered, following
from plumbing.answers import cause_of
from plumbing.applying import Item, Part, apply_facts, lock
from plumbing.calls import Answer, Call, Caller
from plumbing.database import TRANSIENT, Pool
from plumbing.logs import describe, where
from plumbing.sealing import KeyRing
from plumbing.together import Together
from plumbing.valves import Valves
from plumbing.waiting import rest

log = structlog.get_logger()

LOOK_SECONDS = 1.0
ASKED_AT_ONCE = 200
#: Of them so many at a time: messages go out meanwhile.
ASKING = 4


#: Notes that a gateway took a message.
Note = Callable[[Taken], Awaitable[None]]


def notes(pool: Pool) -> Note:
    """Return what writes the notes, once for all that come at the same time."""
    return Together(partial(note_taken, pool))


def with_receipt(caller: Caller, note: Note) -> Caller:
    """Return the call that notes that its gateway took the message, so that it is asked on.

    A note that cannot be written costs the receipt, never the message: that was told.
    """

    async def noted(call: Call) -> Answer:
        answer = await caller(call)
        if answer.outcome == "done":
            try:
                await note(Taken(call.effect_id, call.dossier_id, call.kind))
            except TRANSIENT as error:
                log.warning("receipt_not_noted", kind=call.kind, error=describe(error))
        return answer

    return noted


@dataclass(frozen=True)
class Receipts:
    """Asks on until a message came to its end, and has the rule hear of what was not delivered."""

    part: Part[Correspondence]
    pool: Pool
    keys: KeyRing
    clock: Callable[[], datetime]
    gateways: Mapping[str, SmsGateway]
    valves: Valves
    wake: Callable[[], None]

    async def run(self) -> None:
        """Ask what is due every second until cancelled."""
        while True:
            try:
                while await self.ask_due() == ASKED_AT_ONCE:
                    pass
            except TRANSIENT as error:
                log.warning("receipts_wait_for_database", error=describe(error))
            await rest(LOOK_SECONDS)

    async def ask_due(self) -> int:
        """Ask about some messages; return how many were due."""
        async with self.pool.acquire() as conn:
            due = await due_receipts(conn, ASKED_AT_ONCE)
        turn = asyncio.Semaphore(ASKING)
        words = await asyncio.gather(*(self._word(row, turn) for row in due))
        ended = [(row, word) for row, word in zip(due, words, strict=True) if word != "taken"]
        await self._end_each(ended)
        return len(due)

    async def _word(self, row: Mapping[str, Any], turn: asyncio.Semaphore) -> Receipt:
        """Return where the message stands; a question that breaks says nothing, of it alone."""
        try:
            async with turn:
                said = following("taken", await self._said(row))
        except Exception as error:  # a bug of ours in one question: the others are heard
            _tell_not_heard(row, error)
            return "taken"
        return "unknown" if said == "taken" and row["asked"] >= len(ASK_AFTER) else said

    async def _said(self, row: Mapping[str, Any]) -> str:
        """Return the gateway's word; an empty one when it is away, or is another's now."""
        name = row["kind"].partition(":")[0]
        gateway, leave = self.gateways.get(name), self.valves.begin(name)
        if gateway is None or leave is None:
            return ""
        with leave:
            try:
                word = await gateway.word_on(row["effect_id"])
            except (NotSent, NoAnswer):
                leave.report("unknown", "receipt")
                return ""
            leave.report("done", "receipt")
            return word

    async def _end_each(self, ended: Sequence[tuple[Mapping[str, Any], Receipt]]) -> None:
        """Write how they ended; where they do not end together, each by itself."""
        if not ended:
            return
        try:
            await self._end(ended)
        except TRANSIENT:
            raise
        except Exception as error:  # of one dossier: a rule's bug, a contact that does not open
            if len(ended) > 1:
                for one in ended:
                    await self._end_each([one])
                return
            _tell_not_heard(ended[0][0], error)

    async def _end(self, ended: Sequence[tuple[Mapping[str, Any], Receipt]]) -> None:
        async with self.pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {row["dossier_id"]: "" for row, _ in ended})
            now = await end_receipts(conn, {row["effect_id"]: word for row, word in ended})
            failed = [row for row, word in ended if row["effect_id"] in now and word == "failed"]
            if not failed:
                return
            items = [self._item(row) for row in failed]
            await apply_facts(conn, self.part, self.keys, heads, items, self.clock())
        for row in failed:
            log.warning("sms_not_delivered", kind=row["kind"], dossier_id=str(row["dossier_id"]))
        self.wake()

    @staticmethod
    def _item(row: Mapping[str, Any]) -> Item:
        kind = row["kind"]
        cause = cause_of(row["effect_id"], kind, "undelivered", "failed")
        return Item(row["dossier_id"], Undelivered(kind), cause)


def _tell_not_heard(row: Mapping[str, Any], error: Exception) -> None:
    told = {"error": describe(error), "traceback": where(error)}
    log.error("receipt_not_heard", dossier_id=str(row["dossier_id"]), **told)
