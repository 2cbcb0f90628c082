"""Puts what many ask at the same time into one question."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

#: So many are asked for in one question; more wait for the next one.
MOST = 500


class Together(Generic[Q, A]):
    """One question for all who ask at the same time, or while the question before is under way.

    `ask` gives an answer for each, in their order; what it raises all of them hear. Whoever asks
    alone is asked for at once.
    """

    def __init__(self, ask: Callable[[list[Q]], Awaitable[Sequence[A]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, one: Q) -> A:
        """Return the answer to that one; raises what the question raised."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_for_all())
        return await answer

    async def _ask_for_all(self) -> None:
        batch: list[tuple[Q, asyncio.Future[A]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._ask_for(batch)
        finally:
            self._asking = None
            for _, answer in (*batch, *self._waiting):
                answer.cancel()
            self._waiting = []

    async def _ask_for(self, batch: Sequence[tuple[Q, "asyncio.Future[A]"]]) -> None:
        try:
            answers = await self._ask([one for one, _ in batch])
        except Exception as error:  # whoever asked decides what comes of it
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), said in zip(batch, answers, strict=True):
            if not answer.done():
                answer.set_result(said)
