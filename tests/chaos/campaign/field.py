"""Where a campaign takes place: the stack, what reaches it directly, and its processes."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from local_stack.stack import Stack
from local_stack.status import Status

#: Our own connections carry it, so that no fault ends them by name.
CAMPAIGN = "campaign"
RETURN_SECONDS = 40.0


class NotDone(Exception):
    """A fault that could not be carried out; says why."""


@dataclass(frozen=True)
class Field:
    """The stack, its addresses past every detour, and an HTTP client; `folder` is the overlay's."""

    stack: Stack
    status: Status
    folder: Path
    http: aiohttp.ClientSession
    seed: int

    async def pid(self, process: str) -> int:
        """Return the id of a process that runs, 0 for one that does not."""
        now = await asyncio.to_thread(self.stack.status)
        return now.pids.get(process, 0) if now.components.get(process) == "running" else 0

    async def running(self, process: str) -> int:
        """Return the id of a process once it runs; raises NotDone when it does not come."""
        give_up = time.monotonic() + RETURN_SECONDS
        while not (pid := await self.pid(process)):
            if time.monotonic() > give_up:
                raise NotDone(f"{process} does not run")
            await asyncio.sleep(0.1)
        return pid

    async def signal(self, process: str, number: signal.Signals) -> int:
        """Send a signal to a process, once it runs, and return its id."""
        pid = await self.running(process)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        return pid

    async def back(self, process: str, before: int, seconds: float = RETURN_SECONDS) -> bool:
        """Return whether a process runs under another id than before within so many seconds."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if (pid := await self.pid(process)) and pid != before:
                return True
            await asyncio.sleep(0.1)
        return False

    async def ask(self, method: str, url: str, body: dict[str, Any] | None = None) -> Any:
        """Give an order to the sandbox or the detours, once they are there.

        Raises NotDone when it is refused, or they do not come back.
        """
        give_up = time.monotonic() + RETURN_SECONDS
        while True:
            try:
                async with self.http.request(method, url, json=body) as response:
                    if response.status >= 300:
                        raise NotDone(f"{method} {url}: {await response.text()}")
                    return await response.json() if response.status != 204 else None
            except (aiohttp.ClientError, TimeoutError) as away:
                if time.monotonic() > give_up:
                    raise NotDone(f"{method} {url}: {type(away).__name__}") from None
            await asyncio.sleep(0.2)

    @contextlib.asynccontextmanager
    async def database(self, url: str) -> AsyncIterator[Any]:
        """Yield a connection past every detour that no fault ends."""
        connection = await self._connected(url)
        try:
            yield connection
        finally:
            connection.terminate()

    async def _connected(self, url: str) -> Any:
        named = {"application_name": CAMPAIGN}
        give_up = time.monotonic() + RETURN_SECONDS
        while True:
            try:
                return await asyncpg.connect(
                    url, timeout=5, command_timeout=10, server_settings=named
                )
            except (asyncpg.PostgresError, OSError, TimeoutError):
                # It may recover from another fault.
                if time.monotonic() > give_up:
                    raise
            await asyncio.sleep(0.2)
