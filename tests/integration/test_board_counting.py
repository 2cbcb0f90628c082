"""The counters of the board: each fact once, whatever comes twice, breaks off or runs at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, get_args

import pytest

from contracts.board import By
from plumbing.offsets import NotOwner
from routing import board_counting, board_store
from routing.board_reading import Question, board_of, periods
from routing.board_store import Figures, add_facts, load_counters, roll_up
from routing.domain.board import Fact
from routing.domain.trail import TrailEntry
from tests.integration.board_kit import Board
from tests.integration.core_kit import until
from tests.integration.routing_kit import OneStop, a_case, a_one_stop

ONCE = {"submitted": 3, "accepted": 3, "reception": 3}


@pytest.fixture
async def board(database: str) -> AsyncIterator[Board]:
    async with a_one_stop(database) as one:
        one.by_officer = False
        yield Board(one)


async def facts(one_stop: OneStop) -> int:
    return int(await one_stop.pool.fetchval("SELECT coalesce(sum(count), 0) FROM board_fact"))


async def test_given_a_batch_when_settled_then_its_facts_are_there_and_counted_once(board: Board):
    await board.settle(*(board.submitted()[1] for _ in range(3)))
    assert await facts(board.one_stop) == 9

    await board.counting.roll_up()
    await board.counting.roll_up()

    assert await facts(board.one_stop) == 0
    assert await board.sums() == ONCE
    (key,) = [key for key in await board.counters() if key[3] == "submitted"]
    assert key == ("79", date(2026, 11, 24), "national-portal", "submitted", "")


async def test_given_a_batch_that_comes_again_then_nothing_is_counted_again(board: Board):
    records = [board.submitted()[1] for _ in range(3)]
    await board.settle(*records)
    await board.counting.roll_up()

    with pytest.raises(NotOwner):
        await board.settle(*records)
    # The same events at new places, as a producer that was cut off repeats them.
    for n, record in enumerate(records, start=3):
        record.offset = n
    await board.settle(*records)
    await board.counting.roll_up()

    assert await board.sums() == ONCE


async def test_given_a_crash_before_the_commit_then_neither_case_nor_fact_is_there(
    board: Board, monkeypatch: pytest.MonkeyPatch
):
    records = [board.submitted()[1] for _ in range(3)]

    async def crash(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr("plumbing.applying.add", crash)
        with pytest.raises(ConnectionError):
            await board.settle(*records)
    assert await facts(board.one_stop) == 0

    await board.settle(*records)
    await board.counting.roll_up()
    assert await board.sums() == ONCE


async def test_given_a_crash_between_taking_facts_and_counting_them_then_none_is_lost(
    board: Board, monkeypatch: pytest.MonkeyPatch
):
    await board.settle(*(board.submitted()[1] for _ in range(3)))

    with monkeypatch.context() as patch:
        patch.setattr(board_store, "_columns", lambda sums: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            await board.counting.roll_up()
    assert (await facts(board.one_stop), await board.counters()) == (9, {})

    await board.counting.roll_up()
    assert await board.sums() == ONCE


async def test_given_two_who_count_at_once_then_each_fact_counts_once(
    board: Board, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(board_store, "BATCH", 7)
    monkeypatch.setattr(board_counting, "BATCH", 7)
    one_stop, day = board.one_stop, date(2026, 11, 24)
    async with one_stop.pool.acquire() as conn:
        for n in range(60):
            unit = ("26737", "26740")[n % 2]
            await add_facts(conn, [Fact(unit, day, day, "national-portal", "submitted")] * 2)

    moved = await asyncio.gather(*(board.counting.roll_up() for _ in range(4)))

    assert sum(moved) == 60
    assert sum(map(bool, moved)) > 1
    assert await board.sums() == {"submitted": 120}


async def test_given_one_who_holds_facts_then_another_counts_the_others_and_does_not_wait(
    board: Board,
):
    one_stop, day = board.one_stop, date(2026, 11, 24)
    async with one_stop.pool.acquire() as conn:
        for unit in ("26737", "26740"):
            await add_facts(conn, [Fact(unit, day, day, "moj-direct", "submitted")])
    async with one_stop.pool.acquire() as slow, slow.transaction():
        await slow.execute("SELECT FROM board_fact ORDER BY id LIMIT 1 FOR UPDATE")
        async with one_stop.pool.acquire() as conn:
            assert await roll_up(conn, lambda unit, on: "79") == 1

    await board.counting.roll_up()
    assert await board.sums() == {"submitted": 2}


async def a_busy_time(board: Board) -> None:
    """Let dossiers come, be registered on time and late, twice and in doubt, and be counted."""
    one_stop = board.one_stop
    made = [board.submitted(**change) for change in ({}, {}, {"channel": "moj-direct"})]
    short = board.submitted(attachments=())
    await board.settle(*(record for _, record in (*made, short)))
    await board.counting.roll_up()
    one_stop.now += timedelta(hours=2)
    first = board.registered(made[0][0])
    await board.settle(first)
    one_stop.now += timedelta(days=9)
    await board.settle(board.registered(made[1][0]), board.registered(made[2][0]))
    await board.settle(*(board.submitted()[1] for _ in range(2)))


async def test_given_a_busy_time_then_the_counters_are_what_a_recount_of_the_cases_gives(
    board: Board,
):
    await a_busy_time(board)
    await board.counting.roll_up()
    counted = await board.counters()

    assert await board.recounted() == counted
    assert await board.sums() == {
        "submitted": 6,
        "accepted": 5,
        "reception": 6,
        "returned": 1,
        "return_reason": 1,
        "registered": 3,
        "appointment": 3,
    }
    judged = [f for (*_, what, _), f in counted.items() if what == "appointment"]
    assert sum(judged, Figures()).late == 2


async def test_given_cases_decided_by_an_earlier_release_then_their_facts_are_found_and_counted(
    board: Board,
):
    await a_busy_time(board)
    await board.counting.roll_up()
    counted = await board.counters()
    pool = board.one_stop.pool
    # As after the migration: columns with their first values, and no facts.
    await pool.execute("UPDATE dossier_case SET counted = 0, road = ''")
    await pool.execute("DELETE FROM board_day")

    assert await board.counting.catch_up() == 6
    assert await board.counting.catch_up() == 0
    await board.counting.roll_up()

    assert await board.counters() == counted
    roads = await pool.fetch("SELECT road, count(*) FROM dossier_case GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in roads] == [("moj-direct", 1), ("national-portal", 5)]


async def test_given_an_entry_an_earlier_release_left_then_the_next_decision_counts_it_too(
    board: Board,
):
    dossier_id, record = board.submitted()
    await board.settle(record)
    await board.counting.roll_up()
    await board.one_stop.pool.execute("UPDATE dossier_case SET counted = 1")
    await board.one_stop.pool.execute("DELETE FROM board_day WHERE what <> 'submitted'")

    await board.settle(board.registered(dossier_id))
    await board.counting.roll_up()

    expected = {"submitted": 1, "accepted": 1, "reception": 1, "registered": 1, "appointment": 1}
    assert await board.sums() == expected


async def test_given_all_is_counted_anew_then_no_case_is_written_while_decisions_wait(
    board: Board,
):
    await a_busy_time(board)
    await board.counting.roll_up()
    counted, rows = await board.counters(), "SELECT dossier_id, xmin::text FROM dossier_case"
    before = await board.one_stop.pool.fetch(rows)

    await board.counting.recount()

    assert await board.one_stop.pool.fetch(rows) == before
    assert await board.counters() == {}
    assert await board.counting.catch_up() == len(before)
    await board.counting.roll_up()
    assert await board.counters() == counted


async def test_given_a_decision_under_way_when_all_is_counted_anew_then_it_waits_and_none_is_lost(
    board: Board,
):
    """A recount that came between a decision's look and its commit would count a part of it."""
    one_stop = board.one_stop
    dossier_id, record = board.submitted()
    await board.settle(record)
    counting = board.counting
    async with one_stop.pool.acquire() as conn, conn.transaction():
        await conn.execute(
            "INSERT INTO stream (dossier_id, subject, head_hash)"
            " SELECT dossier_id, subject, head_hash FROM stream"
            " ON CONFLICT DO NOTHING"
        )
        loaded = (await one_stop.part.store.load(conn, [dossier_id]))[dossier_id]
        forgetting = asyncio.create_task(counting.recount())
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not await one_stop.pool.fetchval(waits):
            assert not forgetting.done()
            await asyncio.sleep(0.01)
        await one_stop.part.store.save(conn, [loaded])
    await forgetting
    await counting.catch_up()
    await counting.roll_up()

    assert await board.sums() == {"submitted": 1, "accepted": 1, "reception": 1}


async def test_given_a_case_before_its_submission_then_nothing_is_counted_and_nothing_lost(
    board: Board,
):
    heard = TrailEntry(board.one_stop.now, "registry-sync", "registered")
    early = a_case(1, submitted_at=None, status="unseen", unit_code="", trail=(heard,))
    await board.one_stop.put(early)

    assert await board.counting.catch_up() == 0
    await board.counting.roll_up()

    assert await board.counters() == {}


async def test_given_a_case_that_cannot_be_counted_then_the_others_are_and_facts_do_not_heap_up(
    board: Board,
):
    made = [board.submitted() for _ in range(3)]
    await board.settle(*(record for _, record in made))
    await board.counting.roll_up()
    pool = board.one_stop.pool
    await pool.execute("UPDATE dossier_case SET counted = 0; DELETE FROM board_day")
    await pool.execute(
        "UPDATE dossier_case SET rest = jsonb_set(rest, '{trail,0,at}', '\"no moment\"')"
        " WHERE dossier_id = $1",
        min(dossier_id for dossier_id, _ in made),
    )

    assert await board.counting.catch_up() == 2
    assert await board.counting.catch_up() == 0
    await board.settle(board.submitted()[1])
    running = asyncio.create_task(board.counting.run())
    try:
        await until(lambda: is_counted(board, ONCE), 10)
    finally:
        running.cancel()
        await asyncio.wait({running}, timeout=10)
    assert running.cancelled()


async def test_given_a_look_that_fails_then_facts_are_moved_all_the_same(
    board: Board, monkeypatch: pytest.MonkeyPatch
):
    async def fails(*_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(board_counting, "load_uncounted", fails)
    await board.settle(*(board.submitted()[1] for _ in range(3)))
    running = asyncio.create_task(board.counting.run())
    try:
        await until(lambda: is_counted(board, ONCE), 10)
    finally:
        running.cancel()
        await asyncio.wait({running}, timeout=10)
    assert running.cancelled()


async def is_counted(board: Board, sums: dict[str, int]) -> bool:
    return await board.sums() == sums


@pytest.mark.parametrize("by", get_args(By))
async def test_given_many_days_then_few_rows_are_loaded_and_the_board_is_that_of_single_days(
    board: Board, by: By
):
    first, last = date(2026, 8, 13), date(2026, 11, 24)
    everywhere = ("79", "82")
    await board.one_stop.pool.execute(
        "INSERT INTO board_day"
        " SELECT province, day::date, road, what, '', 1 + extract(day FROM day), 1, 40"
        " FROM generate_series($1::date - 5, $2::date + 5, '1 day') AS day,"
        "  unnest($3::text[]) AS province, unnest('{moj-direct,national-portal}'::text[]) AS road,"
        "  unnest('{submitted,accepted,reception}'::text[]) AS what",
        first,
        last,
        everywhere,
    )

    async with board.one_stop.pool.acquire() as conn:
        by_period = await load_counters(conn, everywhere, first, last, by)
        single = await conn.fetch(
            "SELECT * FROM board_day WHERE day BETWEEN $1 AND $2", first, last
        )

    spans = periods(first, last, by)
    by_day = {tuple(row)[:5]: Figures(*tuple(row)[5:]) for row in single}
    asked = Question(board.one_stop.now, first, last, by, None)
    assert len(by_period) == 2 * 2 * (len(spans) + 2)
    assert {key[1] for key in by_period} == {begin for begin, _ in spans}
    known = board.one_stop.known
    assert board_of(known, asked, by_period, ()) == board_of(known, asked, by_day, ())
