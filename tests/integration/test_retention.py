"""The retention table beside the real schema, and what the purges let go."""

from pathlib import Path

import asyncpg
import pytest

import intake
import notifier
import registry_sync
import routing
from contracts.topics import CHANNELS, PARTICULARS
from notifier.app import PURGES as NOTIFIER
from plumbing import retention
from plumbing.keeping import CORE, purge
from plumbing.migrating import migrate
from plumbing.retention import load, tables_of
from plumbing.subjects import holdings
from routing.app import PURGES as ROUTING
from tests.integration.core_kit import Dossier, a_record, open_bench

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {
    "intake": intake,
    "routing": routing,
    "registry-sync": registry_sync,
    "notifier": notifier,
}
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1
"""


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_is_in_the_retention_table_and_its_conditions_are_true_sql(
    service: str, database: str
) -> None:
    file = SERVICES[service].__file__
    assert file is not None
    await migrate(database, Path(file).parent / "migrations")
    connection = await asyncpg.connect(database)
    try:
        there = {row["tablename"] for row in await connection.fetch(_TABLES)}
        kept = tables_of(service)

        assert there == {one.name for one in kept}
        for one in kept:
            await connection.execute(f"SELECT FROM {one.name} WHERE {one.still or 'true'}")
            columns = {row["column_name"] for row in await connection.fetch(_COLUMNS, one.name)}
            has_dossier = "dossier_id" in columns
            assert has_dossier <= (one.of_dossier == "dossier_id"), one.name
            assert {one.since} <= columns | {""}, one.name
            # What is said to be sealed is in a column of bytes.
            assert one.personal != "sealed" or one.still, one.name
    finally:
        await connection.close()


def test_every_topic_is_in_the_retention_table() -> None:
    topics = {one.name: one for one in load() if one.place == retention.TOPIC}

    assert set(topics) == {topic.name for topic in CHANNELS}
    for topic in CHANNELS:
        for_ever = topic.config.get("retention.ms") == "-1"
        assert for_ever == (topics[topic.name].kept == "for ever"), topic.name
    assert topics[PARTICULARS.name].personal == "sealed"


def test_the_page_is_made_of_the_table() -> None:
    page = (ROOT / "docs" / "retention.md").read_text(encoding="utf-8")

    assert page == retention.document()


def test_every_purge_is_said_with_its_days() -> None:
    rows = {one.name: one for one in load()}

    for one in (*CORE, *ROUTING, *NOTIFIER):
        assert f"{one.days} day" in rows[one.table].kept, one.table
        assert "PURGES" in rows[one.table].enforced_by or "CORE" in rows[one.table].enforced_by


async def test_given_letters_settled_long_ago_then_their_content_goes_and_the_open_ones_stay(
    database: str,
) -> None:
    async with open_bench(database) as bench:
        await bench.pool.execute(
            "INSERT INTO dead_letter (topic, part, off, reason, record, settled_at) SELECT 't', 0,"
            " n, 'r', 'sealed', now() - make_interval(days => d) FROM (VALUES (1, 91), (2, 89),"
            " (3, NULL)) one(n, d)"
        )

        letters, attempts = CORE
        assert (await purge(bench.pool, letters), await purge(bench.pool, letters)) == (1, 0)
        assert await purge(bench.pool, attempts) == 0
        kept = await bench.fetch("SELECT off, record <> '' FROM dead_letter ORDER BY off")

        assert kept == [(1, False), (2, True), (3, True)]


async def test_given_a_discarded_letter_that_others_wait_for_then_its_content_stays(
    database: str,
) -> None:
    async with open_bench(database) as bench:
        dossier = Dossier()
        await bench.pool.execute(
            "INSERT INTO dead_letter (topic, part, off, dossier_id, reason, record, settled_at)"
            " VALUES ('t', 0, 1, $1, 'r', 'sealed', now() - interval '91 days')",
            dossier.id,
        )
        await bench.pool.execute(
            "INSERT INTO inbound_parked (dossier_id, source, seq, hash, body, topic, part, off)"
            " VALUES ($1, 'routing', 2, 'h', 'b', 't', 0, 2)",
            dossier.id,
        )
        letters, _ = CORE
        assert await purge(bench.pool, letters) == 0

        await bench.pool.execute("DELETE FROM inbound_parked")

        assert await purge(bench.pool, letters) == 1


async def test_given_an_open_letter_or_difference_then_the_dossier_is_not_over(
    database: str,
) -> None:
    async with open_bench(database) as bench:
        letter, differs, over = (Dossier().id for _ in range(3))
        run = Dossier().id
        await bench.pool.execute(
            "INSERT INTO dead_letter (topic, part, off, dossier_id, reason, record, settled_at)"
            " VALUES ('t', 0, 1, $1, 'r', '', NULL), ('t', 0, 2, $2, 'r', '', now())",
            *(letter, over),
        )
        await bench.pool.execute(
            "INSERT INTO reconciliation (run_id, neighbour, scope, asked_by)"
            " VALUES ($1, 'register', 'all', 'a')",
            run,
        )
        await bench.pool.execute(
            "INSERT INTO difference (run_id, reference, kind, dossier_id, ours, theirs,"
            " repaired_at) VALUES ($1, 'a', 'missing_there', $2, '', '', NULL),"
            " ($1, 'b', 'missing_there', $3, '', '', now())",
            *(run, differs, over),
        )

        async with bench.pool.acquire() as conn:
            assert set(await holdings.busy(conn, [letter, differs, over])) == {letter, differs}


async def test_given_more_than_a_step_then_it_goes_in_steps(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plumbing.keeping.ROWS", 2)
    async with open_bench(database) as bench:
        await bench.pool.execute(
            "INSERT INTO effect_attempt (effect_id, fence, attempt, outcome, words, at) SELECT"
            " gen_random_uuid(), 1, 1, 'no', 'x', now() - interval '200 days'"
            " FROM generate_series(1, 5)"
        )

        _, attempts = CORE
        assert [await purge(bench.pool, attempts) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    ("service", "purges", "rows"),
    [
        (
            "routing",
            ROUTING,
            "INSERT INTO tracking_attempt (key, since, last_at, wrong) VALUES"
            " ('old', now() - interval '25 hours', now(), 1), ('new', now(), now(), 1)",
        ),
        (
            "notifier",
            NOTIFIER,
            "INSERT INTO sms_spent VALUES (gen_random_uuid(), 'a', '01', current_date - 401, 1),"
            " (gen_random_uuid(), 'b', '01', current_date - 399, 1);"
            " INSERT INTO sms_receipt (effect_id, dossier_id, kind, status, taken_at, ask_at)"
            " SELECT gen_random_uuid(), gen_random_uuid(), 'sms', s, now() - d * interval '1 day',"
            " now() FROM (VALUES ('delivered', 401), ('taken', 401), ('failed', 399)) one(s, d)",
        ),
    ],
)
async def test_given_old_rows_then_they_go_and_the_others_stay(
    service: str, purges, rows: str, database: str
) -> None:
    file = SERVICES[service].__file__
    assert file is not None
    await migrate(database, Path(file).parent / "migrations")
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
        await pool.execute(rows)

        assert [await purge(pool, one) for one in purges] == [1] * len(purges)
        assert [await purge(pool, one) for one in purges] == [0] * len(purges)


async def test_given_an_erasure_then_a_letter_of_its_personal_data_is_blank(database: str) -> None:
    async with open_bench(database) as bench:
        dossier, other = Dossier(), Dossier()
        await bench.pool.execute(
            "INSERT INTO dead_letter (topic, part, off, dossier_id, reason, record)"
            " SELECT $1, 0, n,"
            " d, 'does_not_open', 'sealed' FROM unnest($2::int[], $3::uuid[]) one(n, d)",
            PARTICULARS.name,
            [100, 101],
            [dossier.id, other.id],
        )
        tombstone = a_record(PARTICULARS.name, None, str(dossier.id).encode())
        await bench.settle([tombstone])
        kept = await bench.fetch("SELECT off, record <> '' FROM dead_letter ORDER BY off")

        assert kept == [(100, False), (101, True)]
