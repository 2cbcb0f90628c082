"""Gathers what several dossiers have to say into calls of a bounded size."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

#: What comes within this time goes together.
GATHER_SECONDS = 0.05

Elements = Sequence[dict[str, str]]
#: Sends elements; returns the codes of the dossiers whose elements were refused, and why.
Send = Callable[[list[dict[str, str]]], Awaitable[dict[str, str]]]


class Batches:
    """Sends elements in chunks of at most `most`, in the order they came; a dossier's in theirs."""

    def __init__(self, send: Send, most: int) -> None:
        self._send, self._most = send, most
        self._waiting: deque[tuple[list[dict[str, str]], asyncio.Future[str]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def add(self, elements: Elements) -> str:
        """Return "" once all of them were taken, else why not; raises what Send does.

        At most `most` elements, all of one dossier.
        """
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append((list(elements), future))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        while self._waiting:
            chunk = [self._waiting.popleft()]
            while self._waiting and _count(chunk) + len(self._waiting[0][0]) <= self._most:
                chunk.append(self._waiting.popleft())
            # Whoever is not waiting any more is tried again as a call in doubt.
            await self._deliver([one for one in chunk if not one[1].done()])

    async def _deliver(
        self, chunk: list[tuple[list[dict[str, str]], "asyncio.Future[str]"]]
    ) -> None:
        if not chunk:
            return
        try:
            refused = await self._send([one for elements, _ in chunk for one in elements])
        except Exception as error:  # it is everyone's who waits for this call
            for _, future in chunk:
                if not future.done():
                    future.set_exception(error)
            return
        whole = refused.get("", "")
        if whole and len(chunk) > 1:
            # Nobody knows whose fault it is: each by itself, so that it costs only itself.
            for one in chunk:
                await self._deliver([one])
            return
        for elements, future in chunk:
            if not future.done():
                future.set_result(whole or refused.get(elements[0]["MaHoSo"], ""))


def _count(chunk: Sequence[tuple[list[Any], Any]]) -> int:
    return sum(len(elements) for elements, _ in chunk)
