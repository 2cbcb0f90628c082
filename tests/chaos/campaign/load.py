"""The portals' load: an open loop through the sandbox, with a journal of its own on disk."""

import asyncio
import json
import os
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import aiohttp

from local_stack.tracks import Track
from tests.chaos.campaign.course import Sent
from tests.chaos.campaign.field import Field
from tests.chaos.campaign.orders import Order
from tests.chaos.campaign.personal import personal_values

#: How long a portal that does not give up goes on asking for one answer.
PATIENCE_SECONDS = 120.0
_ONE_CALL = aiohttp.ClientTimeout(total=70.0, connect=2.0)
_LOOK_SECONDS = 0.5


class LoadJournal:
    """One JSON line for each request before it is sent and each answer, on disk at once."""

    def __init__(self, path: Path) -> None:
        """Make the file, empty."""
        self._file = path.open("wb")
        self._turn = asyncio.Lock()

    async def note(self, kind: str, reference: str, **facts: object) -> None:
        """Return when the line is on disk."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "kind": kind, "reference": reference, **facts})
        async with self._turn:
            await asyncio.to_thread(self._write, line.encode() + b"\n")

    def _write(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True)
class _Answer:
    """What came back of one call: `info` is neither yes nor no."""

    outcome: Literal["ok", "refused", "info"]
    code: str | None = None
    dossier_id: str | None = None


class Load:
    """Sends the orders at their time, whatever became of those before, and what follows them."""

    def __init__(
        self, field: Field, orders: Sequence[Order], tracks: Sequence[Track], journal: LoadJournal
    ) -> None:
        self._field = field
        self._orders = orders
        self._journal = journal
        self._tracks = tracks
        self._by_reference = {_reference(track): track for track in tracks}
        self._sent: dict[str, Sent] = {}
        #: What was really sent of people: each campaign has its own.
        self.personal: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    async def run(self) -> None:
        """Return when the last order was begun; `settle` waits for the answers."""
        began = time.monotonic()
        for order in self._orders:
            await asyncio.sleep(max(0.0, began + order.at - time.monotonic()))
            self._begin(self._deliver(order))

    async def follow(self) -> None:
        """Send, for ever, what portals have to send once the one-stop asks for it."""
        while True:
            for track in self._tracks:
                if what := track.follow_up:
                    # Before the answer: the one-stop may decide again while the portal waits.
                    track.follow()
                    left = len(track.then)
                    key = f"{_reference(track)}-{what.send}-{left}"
                    portal = track.sample.portal
                    self._begin(self._insist(portal, what.send, what.road, what.body, key))
            await asyncio.sleep(_LOOK_SECONDS)

    async def settle(self) -> None:
        """Return when every call has its answer, or its portal gave up; raises what broke us."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._failures:
            raise self._failures[0]

    async def stop(self) -> None:
        """Drop what is under way; for a campaign that is broken off."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def sent(self) -> tuple[Sent, ...]:
        """Return every dossier with its outcome, those of the bus by the replies that came."""
        portals = sorted({one.portal for one in self._sent.values()})
        known: dict[tuple[str, str], dict[str, Any]] = {}
        for portal in portals:
            url = f"{self._field.status.sandbox['url']}/portals/{portal}/dossiers"
            for one in await self._field.ask("GET", url):
                known[portal, one["portal_reference"]] = one
        return tuple(
            _by_replies(one, known.get((one.portal, one.reference), {}))
            for one in self._sent.values()
        )

    def _begin(self, coroutine: Any) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._failures.append(error)

    async def _deliver(self, order: Order) -> None:
        sample = order.sample
        self._sent[order.reference] = Sent(
            portal=sample.portal,
            reference=order.reference,
            road=sample.road,
            expect=sample.expect,
            sent_at=datetime.now(UTC),
            outcome="info",
            times=0,
        )
        times = 2 if order.repeat == "at_once" else 1
        await asyncio.gather(*(self._submit(order) for _ in range(times)))
        if order.repeat == "again":
            await asyncio.sleep(random.Random(order.reference).uniform(1, 10))
            await self._submit(order)
        for number, papers in enumerate(order.papers):
            key = f"{order.reference}-papers-{number}"
            await self._insist(sample.portal, "supplement", "http", papers, key)

    async def _submit(self, order: Order) -> None:
        """Send until answered; the same key makes that safe."""
        sample, give_up = order.sample, time.monotonic() + PATIENCE_SECONDS
        while True:
            known = self._sent[order.reference]
            self._sent[order.reference] = replace(known, times=known.times + 1)
            answer = await self._call(
                sample.portal, "submission", sample.road, sample.submission, order.reference
            )
            if answer.outcome != "info":
                self._note(order.reference, answer)
                return
            if order.gives_up or time.monotonic() > give_up:
                return
            await asyncio.sleep(1)

    async def _insist(
        self, portal: str, about: str, road: str, document: dict[str, Any], key: str
    ) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            answer = await self._call(portal, about, road, document, key)
            if answer.outcome != "info":
                return
            await asyncio.sleep(1)

    async def _call(
        self, portal: str, about: str, road: str, document: dict[str, Any], key: str
    ) -> _Answer:
        reference = str(document["portal_reference"])
        self.personal |= personal_values(document)
        facts = {"portal": portal, "about": about, "road": road}
        await self._journal.note("sent", reference, **facts)
        url = f"{self._field.status.sandbox['url']}/portals/{portal}/{about}s"
        body = {"road": road, about: document, "idempotency_key": key}
        answer, status = _Answer("info"), 0
        with suppress(aiohttp.ClientError, TimeoutError, ValueError):
            async with self._field.http.post(url, json=body, timeout=_ONE_CALL) as response:
                status = response.status
                answer = _read(status, await response.json())
        await self._journal.note(answer.outcome, reference, **facts, http=status, code=answer.code)
        return answer

    def _note(self, reference: str, answer: _Answer) -> None:
        known = self._sent[reference]
        self._sent[reference] = replace(
            known, outcome=answer.outcome, code=answer.code, dossier_id=answer.dossier_id
        )
        if answer.outcome == "refused":
            self._by_reference[reference].state = "refused"


def _read(status: int, document: dict[str, Any]) -> _Answer:
    if status == 202:
        return _Answer("ok")
    if status >= 300:
        return _Answer("info")
    if document["problem"]:
        return _Answer("refused")
    return _Answer("ok", document["dossier_code"], document["dossier_id"])


def _by_replies(sent: Sent, known: dict[str, Any]) -> Sent:
    """Return what is known in the end: on the bus a reply says it, and one that is missing tells.

    A record the broker acknowledged stays `ok` without a code when no reply came.
    """
    if known.get("dossier_code"):
        code, dossier_id = known["dossier_code"], known["dossier_id"]
        return replace(sent, outcome="ok", code=code, dossier_id=dossier_id)
    return replace(sent, outcome="refused") if known.get("problem") else sent


def _reference(track: Track) -> str:
    return str(track.sample.submission["portal_reference"])
