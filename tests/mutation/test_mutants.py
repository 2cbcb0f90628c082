"""No mutant of the sequence, offset and lease conditions survives the tests."""

import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from plumbing.migrating import migrate
from tests.mutation.lease_checks import LEASES
from tests.mutation.mutating import mutants_of, sql_wrongs
from tests.mutation.statements import first_to_fail
from tests.mutation.targets import EQUIVALENT_SQL, SQL_TARGETS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(1200)
def test_given_any_mutant_of_the_conditions_when_the_tests_run_then_one_sees_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation"], cwd=ROOT, capture_output=True, text=True
    )

    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


async def test_given_any_mutant_of_the_sql_when_asked_of_a_real_database_then_it_is_seen(
    database: str,
) -> None:
    await migrate(database)
    # A wrong in a recursive statement may make it endless.
    conn = await asyncpg.connect(database, server_settings={"statement_timeout": "500"})
    survivors, count = [], 0
    try:
        assert await first_to_fail(conn, LEASES) is None
        for mutant in (one for target in SQL_TARGETS for one in mutants_of(target, sql=True)):
            count += 1
            with mutant.alive():
                if await first_to_fail(conn, LEASES) is None:
                    survivors.append(mutant.name)
        for name, text in LEASES.items():
            for what, changed in sql_wrongs(text):
                count += 1
                if await first_to_fail(conn, {**LEASES, name: changed}) is None:
                    survivors.append(f"{name} {what}")
        assert await first_to_fail(conn, LEASES) is None
    finally:
        await conn.close()

    left = [one for one in survivors if not _is_equivalent(one)]
    print(f"{count} SQL mutants, {len(survivors) - len(left)} equivalent, {len(left)} survive")
    assert left == []


def _is_equivalent(name: str) -> bool:
    return any(place in name and name.endswith(change) for place, change in EQUIVALENT_SQL)
