"""What SMS may cost: a cap for each dossier and for each province, by the day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog

from contracts.model import local_day
from notifier.correspondence import Correspondence, News
from notifier.gateways import step_key
from notifier.parts import parts_of
from notifier.quiet import next_day
from notifier.reasons import OVER_CAP
from notifier.requests import SmsRequest
from notifier.store import CorrespondenceStore
from notifier.timing import not_before
from plumbing.calls import Answer, Call, Caller
from plumbing.database import TRANSIENT, Conn, Pool

log = structlog.get_logger()

_DOSSIER = """
SELECT coalesce(sum(cost) FILTER (WHERE day = $3), 0) AS spent,
    coalesce(bool_or(key = $2), false) AS counted
FROM sms_spent WHERE dossier_id = $1
"""
#: $1 province, $2 day; its row is locked until the transaction ends.
_DAY = """
INSERT INTO sms_day AS d (province_code, day, spent) VALUES ($1, $2, 0)
ON CONFLICT (province_code, day) DO UPDATE SET spent = d.spent RETURNING spent
"""
_SPEND = "INSERT INTO sms_spent (dossier_id, key, province_code, day, cost) VALUES ($1,$2,$3,$4,$5)"
_COUNT = "UPDATE sms_day SET spent = spent + $3 WHERE province_code = $1 AND day = $2"


@dataclass(frozen=True)
class Budget:
    """What a part of an SMS costs, and the caps of a day, all in đồng; None for no cap."""

    price: int
    dossier: int | None = None
    province: int | None = None

    @property
    def is_capped(self) -> bool:
        """Return whether anything is to be counted."""
        return self.price > 0 and (self.dossier is not None or self.province is not None)

    def allows(self, cost: int, dossier_spent: int, province_spent: int) -> bool:
        """Return whether so much more may be spent today; a cap may be reached, not passed."""
        return (self.dossier is None or dossier_spent + cost <= self.dossier) and (
            self.province is None or province_spent + cost <= self.province
        )


def is_urgent(news: News) -> bool:
    """Return whether the step goes out whatever it costs: it asks for something, or says no."""
    return news.step == "returned" and news.kind in ("supplement", "refused")


def holds_up_urgent(state: Correspondence, news: News) -> bool:
    """Return whether the step is urgent, or one waits behind it: steps are told in their order."""
    behind = state.news[state.news.index(news) + 1 :]
    return is_urgent(news) or any(is_urgent(one) for one in behind if one.citizen == "waiting")


def other_way(state: Correspondence, news: News) -> bool:
    """Return whether the person can be told by mail, and it was not tried."""
    has_mail = state.contact is not None and state.contact.email is not None
    return has_mail and "email" not in news.tried


@dataclass(frozen=True)
class Purse:
    """Counts what an SMS costs before it goes, once for each step, or says that it must wait."""

    budget: Budget
    pool: Pool
    store: CorrespondenceStore
    clock: Callable[[], datetime]

    def within_cap(self, caller: Caller) -> Caller:
        """Return the call that is made within the caps.

        Above them it is a `no` where the person has another way, and waits for the next day else.
        What was counted before, or is in doubt, goes on.
        """
        if not self.budget.is_capped:
            return caller

        async def careful(call: Call) -> Answer:
            if call.in_doubt:
                return await caller(call)
            now = self.clock()
            try:
                why = await self._refused(call, now)
            except TRANSIENT:
                return Answer("again", "database_away", ours=True)
            if why is None:
                return await caller(call)
            log.info("sms_over_cap", kind=call.kind, dossier_id=str(call.dossier_id), outcome=why)
            return (
                Answer("no", OVER_CAP, ours=True)
                if why == "other_way"
                else not_before(next_day(now), now, OVER_CAP)
            )

        return careful

    async def _refused(self, call: Call, now: datetime) -> str | None:
        """Count the message and return None, or return what becomes of it instead."""
        key, day = step_key(call.kind), local_day(now)
        text = SmsRequest.model_validate_json(call.request).text
        async with self.pool.acquire() as conn, conn.transaction():
            state = (await self.store.load(conn, [call.dossier_id])).get(call.dossier_id)
            news = next((one for one in state.news if one.key == key), None) if state else None
            if state is None or news is None:
                return None
            cost = parts_of(text) * self.budget.price
            province = await conn.fetchval(_DAY, state.province_code, day)
            dossier: Any = await conn.fetchrow(_DOSSIER, call.dossier_id, key, day)
            if dossier["counted"]:
                return None
            allowed = self.budget.allows(cost, dossier["spent"], province)
            if not (allowed or holds_up_urgent(state, news)):
                return "other_way" if other_way(state, news) else "next_day"
            await self._count(conn, call.dossier_id, key, state.province_code, day, cost)
        return None

    @staticmethod
    async def _count(
        conn: Conn, dossier_id: UUID, key: str, province: str, day: date, cost: int
    ) -> None:
        await conn.execute(_SPEND, dossier_id, key, province, day, cost)
        await conn.execute(_COUNT, province, day, cost)
