"""A call that waits for its hour is neither old nor without an answer: nobody is woken for it."""

import asyncio
import contextlib
from uuid import uuid4

import asyncpg
import pytest

from plumbing import metrics
from plumbing.database import open_pool
from plumbing.migrating import migrate
from plumbing.valves import Valves
from plumbing.watching import refresh_gauges
from tests.integration.core_kit import until

SERVICE = "held-back"


async def a_call(conn: asyncpg.Connection, *, due_in: float, in_doubt: bool = False) -> None:
    """Write a call that was asked for two hours ago."""
    await conn.execute(
        "INSERT INTO effect (effect_id, dossier_id, kind, lane, state, in_doubt, cause_id,"
        " cause_hash, created_at, due_at) VALUES ($1, $1, 'sms:accepted', 'citizen', $2, $3, '',"
        " '', clock_timestamp() - interval '2 hours',"
        " clock_timestamp() + make_interval(secs => $4))",
        uuid4(),
        "IN_DOUBT" if in_doubt else "PENDING",
        in_doubt,
        due_in,
    )


def gauges() -> dict[str, float]:
    """Return the ages and counts shown, by name."""
    return {
        "pending": metrics.EFFECTS_OPEN.labels(SERVICE, "pending")._value.get(),
        "in_doubt": metrics.EFFECTS_OPEN.labels(SERVICE, "in_doubt")._value.get(),
        "oldest": metrics.EFFECT_AGE.labels(SERVICE)._value.get(),
        "doubt_oldest": metrics.STUCK_AGE.labels(SERVICE, "in_doubt")._value.get(),
    }


@pytest.mark.parametrize(("due_in", "is_old"), [(3000, False), (0, True), (50, True)])
async def test_given_a_call_of_two_hours_then_it_is_old_unless_it_is_held_back(
    database: str, due_in: float, is_old: bool
) -> None:
    await migrate(database)
    conn = await asyncpg.connect(database)
    pool = await open_pool(database, application="test")
    for in_doubt in (False, True):
        await a_call(conn, due_in=due_in, in_doubt=in_doubt)
    metrics.EFFECTS_OPEN.labels(SERVICE, "manual").set(-1)
    looking = asyncio.create_task(refresh_gauges(pool, SERVICE, Valves()))

    async def has_looked() -> bool:
        return bool(metrics.EFFECTS_OPEN.labels(SERVICE, "manual")._value.get() == 0)

    try:
        await until(has_looked)
        shown = gauges()
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
        pool.terminate()
        await conn.close()

    assert (shown["pending"], shown["in_doubt"]) == (1, 1)
    assert [shown[one] > 7000 for one in ("oldest", "doubt_oldest")] == [is_old, is_old]
