"""Asks the gateways what became of the messages they took."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from notifier.channels import SmsGateway
from notifier.correspondence import Correspondence
from notifier.outside import NoAnswer, NotSent
from notifier.receipt_store import due_receipts, end_receipt, note_taken
from notifier.receipts import ASK_AFTER, Receipt, Undelivered, following
from plumbing.answers import cause_of
from plumbing.applying import Item, Part, apply_facts, lock
from plumbing.calls import Answer, Call, Caller
from plumbing.database import TRANSIENT, Pool
from plumbing.logs import describe, where
from plumbing.sealing import KeyRing
from plumbing.valves import Valves
from plumbing.waiting import rest

log = structlog.get_logger()

LOOK_SECONDS = 1.0
ASKED_AT_ONCE = 32


def with_receipt(caller: Caller, pool: Pool) -> Caller:
    """Return the call that notes that its gateway took the message, so that it is asked on.

    A note that cannot be written costs the receipt, never the message: that was told.
    """

    async def noted(call: Call) -> Answer:
        answer = await caller(call)
        if answer.outcome == "done":
            try:
                async with pool.acquire() as conn:
                    await note_taken(conn, call.effect_id, call.dossier_id, call.kind)
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
        for row in due:
            try:
                await self._ask(row)
            except TRANSIENT:
                raise
            except Exception as error:  # of one dossier: a rule's bug, a contact that does not open
                told = {"error": describe(error), "traceback": where(error)}
                log.error("receipt_not_heard", dossier_id=str(row["dossier_id"]), **told)
        return len(due)

    async def _ask(self, row: Mapping[str, Any]) -> None:
        said = following("taken", await self._said(row))
        if said == "taken" and row["asked"] >= len(ASK_AFTER):
            said = "unknown"
        if said != "taken":
            await self._end(row, said)

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

    async def _end(self, row: Mapping[str, Any], status: Receipt) -> None:
        effect_id, dossier_id, kind = row["effect_id"], row["dossier_id"], row["kind"]
        async with self.pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {dossier_id: ""})
            if not await end_receipt(conn, effect_id, status) or status != "failed":
                return
            cause = cause_of(effect_id, kind, "undelivered", status)
            items = [Item(dossier_id, Undelivered(kind), cause)]
            await apply_facts(conn, self.part, self.keys, heads, items, self.clock())
        log.warning("sms_not_delivered", kind=kind, dossier_id=str(dossier_id))
        self.wake()
