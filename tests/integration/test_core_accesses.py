"""The log of accesses on a real database: nothing is passed over, and what is altered is named."""

import asyncio

import asyncpg
import pytest

from contracts.envelope import sha256
from contracts.topics import ACCESS
from plumbing.accesses import blocks as sealing
from plumbing.accesses import reading
from plumbing.accesses.opening import write
from plumbing.accesses.rows import ACTS, By
from plumbing.accesses.unsealed import Unsealed
from tests.integration.accesses_kit import BY, access_bench


async def test_given_rows_when_sealed_then_the_check_is_sound_and_the_block_is_published(
    database: str,
) -> None:
    async with access_bench(database) as bench:
        await bench.looks(3)
        await bench.looks(1, By("người xem", "answered_subject", "yêu cầu của công dân"))
        async with bench.pool.acquire() as conn:
            await write(conn, By("service:routing", "opened_letter"), [None])

        assert await bench.seals() == 5
        (block,) = await bench.blocks()
        sent = await bench.pool.fetchrow("SELECT topic, key, body FROM outbox")

        assert (block.first, block.last, block.count, block.prevhash) == (1, 5, 5, "0" * 64)
        assert sent is not None
        assert (sent["topic"], sent["key"]) == (ACCESS["routing"].name, b"routing")
        assert await bench.findings({1: [sent["body"]]}) == []


async def test_given_several_blocks_then_each_names_the_one_before(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_ROWS", 2)
    async with access_bench(database) as bench:
        await bench.looks(5)

        assert [await bench.seals() for _ in range(4)] == [2, 2, 1, 0]
        first, second, third = await bench.blocks()
        bodies = await bench.pool.fetch("SELECT body FROM access_block ORDER BY block")

        assert [(b.first, b.last) for b in (first, second, third)] == [(1, 2), (3, 4), (5, 5)]
        assert second.prevhash == sha256(bodies[0]["body"])
        assert await bench.findings() == []


async def test_given_a_row_that_commits_late_then_nothing_later_is_sealed_before_it(
    database: str,
) -> None:
    async with access_bench(database) as bench:
        async with bench.pool.acquire() as late:
            transaction = late.transaction()
            await transaction.start()
            await write(late, BY, await bench.looks(0) or [None])
            await bench.looks(2)
            assert [await bench.sealing.turn() for _ in range(3)] == [0, 0, 0]
            await transaction.commit()

        assert await bench.seals() + await bench.seals() == 3
        assert await bench.findings() == []


async def test_given_a_transaction_that_is_undone_then_its_numbers_are_missed_by_nobody(
    database: str,
) -> None:
    async with access_bench(database) as bench:
        await bench.looks(1)
        async with bench.pool.acquire() as conn:
            undone = conn.transaction()
            await undone.start()
            await write(conn, BY, [None])
            await undone.rollback()
        await bench.looks(1)

        assert await bench.seals() == 2
        (block,) = await bench.blocks()

        assert (block.first, block.last, block.count) == (1, 3, 2)
        assert await bench.findings() == []


async def test_given_writers_and_replicas_at_once_then_every_row_is_in_one_block(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_ROWS", 20)
    async with access_bench(database) as bench:
        other = sealing.Sealing("routing", bench.pool, bench.sealing._clock)
        writing = asyncio.gather(*(_write_now_and_then(bench.pool, n) for n in range(4)))
        while not writing.done():
            await asyncio.gather(bench.seals(), other.turn())
        await writing
        while await bench.seals():
            pass

        blocks = await bench.blocks()
        assert sum(block.count for block in blocks) == await bench.pool.fetchval(
            "SELECT count(*) FROM access"
        )
        assert [block.block for block in blocks] == list(range(1, len(blocks) + 1))
        assert await bench.findings() == []


async def _write_now_and_then(pool: "asyncpg.Pool[object]", number: int) -> None:
    for turn in range(25):
        async with pool.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            await write(conn, BY, [None] * (1 + (turn + number) % 3))
            await conn.execute("SELECT pg_sleep($1)", (turn * 7 + number * 3) % 5 / 1000)
            if turn % 5 == number:
                await transaction.rollback()
            else:
                await transaction.commit()


@pytest.mark.parametrize(
    "sql", ["UPDATE access SET actor = 'x'", "DELETE FROM access", "TRUNCATE access"]
)
async def test_a_service_cannot_change_or_remove_a_row(database: str, sql: str) -> None:
    async with access_bench(database) as bench:
        await bench.looks(1)

        with pytest.raises(asyncpg.RaiseError):
            await bench.pool.execute(sql)


async def test_the_tables_list_of_acts_is_the_codes(database: str) -> None:
    async with access_bench(database) as bench:
        check = await bench.pool.fetchval(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'access_act_check'"
        )

        assert {act for act in check.split("'") if act.isidentifier()} >= set(ACTS)
        for act in ACTS:
            await bench.pool.execute("INSERT INTO access (actor, act) VALUES ('x', $1)", act)
        with pytest.raises(asyncpg.CheckViolationError):
            await bench.pool.execute("INSERT INTO access (actor, act) VALUES ('x', 'opened')")


FORGERIES = {
    "actor changed": (
        "UPDATE access SET actor = 'officer-2' WHERE id = 4",
        [("row_changed", 2, ())],
    ),
    "moment changed": (
        "UPDATE access SET at = at - interval '1 microsecond' WHERE id = 5",
        [("row_changed", 2, ())],
    ),
    "removed": ("DELETE FROM access WHERE id = 5", [("row_removed", 2, (5,))]),
    "removed at the end of a block": (
        "DELETE FROM access WHERE id = 6",
        [("row_removed", 2, (6,))],
    ),
    "moved to another number": (
        "UPDATE access a SET at = b.at, dossier_id = b.dossier_id FROM access b"
        " WHERE (a.id, b.id) IN ((4, 5), (5, 4))",
        [("rows_reordered", 2, (4, 5))],
    ),
    "added before the first": (
        "INSERT INTO access (id, actor) OVERRIDING SYSTEM VALUE VALUES (0, 'x')",
        [("row_inserted", None, (0,))],
    ),
    "a block removed": ("DELETE FROM access_block WHERE block = 2", "block_missing"),
    "the first block removed": ("DELETE FROM access_block WHERE block = 1", "block_missing"),
    "a block's digest changed": (
        "UPDATE access_block SET sha256 = repeat('a', 64) WHERE block = 2",
        "block_changed",
    ),
    "a block's bytes changed": (
        "UPDATE access_block SET body = body || ' '::bytea WHERE block = 2",
        [("chain_broken", 3, ())],
    ),
    "a block that is none": (
        "UPDATE access_block SET body = '{}' WHERE block = 3",
        [("block_foreign", 3, ())],
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_given_a_forgery_then_it_is_named(
    name: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_ROWS", 3)
    sql, expected = FORGERIES[name]
    async with access_bench(database) as bench:
        for _ in range(9):
            await bench.looks(1)
        while await bench.seals():
            pass
        await bench.forges(sql)
        found = await bench.found()

        if isinstance(expected, str):
            assert expected in [kind for kind, *_ in found]
        else:
            assert found == expected


async def test_given_a_row_added_within_a_block_then_that_row_is_named(database: str) -> None:
    async with access_bench(database) as bench:
        await bench.looks(1)
        async with bench.pool.acquire() as conn, conn.transaction():
            await conn.fetchval("SELECT nextval(pg_get_serial_sequence('access', 'id'))")
        await bench.looks(2)
        await bench.seals()

        await bench.forges(
            "INSERT INTO access (id, actor) OVERRIDING SYSTEM VALUE VALUES (2, 'officer-1')"
        )

        assert await bench.found() == [("row_inserted", 1, (2,))]


async def test_given_a_chain_made_anew_then_only_the_archive_tells(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_ROWS", 2)
    async with access_bench(database) as bench:
        await bench.looks(4)
        while await bench.seals():
            pass
        rows = await bench.pool.fetch("SELECT block, body FROM access_block")
        archived = {row["block"]: [row["body"], row["body"]] for row in rows}
        assert await bench.findings(archived) == []

        await bench.forges("UPDATE access SET actor = 'officer-2' WHERE id = 1")
        await bench.forges("DELETE FROM access_block")
        await bench.forges("DELETE FROM outbox")
        while await bench.seals():
            pass

        assert await bench.findings() == []
        assert await bench.found(archived) == [
            ("chain_rewritten", 1, ()),
            ("chain_rewritten", 2, ()),
        ]
        archived[3] = [b"{}"]
        archived[1] = [rows[0]["body"], b"{}"]
        assert set(await bench.findings(archived)) == {
            "conflict",
            "chain_rewritten",
            "block_missing",
        }


async def test_however_often_somebody_asks_the_looks_of_others_are_still_told(
    database: str,
) -> None:
    async with access_bench(database) as bench:
        (dossier,) = await bench.looks()
        async with bench.pool.acquire() as conn:
            await write(conn, By("citizen", "tracked", "tracking"), [dossier] * 9)

            found, count = await reading.of_dossier(conn, dossier, most=3)

    assert [one.actor for one in found] == ["officer-1", *["citizen"] * 3]
    assert count == 10


async def test_given_rows_behind_an_open_transaction_then_it_is_shown_how_long_they_wait(
    database: str,
) -> None:
    # When it is looked: before any row, twice meanwhile, and after all.
    clock = iter((0.0, 100.0, 400.0, 500.0))
    unsealed = Unsealed(lambda: next(clock))
    async with access_bench(database) as bench, bench.pool.acquire() as late:
        assert await unsealed.seconds(late) == 0
        transaction = late.transaction()
        await transaction.start()
        await write(late, BY, [None])
        await bench.looks(1)
        waited = []
        for _ in range(2):
            assert await bench.sealing.turn() == 0
            async with bench.pool.acquire() as conn:
                waited.append(await unsealed.seconds(conn))
        await transaction.commit()
        while await bench.seals():
            pass

        assert (waited, await unsealed.seconds(late)) == ([0, 300], 0)
