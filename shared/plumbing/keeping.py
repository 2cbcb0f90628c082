"""Deletes what nobody needs any more, some at a time, once a day; what is kept is in retention."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from plumbing.database import Pool, passing
from plumbing.logs import describe
from plumbing.waiting import rest

log = structlog.get_logger()

DAY_SECONDS = 24 * 3600.0
SOON_SECONDS = 1.0
ROWS = 5000


@dataclass(frozen=True)
class Purge:
    """What may go from a table: `sql` takes $1 days and $2 how many rows at most.

    `table` is named as in the retention table, which says the days and why.
    """

    table: str
    days: int
    sql: str


#: Of every service. Who discarded a letter, when and why stays; what it said does not, but while
#: others wait for one before them it may be the one that is missing, and can be redriven.
CORE = (
    Purge(
        "dead_letter",
        90,
        "UPDATE dead_letter SET record = '' WHERE ctid = ANY(ARRAY(SELECT ctid FROM dead_letter"
        " WHERE settled_at < clock_timestamp() - make_interval(days => $1) AND record <> ''"
        " AND NOT EXISTS (SELECT FROM inbound_parked p WHERE p.dossier_id = dead_letter.dossier_id)"
        " LIMIT $2))",
    ),
    Purge(
        "effect_attempt",
        180,
        "UPDATE effect_attempt SET words = NULL WHERE ctid = ANY(ARRAY(SELECT ctid"
        " FROM effect_attempt WHERE at < clock_timestamp() - make_interval(days => $1)"
        " AND words IS NOT NULL LIMIT $2))",
    ),
)


async def purge(pool: Pool, one: Purge) -> int:
    """Delete or blank what may go, at most ROWS; return how many rows that was."""
    done = await pool.execute(one.sql, one.days, ROWS)
    return int(done.rpartition(" ")[2])


async def keep_clean(pool: Pool, purges: Sequence[Purge]) -> None:
    """Purge every day, each in steps, until cancelled; replicas may do so at once."""
    while True:
        for one in (*CORE, *purges):
            try:
                while await purge(pool, one) == ROWS:
                    await rest(SOON_SECONDS)
            except Exception as error:
                if not passing(error):
                    raise
                log.warning("keeping_waits_for_database", error=describe(error))
        await rest(DAY_SECONDS * random.uniform(0.9, 1.0))
