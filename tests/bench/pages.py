"""How long people wait for a page, with 100,000 dossiers stored and 2,000 open at one unit.

The pages are served over HTTP by one process on a real database; the reader shares its core.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from statistics import quantiles
from typing import Any, TypeAlias

from rich.console import Console

from local_stack.stack import Stack
from routing.desk_pages.front import PATH
from routing.domain import Accept, Case
from tests.bench import tracking
from tests.integration.desk_pages_kit import PERSON, Clerk, a_clerk, desk_pages
from tests.integration.routing_kit import NOW, UNIT, OneStop, a_case, a_due, a_one_stop
from tests.unit.builders import some_particulars
from tests.unit.pages_kit import Issuer, word_of

STORED, OPEN_AT_UNIT, WITH_PEOPLE = 100_000, 2_000, 200
READS, WARM = 200, 10

# Like the case given, on all lists of the unit and, decided, everywhere else.
_FILL = """
INSERT INTO dossier_case (dossier_id, code, status, unit_code, unit_on, procedure_code, papers,
    submitted_at, due_at, due_on, reception_due_at, supplement_due_at, rest)
SELECT gen_random_uuid(), format('H29.%s-261123-%s', unit, lpad(n::text, 7, '0')),
    CASE WHEN n > $2 THEN (ARRAY['handed_over', 'refused', 'withdrawn'])[n % 3 + 1]
        ELSE (ARRAY['received', 'accepted', 'accepted', 'supplement', 'stopped', 'registered'])
            [n % 6 + 1] END,
    unit, c.unit_on, c.procedure_code, c.papers, c.submitted_at, due, due::date, due, due, c.rest
FROM generate_series(1, $3) n
CROSS JOIN (SELECT * FROM dossier_case WHERE dossier_id = $1) c
CROSS JOIN LATERAL (SELECT c.submitted_at + n % 300 * interval '40 minutes' AS due,
    CASE WHEN n <= $2 OR n % 20 = 0 THEN c.unit_code
        ELSE lpad((n % 3000 + 20000)::text, 5, '0') END AS unit) made
"""

#: Asks for one page and returns its status; the number tells one reading from another.
Read: TypeAlias = Callable[[int], Awaitable[int]]


async def measure(stack: Stack, console: Console) -> dict[str, Any]:
    """Return milliseconds until a page is there, the half and 95 of 100, by page."""
    console.print(f"pages: {STORED} dossiers, {OPEN_AT_UNIT} of them open at one unit")
    async with AsyncExitStack() as opened:
        one_stop = await opened.enter_async_context(
            a_one_stop(stack.create_database("bench_pages"))
        )
        cases = await fill(one_stop)
        issuer = await opened.enter_async_context(Issuer().running())
        url = await opened.enter_async_context(desk_pages(one_stop, issuer.url))
        clerk = await opened.enter_async_context(a_clerk(one_stop, url, issuer))
        await clerk.sign_in(PERSON)
        figures: dict[str, Any] = {"stored": STORED, "open_at_unit": OPEN_AT_UNIT}
        # Pages of others are added here, by what they are called in the figures.
        for name, read in (await desk_reads(clerk, cases)).items():
            figures |= await timed(name, read)
    return figures | await tracking.measure(stack.create_database("bench_tracking"))


async def fill(one_stop: OneStop) -> list[Case]:
    """Store everything; return the cases of the unit that have personal data."""
    data = some_particulars()
    cases = [
        a_case(9_000_000 + n, reception_due=a_due(NOW + timedelta(minutes=n)), particulars=data)
        for n in range(WITH_PEOPLE)
    ]
    await one_stop.put(*cases)
    for case in cases[: WITH_PEOPLE // 2]:
        await one_stop.act(case, Accept(PERSON))
    pattern, more = cases[0].dossier_id, STORED - WITH_PEOPLE
    async with one_stop.pool.acquire() as conn:
        await conn.execute("SET statement_timeout = 0")
        await conn.execute(_FILL, pattern, OPEN_AT_UNIT - WITH_PEOPLE, more, timeout=300)
        await conn.execute("VACUUM ANALYZE dossier_case", timeout=300)
    held = await one_stop.pool.fetchval(
        "SELECT count(*) FROM dossier_case WHERE unit_code = $1 AND status NOT IN"
        " ('handed_over', 'refused', 'withdrawn')",
        UNIT,
    )
    assert held == OPEN_AT_UNIT
    return cases


async def desk_reads(clerk: Clerk, cases: list[Case]) -> Mapping[str, Read]:
    """Return the pages of the officer's desk."""
    word = word_of((await clerk.get())[1])

    async def waiting(number: int) -> int:
        return (await clerk.get("/"))[0]

    async def filtered(number: int) -> int:
        return (await clerk.get("/?list=in_process&procedure=1.000894"))[0]

    async def dossier(number: int) -> int:
        return (await clerk.dossier(cases[number % len(cases)]))[0]

    async def search(number: int) -> int:
        form = {"csrf": word, "code": f"{number % 1000:04d}"}
        answer = await clerk.visitor.post(f"{PATH}/tim", form)
        return 200 if answer.status in (200, 303, 404) else answer.status

    return {"list": waiting, "filtered_list": filtered, "dossier": dossier, "search": search}


async def timed(name: str, read: Read) -> dict[str, float]:
    """Return the half and 95 of 100 of some readings, in milliseconds."""
    taken = []
    for number in range(-WARM, READS):
        begin = time.perf_counter()
        status = await read(number)
        if number >= 0:
            taken.append((time.perf_counter() - begin) * 1000)
        assert status == 200, f"{name}: {status}"
    cuts = quantiles(taken, n=100, method="inclusive")
    return {f"{name}_p50_ms": round(cuts[49], 1), f"{name}_p95_ms": round(cuts[94], 1)}
