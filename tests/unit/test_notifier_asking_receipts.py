"""Questions about receipts: one that breaks is nobody else's trouble."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from notifier import receiving
from notifier.receipts import ASK_AFTER
from notifier.receiving import Receipts
from plumbing.valves import Valves

BROKEN, DELIVERED = UUID(int=1), UUID(int=2)


class Gateway:
    """Says that everything was delivered, but for one message it breaks at."""

    async def word_on(self, effect_id: UUID) -> str:
        """Return the word on the message."""
        if effect_id == BROKEN:
            raise ZeroDivisionError
        return "delivered"


class NoDatabase:
    """Gives connections that nobody uses."""

    @asynccontextmanager
    async def acquire(self) -> Any:
        """Give one."""
        yield None


async def test_given_a_question_that_breaks_then_the_other_receipts_are_heard(monkeypatch):
    due = [
        {"effect_id": one, "dossier_id": one, "kind": "sms:accepted", "asked": len(ASK_AFTER)}
        for one in (BROKEN, DELIVERED)
    ]
    ended: list[tuple[UUID, str]] = []

    async def are_due(*_: object) -> list[dict[str, Any]]:
        return due

    async def end(_: Receipts, those: Any) -> None:
        ended.extend((row["effect_id"], word) for row, word in those)

    monkeypatch.setattr(receiving, "due_receipts", are_due)
    monkeypatch.setattr(Receipts, "_end", end)
    gateways: Any = {"sms": Gateway()}
    unused: Any = SimpleNamespace()
    pool: Any = NoDatabase()
    receipts = Receipts(unused, pool, unused, unused, gateways, Valves(), lambda: None)

    async with asyncio.timeout(10):
        assert await receipts.ask_due() == 2

    assert ended == [(DELIVERED, "delivered")]
