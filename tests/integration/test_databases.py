"""A database that a test has used is lent again as new, or not at all."""

from typing import Any

import asyncpg
import pytest

from local_stack.stack import Stack
from tests.databases import BY_MODULE, Databases

NOTIFIER = BY_MODULE["test_notifier_"]
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
USED = """
INSERT INTO access (at, actor, unit_code, dossier_id, act, purpose)
  VALUES (now(), 'officer', '26737', gen_random_uuid(), 'looked', 'work');
INSERT INTO lane_pause VALUES ('a', '', 'me', 'why');
DELETE FROM feed_epoch;
CREATE TABLE toy_case (id int);
"""


@pytest.fixture
def databases(servers: Stack) -> Databases:
    return Databases(servers.status().database_server)


async def rows_of(conn: Any) -> dict[str, list[Any]]:
    names = [row["tablename"] for row in await conn.fetch(TABLES)]
    return {name: await conn.fetch(f"SELECT * FROM {name}") for name in names}


async def test_given_a_database_that_was_used_when_lent_again_then_it_is_as_new(
    databases: Databases,
):
    assert NOTIFIER
    lent = await databases.lend(NOTIFIER)
    forgotten = await asyncpg.connect(lent.url)
    new = await rows_of(forgotten)
    await forgotten.execute(USED)
    used = await rows_of(forgotten)

    await databases.take_back(lent, NOTIFIER)
    again = await databases.lend(NOTIFIER)

    assert again is lent
    assert forgotten.is_closed()
    conn = await asyncpg.connect(again.url)
    assert await rows_of(conn) == new != used
    assert await conn.fetchval("SELECT count(last_value) FROM pg_sequences") == 0
    with pytest.raises(asyncpg.RaiseError):
        await conn.execute("TRUNCATE access")
    await conn.close()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE lane_pause ADD extra int",
        "DROP TABLE lane_pause",
        "ALTER TABLE outbox ALTER topic DROP NOT NULL",
        "ALTER TABLE access DISABLE TRIGGER access_only_grows",
        "CREATE INDEX added ON outbox (topic)",
        "CREATE SCHEMA scratch",
        "GRANT SELECT ON outbox TO PUBLIC",
        "INSERT INTO schema_migration VALUES ('x', 'y')",
    ],
)
async def test_given_a_database_that_was_changed_then_it_is_not_lent_again(
    databases: Databases, change: str
):
    lent = await databases.lend(())
    conn = await asyncpg.connect(lent.url)
    await conn.execute(change)

    await databases.take_back(lent, ())
    conn.terminate()

    other = await databases.lend(())
    assert other is not lent
