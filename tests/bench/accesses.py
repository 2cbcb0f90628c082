"""What writing down every access costs the notifier, which opens most: with and without, in turns.

`python -m tests.bench.accesses` prints what share of the speed is left.
"""

import asyncio
import os
import statistics
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from local_stack.stack import Stack
from notifier.app import MIGRATIONS, make_part
from plumbing.accesses.blocks import Sealing
from plumbing.assembly import utc_now
from plumbing.calls import Answer, Call
from plumbing.database import Pool, open_pool
from plumbing.effects import Executor
from plumbing.inlets import LifecycleInlet, ParticularsInlet
from plumbing.migrating import migrate
from tests.integration.core_kit import RING, a_record, until
from tests.integration.notifier_bench import TOPIC_OF, a_dossier, particulars_record, some_data

ROOT = Path(__file__).parents[2]
DOSSIERS = int(os.environ.get("BENCH_DOSSIERS", "400"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "10"))
#: In the order they come; each is one batch of all the dossiers.
STEPS = ("submitted", "particulars", "routed", "accepted", "registered")
_OPEN = "SELECT count(*) FROM effect WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT')"


async def _nothing(*_: object, **__: object) -> None:
    """Write nothing down."""


async def _done(_: Call) -> Answer:
    return Answer("done", "")


async def _round(pool: Pool, batches: list[list[Any]], *, noted: bool) -> float:
    """Return how long a service takes for the batches and all calls that follow from them."""
    part = make_part(RING)
    inlet, particulars = LifecycleInlet(part, RING), ParticularsInlet(part, RING)
    callers = dict.fromkeys(("sms", "email", "portal"), _done)
    sealing = Sealing("notifier", pool, utc_now)
    with ExitStack() as without:
        if not noted:
            without.enter_context(patch("plumbing.accesses.opening.write", _nothing))
            without.enter_context(patch("plumbing.claiming.write", _nothing))
        started = time.monotonic()
        for step, batch in zip(STEPS, batches, strict=True):
            settle = particulars if step == "particulars" else inlet
            async with pool.acquire() as conn, conn.transaction():
                settled = await settle(conn, batch, datetime.now(UTC))
            assert settled.applied == len(batch)
        executor = asyncio.create_task(Executor(part, pool, RING, callers, utc_now).run())
        await until(lambda: _idle(pool), 60)
        while noted and await sealing.turn():
            pass
        seconds = time.monotonic() - started
        executor.cancel()
        await asyncio.gather(executor, return_exceptions=True)
    return seconds


async def _idle(pool: Pool) -> bool:
    return await pool.fetchval(_OPEN) == 0


def _batches() -> list[list[Any]]:
    dossiers = [a_dossier() for _ in range(DOSSIERS)]
    return [
        [
            particulars_record(one, some_data(), 1)
            if step == "particulars"
            else a_record(TOPIC_OF[step].name, one.says(step), str(one.id).encode())
            for one in dossiers
        ]
        for step in STEPS
    ]


async def measure(stack: Stack) -> dict[str, Any]:
    """Return dossiers per second with and without, and the median of the rounds' ratios."""
    url = stack.create_database("bench_accesses")
    await migrate(url, MIGRATIONS)
    pool = await open_pool(url, application="bench")
    await _round(pool, _batches(), noted=True)
    await _round(pool, _batches(), noted=False)
    pairs = []
    for number in range(ROUNDS):
        # The second of a pair finds the caches warmer: each is it every other time.
        order = (True, False) if number % 2 else (False, True)
        pairs.append({one: await _round(pool, _batches(), noted=one) for one in order})
    rows = await pool.fetchval("SELECT count(*) FROM access")
    await pool.close()
    best = {one: min(pair[one] for pair in pairs) for one in (True, False)}
    return {
        "dossiers_per_second_with": round(DOSSIERS / best[True]),
        "dossiers_per_second_without": round(DOSSIERS / best[False]),
        "rows_per_dossier": round(rows / DOSSIERS / (ROUNDS + 1), 1),
        "ratio_of_best": round(best[False] / best[True], 3),
        "ratio_median": round(statistics.median(one[False] / one[True] for one in pairs), 3),
    }


if __name__ == "__main__":
    with Stack(ROOT, name="bench-accesses", services=False, fresh=True) as started:
        for name, figure in asyncio.run(measure(started)).items():
            print(f"{name}: {figure}")
