"""The feed: every update of a portal's own dossiers, in order, none skipped, over restores too."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import pytest

from contracts.portal import PortalFeed
from notifier import feed, feed_store
from notifier.feed import AT_ONCE, Feed
from notifier.feed_store import Update
from tests.integration.core_kit import Dossier, until
from tests.integration.notifier_bench import NotifierBench, a_dossier, a_notifier
from tests.integration.notifier_http import (
    NATIONAL,
    PROVINCIAL,
    a_sandbox_of_portals,
    portals_of,
)
from tests.integration.sandbox_process import Sandbox
from tests.unit.builders import a_submission
from tests.unit.lifecycle_kit import accepted, registered


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox_of_portals(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def bench(database: str, sandbox: Sandbox) -> AsyncIterator[NotifierBench]:
    async with a_notifier(database, sandbox) as one:
        yield one


async def submitted(bench: NotifierBench, reference: str, portal: str = NATIONAL) -> Dossier:
    """Return a dossier that portal handed in."""
    dossier = a_dossier()
    changes = {"portal_reference": reference, "portal": portal}
    await bench.learns(dossier, a_submission().model_copy(update=changes))
    return dossier


def steps(items: list[Any]) -> list[tuple[str, str]]:
    return [(one["data"]["portal_reference"], one["data"]["step"]) for one in items]


def an_update(portal: str = NATIONAL) -> Update:
    return Update(portal, uuid4(), uuid4(), json.dumps(str(uuid4())))


async def test_given_dossiers_of_two_portals_then_each_reads_its_own_in_order_as_callbacks(bench):
    one = await submitted(bench, "R-1")
    await submitted(bench, "P-1", PROVINCIAL)
    await bench.learns(one, accepted())
    await submitted(bench, "R-2")
    await bench.learns(one, registered())
    bench.works()
    await bench.idle()

    async with portals_of(bench, NATIONAL, PROVINCIAL) as (national, provincial):
        items, cursor = await national.reads(least=4)
        answer = await national.get("/v1/feed", after=cursor)
        theirs, _ = await provincial.reads(least=1)

    assert steps(items) == [
        *(("R-1", "submitted"), ("R-1", "accepted"), ("R-2", "submitted")),
        ("R-1", "registered"),
    ]
    assert steps(theirs) == [("P-1", "submitted")]
    assert PortalFeed(items=items, next=cursor)
    assert (answer.body["items"], answer.body["next"]) == ([], cursor)
    assert answer.headers["link"] == f'</v1/feed?after={cursor}&limit=100>; rel="next"'
    told = [one for one in await bench.sandbox.journal() if one["kind"] == "portal.callback"]
    by_event = {one["event_id"]: (one["status"], one["passed"]) for one in told}
    assert {
        one["data"]["event_id"]: (one["data"]["status"], one["data"].get("passed", []))
        for one in (*items, *theirs)
    }.items() <= by_event.items()


async def test_given_small_pages_then_the_cursor_goes_on_and_is_good_after_a_restart(bench):
    for number in range(5):
        await submitted(bench, f"R-{number}")
    seen: list[tuple[str, str]] = []
    cursor = ""

    for least in (2, 2, 1, 0):
        # Each time other objects, as after a restart: nothing is remembered in a process.
        async with portals_of(bench, NATIONAL) as (national,):
            items, cursor = await national.reads(cursor, limit=2, least=least)
            seen += steps(items)

    assert seen == [(f"R-{number}", "submitted") for number in range(5)]


async def test_given_a_transaction_that_commits_late_then_its_update_is_not_skipped(
    bench, database
):
    first, second = await asyncpg.connect(database), await asyncpg.connect(database)
    late, early = an_update(), an_update()
    transaction = first.transaction()
    await transaction.start()
    await feed_store.add(first, [late])
    async with second.transaction():
        await feed_store.add(second, [early])

    async with portals_of(bench, NATIONAL) as (national,):
        before, cursor = await national.reads()
        await transaction.commit()
        after, _ = await national.reads(cursor, least=2)

    assert (before, after) == ([], [json.loads(late.body), json.loads(early.body)])
    await first.close()
    await second.close()


async def test_given_the_later_step_in_the_transaction_that_began_first_then_it_comes_later(
    bench, database
):
    older, newer = await asyncpg.connect(database), await asyncpg.connect(database)
    dossier_id = uuid4()
    accepted_, registered_ = (Update(NATIONAL, dossier_id, uuid4(), f'"{n}"') for n in (1, 2))
    transaction = older.transaction()
    await transaction.start()
    await older.fetchval("SELECT pg_current_xact_id()")
    async with newer.transaction():
        await feed_store.add(newer, [accepted_])
    await feed_store.add(older, [registered_])
    await transaction.commit()

    async with portals_of(bench, NATIONAL) as (national,):
        items, _ = await national.reads(least=2)

    assert items == [json.loads(accepted_.body), json.loads(registered_.body)]
    await older.close()
    await newer.close()


async def test_given_many_writers_and_a_reader_all_along_then_all_is_read_once_and_in_order(
    bench, database
):
    dossiers = [uuid4() for _ in range(6)]

    async def write(number: int) -> None:
        conn = await asyncpg.connect(database)
        for step in range(12):
            async with conn.transaction():
                await conn.fetchval("SELECT pg_current_xact_id()")
                update = Update(NATIONAL, dossiers[number], uuid4(), f'["{number}",{step}]')
                await feed_store.add(conn, [update])
                await asyncio.sleep(0.002 * (number % 3))
        await conn.close()

    writers = [asyncio.create_task(write(number)) for number in range(6)]
    seen: list[Any] = []
    async with portals_of(bench, NATIONAL) as (national,):
        cursor = ""

        async def all_read() -> bool:
            nonlocal cursor
            items, cursor = await national.reads(cursor, limit=7)
            seen.extend(items)
            return len(seen) >= 72

        await until(all_read, 20)
        await asyncio.gather(*writers)
        rest, _ = await national.reads(cursor)

    assert rest == []
    for number in range(6):
        assert [step for n, step in seen if n == str(number)] == list(range(12))


async def test_given_nothing_yet_then_a_portal_that_waits_has_it_as_soon_as_it_is_there(bench):
    async with portals_of(bench, NATIONAL) as (national,):
        _, cursor = await national.reads()
        waiting = asyncio.create_task(national.reads(cursor, wait=15))
        await submitted(bench, "R-1")
        items, _ = await asyncio.wait_for(waiting, 12)

    assert steps(items) == [("R-1", "submitted")]


async def test_given_another_portals_cursor_or_nonsense_then_400(bench):
    async with portals_of(bench, NATIONAL, PROVINCIAL) as (national, provincial):
        _, cursor = await national.reads()
        answers = [
            await provincial.get("/v1/feed", after=cursor),
            *[await national.get("/v1/feed", after=one) for one in ("x", "ß", cursor[:-2])],
        ]

    assert {one.status for one in answers} == {400}
    assert {one.body["type"].rpartition("/")[2] for one in answers} == {"no-such-cursor"}


async def test_given_a_moment_at_the_ends_of_the_calendar_then_422(bench):
    async with portals_of(bench, NATIONAL) as (national,):
        moments = ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00")
        answers = [await national.get("/v1/feed", since=one) for one in moments]

    assert [one.status for one in answers] == [422, 422, 422]


async def test_given_many_questions_at_once_then_few_of_them_hold_a_connection(
    bench, monkeypatch: pytest.MonkeyPatch
):
    at_once, most = 0, 0
    load_next = feed_store.load_next

    async def slowly(*told: Any) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        return await load_next(*told)

    monkeypatch.setattr(feed, "load_next", slowly)
    async with portals_of(bench, NATIONAL) as (national,):
        answers = await asyncio.gather(*(national.get("/v1/feed") for _ in range(20)))

    assert {one.status for one in answers} == {200}
    assert most == AT_ONCE


async def test_given_a_token_without_the_scope_or_none_then_the_feed_is_closed(bench):
    async with portals_of(bench, "moj-direct") as (direct,):
        without = await direct.get("/v1/feed")
        direct.token = ""
        nobody = await direct.get("/v1/feed")

    assert (without.status, nobody.status) == (403, 401)


@pytest.mark.parametrize(
    "restore",
    [
        "UPDATE feed_epoch SET history = 'another cluster/00000001'",
        # A snapshot of a disk: nothing tells it but that transactions are counted from before.
        "DELETE FROM feed",
    ],
)
async def test_given_a_restored_backup_then_a_cursor_from_before_is_gone_and_says_where_to_start(
    bench, restore
):
    await submitted(bench, "R-1")
    async with portals_of(bench, NATIONAL, PROVINCIAL) as (national, provincial):
        _, cursor = await national.reads(least=1)
        _, theirs = await provincial.reads()
        await bench.pool.execute(restore)
        if restore.startswith("DELETE"):
            ahead = feed_store.Position(1, 1 << 40, 1)
            feed = _feed_of(bench)
            epoch = feed._opened(NATIONAL, cursor)
            cursor = feed._sealed(NATIONAL, type(epoch)(epoch.epoch, ahead, epoch.at))
        await submitted(bench, "R-2")
        gone = await national.get("/v1/feed", after=cursor)
        theirs_gone = await provincial.get("/v1/feed", after=theirs)
        since = parse_qs(urlsplit(gone.body["start_from"]).query)["since"][0]
        expected = [("R-1", "submitted"), ("R-2", "submitted")]
        if restore.startswith("DELETE"):
            del expected[0]
        items, following = await national.reads(since=since, least=len(expected))
        again = await national.get("/v1/feed", after=following)

    assert (gone.status, gone.body["reason"], theirs_gone.status) == (410, "restored", 410)
    assert steps(items) == expected
    assert (again.status, again.body["items"]) == (200, [])


async def test_given_updates_of_the_epoch_before_then_they_are_shown_whatever_their_number(bench):
    await submitted(bench, "R-1")
    # As a dump restored into a young cluster: its transactions are far ahead of ours.
    await bench.pool.execute("UPDATE feed SET place = '9999999999'")
    await bench.pool.execute("UPDATE feed_epoch SET history = 'another cluster/00000001'")

    async with portals_of(bench, NATIONAL) as (national,):
        before, cursor = await national.reads(least=1)
        await submitted(bench, "R-2")
        after, _ = await national.reads(cursor, least=1)

    assert (steps(before), steps(after)) == ([("R-1", "submitted")], [("R-2", "submitted")])


async def test_given_updates_no_longer_kept_then_only_a_cursor_before_them_is_gone(bench):
    await submitted(bench, "R-1")
    async with portals_of(bench, NATIONAL) as (national,):
        _, cursor = await national.reads(least=1)
        await submitted(bench, "R-2")
        _, last = await national.reads(cursor, least=1)
        await bench.pool.execute("UPDATE feed SET at = at - interval '91 days'")
        async with bench.pool.acquire() as conn:
            assert await feed_store.forget(conn, 90) == 2
        await submitted(bench, "R-3")
        gone = await national.get("/v1/feed", after=cursor)
        items, _ = await national.reads(last, least=1)
        fresh, _ = await national.reads(least=1)

    assert (gone.status, gone.body["reason"]) == (410, "no_longer_kept")
    assert steps(items) == steps(fresh) == [("R-3", "submitted")]


async def test_given_a_moment_then_the_feed_begins_an_hour_before_it(bench):
    for number, hours in ((1, 5), (2, 2), (3, 0)):
        await submitted(bench, f"R-{number}")
        await bench.pool.execute(
            "UPDATE feed SET at = at - make_interval(hours => $1)"
            " WHERE body LIKE '%R-' || $2::text || '\"%'",
            hours,
            str(number),
        )
    since = (datetime.now(UTC) - timedelta(hours=3)).isoformat()

    async with portals_of(bench, NATIONAL) as (national,):
        items, _ = await national.reads(since=since, least=2)

    assert steps(items) == [("R-2", "submitted"), ("R-3", "submitted")]


async def test_given_a_dossier_from_before_the_feed_then_all_its_steps_come_with_the_next(bench):
    dossier = await submitted(bench, "R-1")
    await bench.learns(dossier, accepted())
    await bench.pool.execute("DELETE FROM feed")
    await bench.pool.execute("UPDATE correspondence SET fed = 0")
    await bench.learns(dossier, registered())

    async with portals_of(bench, NATIONAL) as (national,):
        items, _ = await national.reads(least=3)

    assert [step for _, step in steps(items)] == ["submitted", "accepted", "registered"]


def _feed_of(bench: NotifierBench) -> Any:
    return Feed(bench.pool, bench.running.keys)


async def test_given_updates_deleted_while_a_portal_reads_then_it_is_told_and_passes_over_none(
    bench, monkeypatch: pytest.MonkeyPatch
):
    await submitted(bench, "R-1")
    load_next = feed_store.load_next

    async def deleted_just_before(conn: Any, *place: Any) -> Any:
        assert await feed_store.forget(conn, 90) == 2
        return await load_next(conn, *place)

    async with portals_of(bench, NATIONAL) as (national,):
        _, cursor = await national.reads(least=1)
        await submitted(bench, "R-2")
        await submitted(bench, "R-3")
        await bench.pool.execute("DELETE FROM feed WHERE body LIKE '%R-1%'")
        await bench.pool.execute("UPDATE feed SET at = at - interval '1 year'")
        monkeypatch.setattr(feed, "load_next", deleted_just_before)
        answer = await national.get("/v1/feed", after=cursor)

    assert (answer.status, answer.body["reason"]) == (410, "no_longer_kept")
