"""A portal's feed: pages in a stable order behind an opaque cursor that counts in one epoch."""

import asyncio
import base64
import binascii
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from notifier.feed_store import (
    START,
    Position,
    Row,
    begin_epoch,
    forgotten,
    load_epoch,
    load_next,
    place_before,
)
from plumbing.database import Pool
from plumbing.sealing import KeyRing, Sealed, Unsealable

LONGEST_WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.5
#: So many may wait for news at once in this process, and of one portal; others get their answer
#: at once and ask again.
WAITING, WAITING_OF_ONE = 64, 4
#: So many questions of portals are asked of the database at a time: the calls need it too.
AT_ONCE = 3


class NoSuchCursor(Exception):
    """What was given as a cursor is none of this portal's."""


class CursorGone(Exception):
    """The cursor leads nowhere any more; everything missed comes `since` then, as far as kept."""

    def __init__(self, reason: str, since: datetime) -> None:
        super().__init__(reason)
        self.reason, self.since = reason, since


@dataclass(frozen=True)
class Cursor:
    """A place in the feed of one epoch, and when what stands there was written."""

    epoch: UUID
    position: Position
    at: datetime


@dataclass(frozen=True)
class Page:
    """Updates in their order, each the callback's document, and the cursor after them."""

    bodies: tuple[str, ...]
    next: str


@dataclass
class Feed:
    """The feeds of all portals; each reads its own alone."""

    pool: Pool
    keys: KeyRing
    _waiting: Counter[str] = field(default_factory=Counter)
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def start(self, portal: str, since: datetime | None) -> str:
        """Return the cursor before everything that was written since, or that is kept."""
        async with self._turn, self.pool.acquire() as conn:
            epoch = await load_epoch(conn)
            found = await place_before(conn, portal, since) if since else None
            position = max(found or START, await forgotten(conn, portal))
        return self._sealed(portal, Cursor(epoch.epoch, position, since or epoch.since))

    async def after(self, portal: str, cursor: str, limit: int, wait_seconds: float = 0) -> Page:
        """Return what comes after the cursor, at most `limit`; waits for it when there is nothing.

        Raises NoSuchCursor or CursorGone.
        """
        until = time.monotonic() + min(wait_seconds, LONGEST_WAIT_SECONDS)
        place = self._opened(portal, cursor)
        rows = await self._rows(portal, place, limit)
        if not rows and wait_seconds and self._may_wait(portal):
            rows = await self._waited(portal, until, lambda: self._rows(portal, place, limit))
        if not rows:
            return Page((), cursor)
        last = Cursor(place.epoch, rows[-1].position, rows[-1].at)
        return Page(tuple(row.body for row in rows), self._sealed(portal, last))

    async def _rows(self, portal: str, cursor: Cursor, limit: int) -> list[Row]:
        async with self._turn, self.pool.acquire() as conn:
            epoch = await load_epoch(conn)
            if cursor.epoch != epoch.epoch:
                raise CursorGone("restored", cursor.at)
            if cursor.position >= Position(epoch.era, epoch.following, 0):
                # No such place was given yet: the database has gone back to before it was.
                await begin_epoch(conn, epoch.epoch)
                raise CursorGone("restored", cursor.at)
            rows = await load_next(conn, portal, cursor.position, limit)
            # Afterwards: what is deleted between the two questions would be passed over unseen.
            if cursor.position < await forgotten(conn, portal):
                raise CursorGone("no_longer_kept", cursor.at)
            return rows

    def _may_wait(self, portal: str) -> bool:
        return self._waiting.total() < WAITING and self._waiting[portal] < WAITING_OF_ONE

    async def _waited(
        self, portal: str, until: float, look: Callable[[], Awaitable[list[Row]]]
    ) -> list[Row]:
        self._waiting[portal] += 1
        try:
            rows: list[Row] = []
            while not rows and time.monotonic() < until:
                await asyncio.sleep(min(LOOK_SECONDS, max(0.0, until - time.monotonic())))
                rows = await look()
            return rows
        finally:
            self._waiting[portal] -= 1

    def _sealed(self, portal: str, cursor: Cursor) -> str:
        position = cursor.position
        plain = json.dumps(
            [
                cursor.epoch.hex,
                *(position.era, position.place, position.id),
                int(cursor.at.timestamp()),
            ]
        )
        packed = self.keys.seal(plain.encode(), _purpose(portal)).pack()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    def _opened(self, portal: str, text: str) -> Cursor:
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            plain = self.keys.open(Sealed.unpack(packed), _purpose(portal))
        except (binascii.Error, ValueError, Unsealable):
            raise NoSuchCursor from None
        epoch, era, place, number, at = json.loads(plain)
        return Cursor(UUID(epoch), Position(era, place, number), datetime.fromtimestamp(at, UTC))


def since_of(gone: CursorGone) -> datetime:
    """Return since when to read after a cursor was lost; what was read before may come again."""
    return gone.since - timedelta(hours=1)


def _purpose(portal: str) -> str:
    return f"feed:{portal}"
