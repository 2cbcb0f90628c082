"""The board of the provinces as a stop of the replay reads it, and as it prints it."""

import asyncio
import json
import time
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
from rich.table import Table

from local_stack.errors import StackFailed
from local_stack.status import Status

Board: TypeAlias = dict[str, Any]
READER = "board-reader"
#: For so long the counters may still lack what was sent.
COUNTED_SECONDS = 30.0


async def read(status: Status, days: tuple[date, date], sent: int, day: date) -> Board:
    """Return the board over the days, once it counts what was sent on the day; else StackFailed."""
    first, last = days
    query = {"from": first.isoformat(), "to": last.isoformat(), "by": "month"}
    until = time.monotonic() + COUNTED_SECONDS
    async with aiohttp.ClientSession() as session:
        headers = {"authorization": f"Bearer {await token(session, status)}"}
        today = {"from": day.isoformat(), "to": day.isoformat(), "by": "day"}
        while time.monotonic() < until:
            now = await _board(session, status, headers, today)
            if sum(sum(one["roads"].values()) for one in now["provinces"]) >= sent:
                return await _board(session, status, headers, query)
            await asyncio.sleep(0.2)
    raise StackFailed("board", f"does not count the {sent} dossiers of {day}")


async def token(session: aiohttp.ClientSession, status: Status) -> str:
    """Return an access token of the board's reader."""
    auth = aiohttp.BasicAuth(READER, _secret(status))
    url, form = f"{status.sandbox['url']}/oauth/token", {"grant_type": "client_credentials"}
    async with session.post(url, data=form, auth=auth) as response:
        return str((await response.json())["access_token"])


def _secret(status: Status) -> str:
    kept = json.loads(Path(status.secrets).read_text("utf-8"))
    return str(kept["clients"][READER]["secret"])


async def _board(
    session: aiohttp.ClientSession,
    status: Status,
    headers: dict[str, str],
    query: dict[str, str],
) -> Board:
    url = f"{status.urls['routing']}/v1/board"
    async with session.get(url, headers=headers, params=query) as response:
        if response.status != 200:
            raise StackFailed("board", f"answers {response.status}: {await response.text()}")
        found: Board = await response.json()
        return found


def grid(day: date, board: Board) -> Table:
    """Return a row for each province: its state, what came by which road, what is still open."""
    table = Table(title=f"{day:%d/%m/%Y}", title_justify="left", pad_edge=False)
    for name in ("province", "state", "portals", "old form", "by portals", "open on the old road"):
        table.add_column(name)
    for one in board["provinces"]:
        roads, old = one["roads"], one["old_road"]
        portals = roads.get("national-portal", 0) + roads.get("provincial-portal", 0)
        direct, whole = roads.get("moj-direct", 0), sum(roads.values())
        share = percent(portals, whole)
        waits = f"{old['open']}, oldest {old['oldest_days']} days" if old["open"] else ""
        state = one["move"]["state"] if one["move"] else ""
        table.add_row(one["name"], state, str(portals), str(direct), share, waits)
    return table


def percent(part: int, whole: int) -> str:
    """Return the share in words, rounded so that neither all nor none is said of a part."""
    if not whole:
        return ""
    rounded = int(100 * part / whole + 0.5)
    return f"{rounded if part in (0, whole) else min(max(rounded, 1), 99)} %"


def links(status: Status, days: tuple[date, date]) -> list[str]:
    """Return where the board shows the months of the replay."""
    first, last = days
    address = f"{status.urls['board']}/tien-do"
    return [
        f"The board shows the last 90 days unless asked for others: {address}",
        f"All months: {address}?from={first}&to={last}&by=month",
    ]
