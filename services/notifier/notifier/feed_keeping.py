"""Keeps the feed for so many days."""

import structlog

from notifier.feed_store import FORGET_ROWS, forget
from plumbing.database import TRANSIENT, Pool
from plumbing.logs import describe
from plumbing.waiting import rest

log = structlog.get_logger()

KEEPING_SECONDS = 3600.0


async def keep_feed(pool: Pool, days: int) -> None:
    """Delete what portals could read for that many days, some at a time, until cancelled."""
    while True:
        try:
            async with pool.acquire() as conn:
                more = await forget(conn, days) == FORGET_ROWS
        except TRANSIENT as error:
            log.warning("keeping_waits_for_database", error=describe(error))
            more = False
        await rest(1.0 if more else KEEPING_SECONDS)
