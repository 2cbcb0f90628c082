"""What a portal is told of its deliveries, and how one is sent again."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field

from contracts.decision import Refused
from contracts.envelope import Cause, sha256
from contracts.model import Contract, DossierCode, PortalReference, Step
from notifier.comparing_rules import AGAIN
from notifier.correspondence import Correspondence
from notifier.deliveries_store import Status, asked_before, load_attempts, load_one, load_page
from notifier.redelivering import ASKED, MOST_A_DAY, Redeliver
from plumbing.applying import Item, Part, apply, lock
from plumbing.assembly import Running

#: What became of one attempt. `interrupted`: our process ended in the middle of it. `ours`: the
#: trouble was here.
AnswerClass = Literal[
    "delivered",
    "gone",
    "redirect_not_followed",
    "refused",
    "server_error",
    "not_connected",
    "address_not_allowed",
    "no_answer",
    "given_up",
    "interrupted",
    "ours",
]
_BY_REASON: dict[str, AnswerClass] = {
    "not_connected": "not_connected",
    "address_not_allowed": "address_not_allowed",
    "no_answer": "no_answer",
    "no_answer_in_time": "no_answer",
    "http_410": "gone",
    "horizon": "given_up",
    "discarded": "given_up",
}
_BY_FIRST_DIGIT: dict[str, AnswerClass] = {"3": "redirect_not_followed", "4": "refused"}
#: So many questions of portals are asked of the database at a time: the calls need it too.
AT_ONCE = 2
_HTTP = re.compile(r"http_([1-5][0-9]{2})\b")


class DeliveryAttempt(Contract):
    """One try: when it ended, what came back, and the HTTP status if one did."""

    attempt: int
    at: AwareDatetime
    answer: AnswerClass
    http_status: int | None = None


class Delivery(Contract):
    """One callback. Its `id` is the `webhook-id` it is sent with.

    `again` is 0 for the first message of a step, else the number of the one sent again.
    `next_try_at`: not before then; later while the portal is away or the lane is paused.
    """

    id: UUID
    portal_reference: PortalReference
    dossier_code: DossierCode
    step: Step
    event_id: UUID
    again: int
    status: Status
    attempts_made: int
    last_answer: AnswerClass | None = None
    created_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    next_try_at: AwareDatetime | None = None


class DeliveryTrace(Delivery):
    """A callback with its attempts: of one tried for days the first ten and the latest fifty."""

    attempts: tuple[DeliveryAttempt, ...]


class Deliveries(Contract):
    """A page of a portal's deliveries, the oldest first; `next` is empty at the end."""

    items: Annotated[tuple[Delivery, ...], Field(max_length=1000)]
    next: str = ""


class NoSuchDelivery(Exception):
    """The portal has no delivery of that id."""


class NotNow(Exception):
    """It cannot be sent again now: `under_way`, or `too_often` today."""


def answer_class(outcome: str, reason: str) -> AnswerClass:
    """Return in one word what an attempt came to."""
    if outcome == "done":
        return "delivered"
    if outcome == "lost":
        return "interrupted"
    if reason in _BY_REASON:
        return _BY_REASON[reason]
    if found := _HTTP.fullmatch(reason):
        return _BY_FIRST_DIGIT.get(found[1][0], "server_error")
    return "ours"


@dataclass(frozen=True)
class DeliveryDesk:
    """Answers portals about their deliveries."""

    running: Running
    part: Part[Correspondence]
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def page(
        self, portal: str, after: int, limit: int, status: Status | None, reference: str | None
    ) -> Deliveries:
        """Return the deliveries after that place; of the dossier of that reference, or all."""
        async with self._turn, self.running.pool.acquire() as conn:
            rows = await load_page(conn, portal, after, limit, status, reference)
        more = str(rows[-1]["position"]) if len(rows) == limit else ""
        if reference is not None and status is not None:
            rows = [row for row in rows if row["status"] == status]
        return Deliveries(items=tuple(Delivery(**_shown(row)) for row in rows), next=more)

    async def trace(self, portal: str, delivery_id: UUID) -> DeliveryTrace:
        """Return the delivery with its attempts; raises NoSuchDelivery."""
        async with self._turn, self.running.pool.acquire() as conn:
            row = await load_one(conn, portal, delivery_id)
            if row is None:
                raise NoSuchDelivery
            attempts = await load_attempts(conn, delivery_id)
        return DeliveryTrace(**_shown(row), attempts=_attempts(row, attempts))

    async def redeliver(self, portal: str, delivery_id: UUID) -> UUID:
        """Send the step once more under an id of its own, which is returned.

        Raises NoSuchDelivery or NotNow.
        """
        pool, now = self.running.pool, self.running.clock()
        async with self._turn, pool.acquire() as conn, conn.transaction():
            row = await load_one(conn, portal, delivery_id)
            if row is None:
                raise NoSuchDelivery
            dossier_id, key = row["dossier_id"], row["kind"].split(":")[1]
            heads = await lock(conn, {dossier_id: row["dossier_code"]})
            today, latest = await asked_before(conn, dossier_id, key)
            if today >= MOST_A_DAY:
                raise NotNow("too_often")
            cause = Cause(f"{ASKED}{delivery_id}", sha256(f"{portal}:{latest + 1}".encode()))
            item = Item(dossier_id, Redeliver(key, latest + 1), cause)
            decisions = await apply(conn, self.part, self.running.keys, heads, [item], now)
            if isinstance(decisions[0], Refused):
                raise NotNow(decisions[0].reason)
        self.running.wake()
        return uuid5(dossier_id, f"portal:{key}{AGAIN}{latest + 1}")


def _shown(row: Any) -> dict[str, Any]:
    is_open = row["status"] in ("waiting", "failing")
    told = row["reason"] or row["state"] in ("DONE", "REJECTED", "MANUAL")
    outcome = "done" if row["state"] == "DONE" else ""
    return {
        "id": row["effect_id"],
        "portal_reference": row["portal_reference"],
        "dossier_code": row["dossier_code"],
        "step": row["step"],
        "event_id": row["event_id"],
        "again": int(row["kind"].partition(AGAIN)[2] or 0),
        "status": row["status"],
        "attempts_made": row["attempt"],
        "last_answer": answer_class(outcome, row["reason"] or "") if told else None,
        "created_at": row["created_at"],
        "ended_at": row["ended_at"],
        "next_try_at": row["due_at"] if is_open else None,
    }


def _attempts(row: Any, kept: Sequence[Any]) -> tuple[DeliveryAttempt, ...]:
    """Return the attempts; the one that succeeded at once is kept by the call alone."""
    if row["state"] == "DONE" and row["attempt"] == 1 and not kept:
        at: datetime = row["ended_at"]
        return (DeliveryAttempt(attempt=1, at=at, answer="delivered"),)
    return tuple(
        DeliveryAttempt(
            attempt=one["attempt"],
            at=one["at"],
            answer=answer_class(one["outcome"], one["reason"]),
            http_status=_status_in(one["reason"]) or _status_in(one["steps"]),
        )
        for one in kept
    )


def _status_in(text: str) -> int | None:
    found = _HTTP.search(text)
    return int(found[1]) if found else None
