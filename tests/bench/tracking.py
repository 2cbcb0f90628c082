"""The citizen's pages with 100,000 dossiers: how long the server takes for each."""

import re
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from routing.domain import Accept
from tests.integration.routing_kit import OneStop, a_one_stop
from tests.integration.tracking_kit import RIGHT, WRONG, Citizen, Page, a_citizen, a_tracked

DOSSIERS, A_TIME, REQUESTS = 100_000, 1_000, 200
Ask = Callable[[int], Awaitable[Page]]


async def measure(database: str) -> dict[str, float]:
    """Return the milliseconds of each page, half and 95 % of the requests below it."""
    async with a_one_stop(database) as one_stop:
        codes = await _fill(one_stop)
        async with a_citizen(one_stop) as citizen:
            form = (await citizen.get("/tra-cuu")).text
            (csrf,) = re.findall(r'name="csrf" value="([^"]+)"', form)
            return await _measured(citizen, codes, csrf)


async def _fill(one_stop: OneStop) -> list[str]:
    codes = [f"H29.26737-261123-{n:06d}" for n in range(DOSSIERS)]
    for first in range(0, DOSSIERS, A_TIME):
        cases = [a_tracked().but(code=code) for code in codes[first : first + A_TIME]]
        async with one_stop.pool.acquire() as conn, conn.transaction():
            await one_stop.part.store.save(conn, cases)
    received = a_tracked(status="received", received_at=None, rounds=0)
    received = received.but(code="H29.26737-261124-0001")
    await one_stop.put(received)
    await one_stop.act(received, Accept("officer"))
    await one_stop.pool.execute("ANALYZE")
    return [received.code, *codes]


async def _measured(citizen: Citizen, codes: list[str], csrf: str) -> dict[str, float]:
    def asking(factor: str) -> Ask:
        async def ask(n: int) -> Page:
            # Each question counts against the one address there is here.
            citizen.one_stop.now += timedelta(minutes=2)
            sent = {"csrf": csrf, "code": codes[-n * 311 - 1], "factor": factor}
            return await citizen._send("POST", "/tra-cuu", data=sent)

        return ask

    figures = await _times("right", asking(RIGHT), 303)
    figures |= await _times("wrong", asking(WRONG), 422)
    await citizen.see(codes[0])
    for name, path in (("form", ""), ("dossier", "/ho-so"), ("receipt", "/giay-hen")):
        figures |= await _times(name, lambda n, path=path: citizen.get(f"/tra-cuu{path}"), 200)
    return figures


async def _times(name: str, ask: Ask, status: int) -> dict[str, float]:
    took = []
    for n in range(REQUESTS):
        began = time.perf_counter()
        page = await ask(n)
        took.append((time.perf_counter() - began) * 1000)
        assert page.status == status, page.status
    took.sort()
    half, most = took[REQUESTS // 2], took[-REQUESTS // 20]
    return {
        f"tracking_{name}_p50_ms": round(half, 1),
        f"tracking_{name}_p95_ms": round(most, 1),
    }
